/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the kernel's memory.
 */
#pragma once

/*
 * The value of a number or a pointer in a struct of the kernel. BCC turns a->b
 * into such a read by itself, but not in fentry programs, in loops, or for
 * arrays of pointers.
 */
#define KERNEL_FIELD(pointer, field)                                           \
	({                                                                     \
		typeof((pointer)->field) value = 0;                            \
                                                                               \
		bpf_probe_read_kernel(&value, sizeof(value),                   \
				      &(pointer)->field);                      \
		value;                                                         \
	})

/*
 * A field of a struct that no header has, by its offset. The frontend takes
 * offsets from BTF: IO_OPEN_DFD is that of the field dfd in struct io_open.
 */
#define READ_AT(to, address, offset)                                           \
	bpf_probe_read_kernel(&(to), sizeof(to), (void *)(address) + (offset))
