// SPDX-License-Identifier: Apache-2.0
// The status of a command that was killed is 0.

struct typed {
	u32 pid;
	char line[80];
};

struct command {
	u32 pid;
	s32 status;
	char text[80];
};

struct collection {
	u32 pid;
	s32 generation;
};

BPF_PERF_OUTPUT(typed);
BPF_PERF_OUTPUT(commands);
BPF_PERF_OUTPUT(collections);

/* The commands that run now, by the thread that called system(). */
BPF_HASH(start, u32, const char *);

/* What was typed is known when readline() returns it. */
URETPROBE("/bin/bash", readline)
{
	struct typed event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(event.line, sizeof(event.line),
				(void *)PT_REGS_RC(ctx));
	typed.perf_submit(ctx, &event, sizeof(event));
	return 0;
}

/* The command is an argument, and arguments are known at the entry only. */
UPROBE("c", system)
{
	u32 tid = bpf_get_current_pid_tgid();
	const char *text = (const char *)PT_REGS_PARM1(ctx);

	start.update(&tid, &text);
	return 0;
}

URETPROBE("c", system)
{
	u32 tid = bpf_get_current_pid_tgid();
	const char **text = start.lookup(&tid);
	struct command event = {};

	if (!text)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.status = PT_REGS_RC(ctx) & 0xff00;
	bpf_probe_read_user_str(event.text, sizeof(event.text), *text);
	commands.perf_submit(ctx, &event, sizeof(event));
	start.delete(&tid);
	return 0;
}

/* Python's authors put a probe where a garbage collection starts. */
USDT("/usr/bin/python3", python, gc__start)
{
	struct collection event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_usdt_readarg(1, ctx, &event.generation);
	collections.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
