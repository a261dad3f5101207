/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child that does what may take for ever, or fall over: the trace can't.
 *
 * It is asked one thing after another, and has two seconds for each. How long
 * it is waited for in sum is limited as well, so that no program that is
 * traced can stop the trace by what it gives the child to do.
 */
#ifndef OPENSNOOP_HELPER_H
#define OPENSNOOP_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/own_processes.h"

/* Bytes of one request, and of one answer. */
#define HELPER_PACKET_MAX 32768

/* Killed, and still there: some file system doesn't let it go. */
#define HELPERS_STUCK_MAX 4

struct helper {
	/* In the child: give the answers to this, by helper_reply(). */
	void (*serve)(const void *request, size_t size);
	struct own_processes *own; /* the child is one; NULL: it opens nothing
				    */
	pid_t child;		   /* 0: there is none now */
	int fd;			   /* to it */
	unsigned int children;	   /* so far */
	pid_t stuck[HELPERS_STUCK_MAX];
	int64_t patience;  /* ns that it may be waited for */
	uint64_t filled;   /* until when time has been put to that */
	bool hurries;	   /* none is put to it any more */
	uint64_t deadline; /* for all answers to what was asked last */
};

void helper_init(struct helper *helper,
		 void (*serve)(const void *request, size_t size),
		 struct own_processes *own);

/* End the child. */
void helper_free(struct helper *helper);

/* False where there is no patience left, or no child to be had. */
bool helper_ask(struct helper *helper, const void *request, size_t size);

/*
 * One answer to what was asked: its bytes. Negative where it takes too long,
 * or the child fell over: then it is ended, and the next request has another.
 */
ssize_t helper_answer(struct helper *helper, void *out, size_t room);

/* In the child. */
void helper_reply(const void *answer, size_t size);

/* The trace is to end: from now on, be patient for a second in sum. */
void helper_hurry(struct helper *helper);

/* For what happens once: be patient for so long, and no longer than before. */
void helper_be_patient(struct helper *helper, unsigned int seconds);
void helper_be_as_before(struct helper *helper);

#endif
