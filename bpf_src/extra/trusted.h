/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --trusted: the path that the kernel itself used.
 *
 * The kernel copies the path out of the program's memory once, and then uses
 * its copy. A path that is read from the program's memory before or after that
 * may be a different one, because another thread can change it in between. So
 * the copy is read, in a function of the kernel that gets it as an argument.
 *
 * An open that is refused earlier (with flags that make no sense, or a path
 * that is empty or too long) has no trusted path.
 */
#include <linux/fs.h>
#include <uapi/linux/errno.h>

#define KERNEL_NAMES 4096 /* how many opens can be under way */

struct kernel_name {
	char text[PATH_MAX];
};

/* By thread, while its open is under way. */
BPF_HASH(kernel_names, u32, struct kernel_name, KERNEL_NAMES);

/* The copy of a path, which is too long for the BPF stack. */
BPF_PERCPU_ARRAY(kernel_name_scratch, struct kernel_name, 1);

static void keep_kernel_name(u32 tid, const struct filename *filename)
{
	u32 zero = 0;
	struct kernel_name *name = kernel_name_scratch.lookup(&zero);
	const char *text = NULL;

	if (!name)
		return;
	bpf_probe_read_kernel(&text, sizeof(text), &filename->name);
	/* On Linux 7 this may be an errno: the kernel refuses the path. */
	if (bpf_probe_read_kernel_str(name->text, sizeof(name->text), text) > 0)
		kernel_names.update(&tid, name);
}

static void forget_kernel_name(u32 tid)
{
	kernel_names.delete(&tid);
}

static void fill_kernel_name(struct event *event, bool is_kept, u32 tid)
{
	struct kernel_name *name = kernel_names.lookup(&tid);

	event->path_size = -ENODATA;
	if (name && is_kept)
		event->path_size = bpf_probe_read_kernel_str(
			event->path, sizeof(name->text), name->text);
	forget_kernel_name(tid);
}
