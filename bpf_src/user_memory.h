/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the memory of the calling program.
 *
 * These are the helpers bpf_probe_read_user() and bpf_probe_read_user_str().
 * Where BCC meets those names in C, it looks them up among all symbols of the
 * kernel, anew for each call: 30 ms of every launch. So they have other names.
 */

/* clang-format off */

/* 0, or a negative errno. */
static long (*read_user)(void *to, u32 size, const void *from) =
	(void *)BPF_FUNC_probe_read_user;

/* The size that was read, with the NUL, or a negative errno. */
static long (*read_user_str)(void *to, u32 size, const void *from) =
	(void *)BPF_FUNC_probe_read_user_str;
