/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of bpf_trace_printk() are sent to the reader, from the tracepoint that
 * every such line of the host reaches. Those of this C begin with a tag of 16
 * characters, which the frontend puts into the strings: the numbers
 * PRINTK_TAG_1 and PRINTK_TAG_2. The kernel runs no perf event of a tracepoint
 * inside a program that one has called, but it runs this.
 */
#pragma once

struct printk_line {
	u64 tag[2];
	char text[1024];
};

BPF_PERCPU_ARRAY(printk_room, struct printk_line, 1);
BPF_PERF_OUTPUT(printk_lines);

RAW_TRACEPOINT_PROBE(bpf_trace_printk)
{
	struct printk_line *line = printk_room.lookup(&(int){0});
	int size = -(int)sizeof(line->tag);

	if (line)
		size += bpf_probe_read_kernel_str(line, sizeof(*line),
						  (void *)ctx->args[0]);
	if (line && size > 0 && line->tag[0] == PRINTK_TAG_1 &&
	    line->tag[1] == PRINTK_TAG_2)
		printk_lines.perf_submit(ctx, line->text, size & 1023);
	return 0;
}
