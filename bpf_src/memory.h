/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading memory: that of the calling program, and that of the kernel.
 */

/* clang-format off */

/*
 * The helpers bpf_probe_read_user() and bpf_probe_read_user_str(). They have
 * names of our own because BCC looks up the usual ones among all symbols of
 * the kernel, once for each call in the C: 30 ms of every launch.
 */

/* Returns 0, or a negative errno. */
static long (*read_user)(void *to, u32 size, const void *from) =
	(void *)BPF_FUNC_probe_read_user;

/* Returns the size with the NUL, or a negative errno. */
static long (*read_user_str)(void *to, u32 size, const void *from) =
	(void *)BPF_FUNC_probe_read_user_str;

/* clang-format on */

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

/*
 * The verifier follows registers, not variables. Without this, the compiler
 * may check one copy of a size and use another one, and the verifier refuses
 * the program.
 */
#define keep_in_one_register(variable) asm volatile("" : "+r"(variable))
