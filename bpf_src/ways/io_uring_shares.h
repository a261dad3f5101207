/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map "requests", and who has how much of it.
 *
 * Each process has a share, maybe together with other processes: a circle of
 * slots, where a new request takes the next one that is free. If many in a row
 * are not, it takes that of an older request, whose record is deleted and
 * counted as missed. So requests that never end make room for others, and no
 * process takes the room of all.
 */

/* By the address of the kernel's struct io_kiocb. */
BPF_F_TABLE("hash", u64, struct event, requests, REQUEST_ENTRIES,
	    REQUEST_FLAGS);

#define SHARES 8
#define SLOTS  (REQUEST_ENTRIES / SHARES)
#define CHAINS 256

/* How many slots of a circle or a chain are looked at: all take too long. */
#define MOST_SLOTS 16

struct slot {
	u64 request; /* the key in the map "requests" */
	u64 ts;	     /* of its record: the key may have another one by now */
	u64 user_data;
	u32 older; /* the next slot in the chain */
};
BPF_ARRAY(slots, struct slot, REQUEST_ENTRIES);

/* A chain has the requests whose user_data has the same hash. */
struct share {
	u32 next; /* the slot to look at next, before the remainder by SLOTS */
	u32 newest[CHAINS];
};
BPF_ARRAY(shares, struct share, SHARES);

static u32 share_of_caller(void)
{
	return (bpf_get_current_pid_tgid() >> 32) % SHARES;
}

/* Where a chain begins. The hash is hash_64() of linux/hash.h. */
static u32 *newest_with(struct share *share, u64 user_data)
{
	return &share->newest[user_data * 0x61C8864680B583EBull >> 56];
}

static bool is_under_way(struct slot *slot)
{
	struct event *event = requests.lookup(&slot->request);

	return event && event->ts == slot->ts;
}

/* Deletes the record of a request, if there is one, whose end nobody saw. */
static void forget_request(u64 key)
{
	if (requests.delete(&key) == 0)
		count(MISSED);
}

/* Keeps the record until the request ends, or a newer one needs its slot. */
static void keep_request(u64 key, struct event *event, u64 user_data)
{
	u32 first = share_of_caller(), number, *newest;
	struct share *share = shares.lookup(&first);
	struct slot *slot = NULL;
	bool is_free = false;

	if (!share)
		return;
	for (int step = 0; step < MOST_SLOTS && !is_free; step++) {
		number = first * SLOTS + share->next++ % SLOTS;
		slot = slots.lookup(&number);
		if (!slot)
			return;
		is_free = !is_under_way(slot);
	}
	if (!slot)
		return;
	if (!is_free)
		forget_request(slot->request);
	newest = newest_with(share, user_data);
	*slot = (struct slot){key, event->ts, user_data, *newest};
	*newest = number;
	if (requests.update(&key, event) < 0)
		count(MISSED);
	else if (slot->request != key || slot->ts != event->ts)
		forget_request(key); /* another CPU has taken the slot, too */
}
