/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper: a child process for work that may take forever or crash, which must
 * not happen to the trace.
 *
 * It gets one request at a time, and has two seconds for each. The total time
 * that the trace waits for it is limited too, so that a program that is traced
 * can't stop the trace by the work that it causes.
 */
#ifndef OPENSNOOP_HELPER_H
#define OPENSNOOP_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/own_processes.h"

/* The most bytes of one request, and of one answer. */
#define HELPER_PACKET_MAX 65536

/* Children that are killed but still there, blocked by some file system. */
#define HELPERS_STUCK_MAX 4

struct helper {
	/* In the child: answers one request, by helper_reply(). */
	void (*serve)(const void *request, size_t size);
	struct own_processes *own; /* gets the child */
	pid_t child;		   /* 0: there is none now */
	int fd;			   /* a socket to the child */
	unsigned int children;	   /* started so far */
	pid_t stuck[HELPERS_STUCK_MAX];
	uint64_t free_from; /* ns: in the future, the trace may not wait */
	uint64_t end;	    /* ns: from then on, it never waits again */
};

/* The child is added to `own`. */
void helper_init(struct helper *helper,
		 void (*serve)(const void *request, size_t size),
		 struct own_processes *own);

/* Kill the child. */
void helper_free(struct helper *helper);

/* May the trace wait for an answer now? */
bool helper_has_time(const struct helper *helper);

/*
 * Send a request and wait for the answer. Returns its size; 0: the trace may
 * not wait any longer, or no child can be started; negative: it takes too long,
 * or the child has crashed: then the child is killed, and the next request gets
 * another one.
 */
ssize_t helper_ask(struct helper *helper, const void *request, size_t size,
		   void *answer, size_t room);

/* In the child: send the answer. */
void helper_reply(const void *answer, size_t size);

/* In the child, before the answer: the next request gets another child. */
void helper_refuse_more(void);

/* The trace is ending: wait for one more second at most. */
void helper_hurry(struct helper *helper);

#endif
