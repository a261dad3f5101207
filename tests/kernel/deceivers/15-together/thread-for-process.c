// SPDX-License-Identifier: Apache-2.0
// The thread is taken for the process.

#include <uapi/linux/in.h>

#define AF_INET 2 /* as in <linux/socket.h> */

struct event {
	u32 pid;
	u32 port;
	u64 cgroup_id;
	char path[128];
};

enum step { CONTAINER, CONNECTION };

BPF_PERF_OUTPUT(events);
BPF_PROG_ARRAY(steps, 2);

/* The event under way, which each step hands to the next. */
BPF_PERCPU_ARRAY(unfinished, struct event, 1);

/* Where accept4() will put a client's address, by thread. */
BPF_HASH(start, u32, void *);

/* The port of the client that was accepted last, by process. */
BPF_HASH(clients, u32, u32);

TRACEPOINT_PROBE(syscalls, sys_enter_accept4)
{
	u32 tid = bpf_get_current_pid_tgid();
	void *address = args->upeer_sockaddr;

	start.update(&tid, &address);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_accept4)
{
	u32 tid = bpf_get_current_pid_tgid();
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	void **address = start.lookup(&tid);
	struct sockaddr_in client = {};
	u32 port;

	if (!address)
		return 0;
	bpf_probe_read_user(&client, sizeof(client), *address);
	start.delete(&tid);
	if (args->ret < 0 || client.sin_family != AF_INET)
		return 0;
	port = ntohs(client.sin_port);
	clients.update(&pid, &port);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	int zero = 0;
	struct event *event = unfinished.lookup(&zero);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid();
	bpf_probe_read_user_str(event->path, sizeof(event->path),
				args->filename);
	steps.call(args, CONTAINER);
	return 0;
}

// attach: slot steps[0]
int add_container(void *ctx)
{
	int zero = 0;
	struct event *event = unfinished.lookup(&zero);

	if (!event)
		return 0;
	event->cgroup_id = bpf_get_current_cgroup_id();
	steps.call(ctx, CONNECTION);
	return 0;
}

// attach: slot steps[1]
int add_connection(void *ctx)
{
	int zero = 0;
	struct event *event = unfinished.lookup(&zero);
	u32 *port;

	if (!event)
		return 0;
	port = clients.lookup(&event->pid);
	event->port = port ? *port : 0;
	events.perf_submit(ctx, event, sizeof(*event));
	return 0;
}
