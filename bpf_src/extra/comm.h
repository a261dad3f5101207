/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -n: opens by commands whose name contains a text.
 *
 * The name is taken as two numbers of 8 bytes, first byte highest, and each
 * letter of the text is compared with all bytes at once. Most names don't even
 * contain the first two letters.
 */

#if IO_URING
#include "extra/io_worker.h"
#else
#define use_process_name(comm)
#endif

/* The same value in all bytes of a number. */
#define IN_EACH_BYTE(value) ((value)*0x0101010101010101ULL)

/* The state of a search. Only the top bit of each byte in in_... counts. */
struct comm_search {
	u64 first, second;	 /* the name */
	u64 in_first, in_second; /* where the next letter may be */
};

/* The top bit of each byte that is this letter. */
static u64 bytes_that_are(u64 letter, u64 bytes)
{
	const u64 low_bits = IN_EACH_BYTE(0x7fULL);
	u64 other = bytes ^ IN_EACH_BYTE(letter);

	/* The sum has the top bit of a byte where a lower one is set. */
	return ~(((other & low_bits) + low_bits) | other | low_bits);
}

/* False if the name can't contain the text. */
static bool letter_found(struct comm_search *search, u64 letter)
{
	u64 first = bytes_that_are(letter, search->first) & search->in_first;
	u64 second = bytes_that_are(letter, search->second) & search->in_second;

	/* The next letter must be one byte further. */
	search->in_second = second >> 8 | first << 56;
	search->in_first = first >> 8;
	return first | second;
}

/*
 * SELECT_COMM(FOUND) tests one letter after the other; for "cat" it is
 * (FOUND(99) && FOUND(97) && FOUND(116)).
 */
static bool comm_holds_text(u64 first, u64 second)
{
	struct comm_search search = {first, second, ~0ULL, ~0ULL};

#define FOUND(letter) letter_found(&search, letter)
	return SELECT_COMM(FOUND);
#undef FOUND
}

static bool comm_selected(void)
{
	union {
		char bytes[TASK_COMM_LEN];
		u64 halves[2];
	} comm;

	__builtin_memset(comm.bytes, 0, sizeof(comm.bytes));
	bpf_get_current_comm(comm.bytes, sizeof(comm.bytes));
	use_process_name(comm.bytes);
	return comm_holds_text(bpf_ntohll(comm.halves[0]),
			       bpf_ntohll(comm.halves[1]));
}
