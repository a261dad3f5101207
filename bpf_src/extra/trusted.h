/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --trusted: the name that the kernel itself used.
 *
 * The kernel copies the name out of the program's memory once, and then uses
 * its copy. Whoever reads the program's memory before or after that can be
 * fooled: another thread may write another name there in between. So we look
 * at the copy, in the function of the kernel that is given it.
 *
 * An open that is refused before that (flags that make no sense, a name that
 * is empty or too long) has no trusted name.
 */
#include <linux/fs.h>
#include <uapi/linux/errno.h>

#define KERNEL_NAMES 4096 /* of opens that are under way, at most */

struct kernel_name {
	char text[PATH_MAX];
};

/* By thread, for as long as its open is under way. */
BPF_HASH(kernel_names, u32, struct kernel_name, KERNEL_NAMES);

/* A name is too long for the BPF stack. */
BPF_PERCPU_ARRAY(kernel_name_scratch, struct kernel_name, 1);

static void keep_kernel_name(const struct filename *filename)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);
	u32 zero = 0;
	struct kernel_name *name = kernel_name_scratch.lookup(&zero);
	const char *text = NULL;

	/* The kernel also opens files for itself, while it opens one for us. */
	if (!begun || !begun->under_way || begun->has_kernel_name || !name)
		return;
	begun->has_kernel_name = true;
	bpf_probe_read_kernel(&text, sizeof(text), &filename->name);
	/* Linux 7 calls it for a refused name too, with an errno as pointer. */
	if (bpf_probe_read_kernel_str(name->text, sizeof(name->text), text) > 0)
		kernel_names.update(&tid, name);
}

static void take_kernel_name(struct event *event, struct open_start *begun,
			     u32 tid)
{
	struct kernel_name *name = kernel_names.lookup(&tid);

	event->path_size = -ENODATA;
	if (name && begun->has_kernel_name)
		event->path_size = bpf_probe_read_kernel_str(
			event->path, sizeof(name->text), name->text);
	kernel_names.delete(&tid);
}
