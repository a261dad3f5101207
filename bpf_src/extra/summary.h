/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --summary: opens are counted in maps, and no records are sent.
 *
 * Each count belongs to one of two generations, 0 and 1. The frontend writes
 * the other one into the map "generation", and waits until no program runs that
 * has read the old one. Then the old counts don't change any more: they can be
 * read and deleted, and no open is lost.
 */
#include <uapi/linux/errno.h>
#include "extra/siphash.h"

#define FILE_ENTRIES	  16384
#define LONG_NAME_ENTRIES 1024
#define PROCESS_ENTRIES	  16384
#define NAME_SIZE	  256 /* of most paths, with their NUL */
#define ERRORS		  4096
#define POWERS		  64 /* of two, for times in ns */

BPF_ARRAY(generation, u32, 1);

/* A path by its hash, whose lowest bit is replaced by the generation. */
struct file_key {
	u64 hash[2];
};

struct file_counts {
	u64 opened;
	u64 failed;
	u64 missing; /* how many of those failed with "no such file" */
	u64 path_size;
};

struct short_name {
	char text[NAME_SIZE];
};

struct long_name {
	char text[PATH_MAX];
};

BPF_HASH(files, struct file_key, struct file_counts, FILE_ENTRIES);
BPF_HASH(short_names, struct file_key, struct short_name, FILE_ENTRIES);
BPF_HASH(long_names, struct file_key, struct long_name, LONG_NAME_ENTRIES);

struct process_key {
	u64 generation;
	u64 pid;
	char comm[TASK_COMM_LEN];
};

struct process_counts {
	u64 opened;
	u64 failed;
};

BPF_HASH(processes, struct process_key, struct process_counts, PROCESS_ENTRIES);

/* By generation and errno. */
BPF_ARRAY(errors, u64, 2 * ERRORS);

/* By generation and power of two. */
BPF_PERCPU_ARRAY(times, u64, 2 * POWERS);

/* What is in none of these maps. */
enum summary_counter {
	NO_PATH,	/* opens whose path could not be read */
	FILES_FULL,	/* opens for which "files" had no room */
	NAMES_FULL,	/* files whose path had no room */
	PROCESSES_FULL, /* opens for which "processes" had no room */
	SUMMARY_COUNTERS
};

BPF_PERCPU_ARRAY(summary_counters, u64, 2 * SUMMARY_COUNTERS);

/* Atomic, since programs on other CPUs, or preempting this one, count too. */
static void add_one(u64 *counted)
{
	if (counted)
		lock_xadd(counted, 1);
}

static void count_unlisted(u32 generation, enum summary_counter counter)
{
	u32 index = generation * SUMMARY_COUNTERS + counter;

	add_one(summary_counters.lookup(&index));
}

static u32 current_generation(void)
{
	u32 zero = 0;
	u32 *counting = generation.lookup(&zero);

	return counting ? *counting & 1 : 0;
}

/* Keeps the path of a new file. */
static void keep_name(struct file_key *key, const struct event *event)
{
	long error;

	if (event->path_size <= NAME_SIZE)
		error = short_names.insert(key, (void *)event->path);
	else
		error = long_names.insert(key, (void *)event->path);
	if (error)
		count_unlisted(key->hash[0] & 1, NAMES_FULL);
}

static struct file_counts *file_of(struct file_key *key,
				   const struct event *event)
{
	struct file_counts *counts = files.lookup(key);
	struct file_counts fresh = {.path_size = event->path_size};

	if (counts)
		return counts;
	/* The first of several CPUs inserts the entry, and so keeps the path.
	 */
	if (files.insert(key, &fresh) == 0)
		keep_name(key, event);
	return files.lookup(key);
}

static void count_file(u32 generation, const struct event *event)
{
	struct file_key key = {};
	struct file_counts *counts;
	u32 size = event->path_size - 1; /* without the NUL */

	if (event->path_size <= 0) {
		count_unlisted(generation, NO_PATH);
		return;
	}
	if (size >= PATH_MAX)
		size = PATH_MAX - 1; /* too long for the kernel anyway */
	siphash_text(key.hash, event->path, size);
	key.hash[0] = (key.hash[0] & ~1ULL) | generation;

	counts = file_of(&key, event);
	if (!counts) {
		count_unlisted(generation, FILES_FULL);
		return;
	}
	add_one(&counts->opened);
	if (event->ret < 0)
		add_one(&counts->failed);
	if (event->ret == -ENOENT || event->ret == -ENOTDIR)
		add_one(&counts->missing);
}

static void count_process(u32 generation, const struct event *event)
{
	struct process_key key = {
		.generation = generation,
		.pid = event->pid,
	};
	struct process_counts fresh = {};
	struct process_counts *counts;

	__builtin_memcpy(key.comm, event->comm, sizeof(key.comm));
	counts = processes.lookup_or_try_init(&key, &fresh);
	if (!counts) {
		count_unlisted(generation, PROCESSES_FULL);
		return;
	}
	add_one(&counts->opened);
	if (event->ret < 0)
		add_one(&counts->failed);
}

static void count_error(u32 generation, long ret)
{
	u32 index = generation * ERRORS + (-ret & (ERRORS - 1));

	add_one(errors.lookup(&index));
}

static void count_time(u32 generation, u64 ns)
{
	u32 power = (bpf_log2l(ns | 1) - 1) & (POWERS - 1);
	u32 index = generation * POWERS + power;

	add_one(times.lookup(&index));
}

/* `began` is 0 where nobody saw the open begin. */
static void summarize(const struct event *event, u64 began)
{
	u32 generation = current_generation();

	count_file(generation, event);
	count_process(generation, event);
	if (event->ret < 0)
		count_error(generation, event->ret);
	if (began)
		count_time(generation, event->ts - began);
}
