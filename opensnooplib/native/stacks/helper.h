/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper: a child process for work that may take forever or crash, which must
 * not happen to the trace.
 *
 * It gets one request at a time, and has two seconds for each. The trace waits
 * for the answer only where that does no harm, and not for long: see the top of
 * helper.c. Else it goes on without the answer, and takes it later.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/own_processes.h"

/* The most bytes of a request, and of an answer. */
#define HELPER_REQUEST_MAX 8192
#define HELPER_ANSWER_MAX  196608

/* Children that are killed but still there, blocked by some file system. */
#define HELPERS_STUCK_MAX 4

/* By what it answers. */
enum helper_kind {
	HELPER_SCOUT, /* see scout.h */
	HELPER_NAMES, /* of users and groups */
};

/* What the helpers of one trace share. */
struct helpers {
	/* Start a child: a socket to it, or a negative errno. */
	int (*start)(enum helper_kind kind, pid_t *pid);
	/* With its children, but without waiting for its end. */
	void (*kill)(pid_t pid);
	struct own_processes *own; /* gets the children */
	/* May rows be late now, since no ring fills up? NULL: always. */
	bool (*may_wait)(const void *context);
	const void *context;
	uint64_t free_from;  /* ns: in the future, no time to wait is left */
	uint64_t calm_until; /* ns: until then, nobody waits for rows */
};

struct helper_process {
	pid_t pid; /* 0: there is none */
	int fd;	   /* a socket to it */
};

struct helper {
	enum helper_kind kind;
	/*
	 * Takes the answer, one packet; size 0: there is none, since it takes
	 * too long, or since the child has crashed.
	 */
	void (*take)(void *context, const void *request, void *packet,
		     size_t size);
	void *context;
	struct helpers *all;
	struct helper_process child;
	unsigned int children; /* started so far */
	struct helper_process stuck[HELPERS_STUCK_MAX];
	uint64_t asked; /* ns: the answer is due from then on; 0: none is */
	uint64_t rests; /* ns: until then, nothing is asked or looked for */
	_Alignas(max_align_t) unsigned char request[HELPER_REQUEST_MAX];
};

/* Kill the child. */
void helper_free(struct helper *helper);

/*
 * Take what there is of the answer that is due. Returns whether a request can
 * be sent now: none if an answer is due still.
 */
bool helper_is_ready(struct helper *helper);

/*
 * Send a request if the helper is ready, and take its answer if it comes soon.
 * Returns whether it was sent.
 */
bool helper_ask(struct helper *helper, const void *request, size_t size);
