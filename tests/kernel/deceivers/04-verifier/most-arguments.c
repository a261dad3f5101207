// SPDX-License-Identifier: Apache-2.0
// The largest number of arguments is kept, not the last.

struct who {
	u32 pid;
};

/* 1. The path of each openat: all of it, up to 1000 bytes. */

struct opened {
	u32 pid;
	char path[1024];
};

BPF_PERF_OUTPUT(opens);
BPF_PERCPU_ARRAY(room, struct opened, 1); /* the stack has 512 bytes */

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 zero = 0;
	struct opened *opened = room.lookup(&zero);

	if (!opened)
		return 0;
	opened->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(opened->path, sizeof(opened->path),
				args->filename);
	opens.perf_submit(args, opened, sizeof(*opened));
	return 0;
}

/* 2. Where each chdir leads. */

struct moved {
	u32 pid;
	char to[64];
};

BPF_PERF_OUTPUT(moves);

TRACEPOINT_PROBE(syscalls, sys_enter_chdir)
{
	struct moved moved = {};

	moved.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(moved.to, sizeof(moved.to), args->filename);
	moves.perf_submit(args, &moved, sizeof(moved));
	return 0;
}

/* 3. How many arguments a process gave to execve the last time, up to 64. */

#define MOST_ARGUMENTS 64

BPF_HASH(arguments, struct who);

TRACEPOINT_PROBE(syscalls, sys_enter_execve)
{
	struct who who = {.pid = bpf_get_current_pid_tgid() >> 32};
	const char *const *next = args->argv;
	const char *argument;
	u64 count = 0;

	for (int i = 0; i < MOST_ARGUMENTS; i++) {
		bpf_probe_read_user(&argument, sizeof(argument), next);
		if (!argument)
			break;
		next++;
		count++;
	}
	u64 *old = arguments.lookup(&who);
	if (old && *old > count)
		return 0;
	arguments.update(&who, &count);
	return 0;
}

/* 4. How often a process calls lseek, by whence: SEEK_SET is 0, and so on. */

#define WHENCES 5

struct seek_counts {
	u64 by[WHENCES];
};

BPF_HASH(seeks, struct who, struct seek_counts);

TRACEPOINT_PROBE(syscalls, sys_enter_lseek)
{
	struct who who = {.pid = bpf_get_current_pid_tgid() >> 32};
	struct seek_counts none = {};
	struct seek_counts *counts = seeks.lookup_or_try_init(&who, &none);

	if (counts && args->whence < WHENCES)
		counts->by[args->whence]++;
	return 0;
}

/* 5. How many bytes a process wants to write. */

BPF_HASH(written, struct who);

TRACEPOINT_PROBE(syscalls, sys_enter_write)
{
	struct who who = {.pid = bpf_get_current_pid_tgid() >> 32};
	u64 none = 0;
	u64 *bytes = written.lookup_or_try_init(&who, &none);

	if (bytes)
		*bytes += args->count;
	return 0;
}
