/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks for which BCC has no macros. A file of --source has these without an
 * #include; PROGRAM is a name that the frontend makes of the arguments.
 */
#pragma once

#include <uapi/linux/bpf_perf_event.h>
#include <uapi/linux/ptrace.h>

/*
 * UPROBE("/bin/bash", readline), UPROBE("c", malloc+0x10): when a program calls
 * the function; the path of a program, or the path or name of a library.
 * PT_REGS_PARM1(ctx) is the first argument.
 */
#define UPROBE(path, symbol) int PROGRAM(struct pt_regs *ctx)

/* When the function returns. PT_REGS_RC(ctx) is what it returns. */
#define URETPROBE(path, symbol) int PROGRAM(struct pt_regs *ctx)

/*
 * USDT("/usr/bin/python3", python, function__entry): where the program has this
 * static probe. bpf_usdt_readarg(1, ctx, &number) reads the first argument, and
 * bpf_usdt_readarg_p(1, ctx, &text, sizeof(text)) what it points to.
 */
#define USDT(path, provider, probe) int PROGRAM(struct pt_regs *ctx)

/*
 * PERF_EVENT(cpu-clock, 99), PERF_EVENT(cache-misses, period=100): so many
 * times a second, or once in so many events; on each CPU, in whatever it runs.
 */
#define PERF_EVENT(event, frequency)                                           \
	int PROGRAM(struct bpf_perf_event_data *ctx)

/*
 * XDP("eth0"): a packet arrives. XDP_PASS lets it pass; an interface can have
 * one such program.
 */
#define XDP(interface) int PROGRAM(struct xdp_md *ctx)

/*
 * A packet arrives, or leaves. TC_ACT_UNSPEC lets it pass, to the programs and
 * tc filters of others as well; with TC_ACT_OK, those don't see it.
 */
#define TC_INGRESS(interface) int PROGRAM(struct __sk_buff *ctx)
#define TC_EGRESS(interface)  int PROGRAM(struct __sk_buff *ctx)

/* As in <linux/pkt_cls.h>. */
#define TC_ACT_UNSPEC (-1)
#define TC_ACT_OK     0
#define TC_ACT_SHOT   2

/*
 * SOCKET_FILTER("lo"): a packet arrives or leaves; on lo, each does both. It
 * passes in any case. What is returned, such as 0, is for a copy.
 */
#define SOCKET_FILTER(interface) int PROGRAM(struct __sk_buff *ctx)
