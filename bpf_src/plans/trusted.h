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

#include "plans/end_call.h"
#include "plans/probe_macros.h"

#define KERNEL_NAMES 4096 /* how many opens can be under way */

/* Where an open has no trusted path: an address that can't be read. */
#define NOT_A_PATH ((const char *)1)

struct kernel_name {
	char text[PATH_MAX];
};

/* By thread, while its open is under way. */
BPF_HASH(kernel_names, u32, struct kernel_name, KERNEL_NAMES);

/* The copy of a path, which is too long for the BPF stack. */
BPF_PERCPU_ARRAY(kernel_name_scratch, struct kernel_name, 1);

static void forget_kernel_name(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	kernel_names.delete(&tid);
}

/* Called with the name of each file that the kernel is about to open. */
static int note_kernel_name(const struct filename *filename)
{
	u32 zero = 0;
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);
	struct kernel_name *name = kernel_name_scratch.lookup(&zero);
	const char *text = NULL;

	/* The kernel may open files for itself during an open of a program. */
	if (!name || !begun || !begun->under_way || begun->open.kernel_path)
		return 0;
	bpf_probe_read_kernel(&text, sizeof(text), &filename->name);
	begun->open.kernel_path = NOT_A_PATH;
	/* On Linux 7 this may be an errno: the kernel refuses the path. */
	if (bpf_probe_read_kernel_str(name->text, sizeof(name->text), text) <=
		    0 ||
	    kernel_names.update(&tid, name) < 0)
		forget_kernel_name(); /* an older one */
	return 0;
}

#if PLAN_FENTRY
FENTRY_PROBE(FILP_OPEN_FUNCTION, int dirfd, struct filename *filename)
{
	return note_kernel_name(filename);
}
#else
int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	return note_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
}
#endif

/*
 * The program's own memory isn't even read, since --path would select by what
 * is there now. No program has memory at this address.
 */
static int begin_function(void *ctx, struct open_args *open)
{
	open->user_path = (const char *)-1;
	return begin(ctx, open);
}

static int end_function(void *ctx, enum open_call call, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);
	struct kernel_name *name = kernel_names.lookup(&tid);

	if (!begun)
		return 0;
	begun->open.kernel_path =
		name && begun->open.kernel_path ? name->text : NOT_A_PATH;
	end_call(ctx, call, ret);
	forget_kernel_name();
	return 0;
}
