// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop's other half: it loads the object that is in the skeleton, and
 * prints a line of JSON for each record, until SIGINT.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "event.h"
#include "opensnoop.skel.h"

static volatile sig_atomic_t has_ended;

static void end(int number)
{
	(void)number;
	has_ended = 1;
}

/* Whoever opens a file chooses its name: nothing in it may end the string. */
static void print_text(const char *name, const char *text)
{
	printf(", \"%s\": \"", name);
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte < ' ' || byte == '"' || byte == '\\')
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static int print_row(void *ctx, void *data, size_t size)
{
	const struct event *event = data;

	(void)ctx;
	if (size < sizeof(*event))
		return 0;
	printf("{\"pid\": %u, \"ppid\": %u", event->pid, event->ppid);
	print_text("comm", event->comm);
	printf(", \"ret\": %d", event->ret);
	print_text("path", event->path);
	puts("}");
	return 0;
}

static int fail(const char *what)
{
	fprintf(stderr, "opensnoop: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	struct sigaction on_signal = {.sa_handler = end};
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct opensnoop *skeleton;
	struct ring_buffer *ring;

	sigaction(SIGINT, &on_signal, NULL);
	/* Before Linux 5.11, maps count as locked memory. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	/* Each field that the program reads gets its offset in this kernel. */
	skeleton = opensnoop__open_and_load();
	if (!skeleton)
		return fail("the object cannot be loaded");
	ring = ring_buffer__new(bpf_map__fd(skeleton->maps.events), print_row,
				NULL, NULL);
	if (!ring)
		return fail("the ring buffer cannot be read");
	if (opensnoop__attach(skeleton))
		return fail("the programs cannot be attached");
	fputs("opensnoop: watching openat; Ctrl-C ends it\n", stderr);
	while (!has_ended) {
		ring_buffer__poll(ring, 100);
		fflush(stdout);
	}
	opensnoop__detach(skeleton);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	opensnoop__destroy(skeleton);
	return 0;
}
