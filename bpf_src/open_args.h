/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of an open, and the index of the program that sees it end.
 */

/* The arguments of an open. The caller is a program, or the kernel itself. */
struct open_args {
	enum open_call call;
	int dirfd; /* the directory of a relative path, as in openat(2) */
	const char *user_path;		 /* the path, in its memory */
	const char *kernel_path;	 /* the kernel's copy of it, or NULL */
	const struct open_how *user_how; /* flags and mode of openat2 */
	u64 flags;
	u32 mode;
	u32 resolve;	/* of openat2: RESOLVE_IN_ROOT, ... */
	bool is_32_bit; /* the syscall was made in the 32-bit way */
};

#define LARGEST_ERRNO 4095 /* MAX_ERRNO of linux/err.h */

/* How many of enum open_call are syscalls. */
#define CALLS (CALL_OPEN_BY_HANDLE_AT + 1)

static bool is_syscall(enum open_call call)
{
	return call < CALLS;
}

/*
 * Each program that fills records has an index, by which it finds its own
 * elements of arrays: see the map "scratch". This is the index of the program
 * that sees this syscall end, made in the 64-bit or in the 32-bit way.
 */
#define PROGRAM_INDEX(call, bits) ((call) + ((bits) == 32 ? CALLS : 0))

#define SYSCALL_PROGRAMS (2 * CALLS)

/* The indexes of the programs in ways/. */
enum {
	REQUEST_INDEX = SYSCALL_PROGRAMS,
	FAILED_REQUEST_INDEX,
	EXEC_INDEX,
	KERNEL_INDEX,
	KERNEL_BELOW_INDEX,
	PROGRAMS
};
