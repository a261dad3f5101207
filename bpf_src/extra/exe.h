/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of the program that the caller runs. Its names follow those of
 * full_path.h, the lowest one first: the same walk finds them.
 */

/* Walks up to the process's root, or to the top of its mounts. */
static void find_exe(u32 program, struct event *event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct walk *walk = walks.lookup(&program);
	struct mm_struct *mm = KERNEL_FIELD(task, mm);
	struct file *file = KERNEL_FIELD(mm, exe_file);

	event->exe = 0;
	if (!walk || !file || !read_kernel_path(&walk->at, &file->f_path))
		return; /* a thread of the kernel's */
	if (PATH_VIEW_HOST)
		walk->to_fs_root = walk->mount_root_passed = false;
	else
		path_of_root(&walk->end, task);
	walk->state = DIR_IS_FILE;
	walk_up(walk, event, sizeof(event->path));
	/* Of a program outside the process's root, /proc shows the same. */
	if (walk->at.dentry == walk->mount_root)
		walk->state &= ~DIR_UNREACHABLE;
	event->exe = walk->size | walk->state << EXE_STATE;
	event->dir_size += walk->size;
}
