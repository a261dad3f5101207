// SPDX-License-Identifier: Apache-2.0

struct typed {
	u32 pid;
	char line[80];
};

struct command {
	u32 pid;
	s32 status;
	char text[80];
};

BPF_PERF_OUTPUT(typed);
BPF_PERF_OUTPUT(commands);

/* The first argument of readline() is the prompt. */
UPROBE("/bin/bash", readline)
{
	struct typed event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(event.line, sizeof(event.line),
				(void *)PT_REGS_PARM1(ctx));
	typed.perf_submit(ctx, &event, sizeof(event));
	return 0;
}

/* The first argument of system() is the command. */
UPROBE("c", system)
{
	struct command event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.status = -1;
	bpf_probe_read_user_str(event.text, sizeof(event.text),
				(void *)PT_REGS_PARM1(ctx));
	commands.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
