/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kprobe.multi: attaching a program to a function of the kernel through fprobe.
 */
#ifndef OPENSNOOP_KPROBE_MULTI_H
#define OPENSNOOP_KPROBE_MULTI_H

#include <stdbool.h>

/* BPF_TRACE_KPROBE_MULTI of linux/bpf.h, which older headers don't have. */
#define TRACE_KPROBE_MULTI 42

/*
 * Attach a program to the beginning or the return of a function of the kernel.
 * The program must have been loaded for TRACE_KPROBE_MULTI. Returns a
 * descriptor of the link, or a negative errno.
 */
int kprobe_multi_attach(int program_fd, const char *function, bool at_return);

#endif
