/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of the program that the caller runs. Its names follow those of
 * full_path.h, the lowest one first: the same walk finds them.
 */

/* Up to the process's root, or to the top of its mounts. */
static void walk_to_program(struct walk *walk, struct event *event,
			    struct task_struct *task)
{
	struct mm_struct *mm = KERNEL_FIELD(task, mm);
	struct file *file = KERNEL_FIELD(mm, exe_file);

	if (!file || !read_kernel_path(&walk->at, &file->f_path))
		return; /* a thread of the kernel's */
	if (!PATH_VIEW_HOST)
		path_of_root(&walk->end, task);
	walk->to_fs_root = walk->mount_root_passed = false;
	event->dir_state = DIR_IS_KNOWN | DIR_IS_FILE;
	if (is_deleted(walk->at.dentry))
		event->dir_state |= DIR_IS_DELETED;
	enter_mount(walk, walk->at.mnt);
	walk_up(walk, event);
	/* Of a program outside the process's root, /proc shows the same. */
	if (walk->at.dentry == walk->mount_root)
		event->dir_state &= ~DIR_UNREACHABLE;
}

static void find_exe(u32 program, struct event *event, struct task_struct *task)
{
	struct walk *walk = walks.lookup(&program);
	s32 path_size = event->path_size;
	u32 dir_size = event->dir_size, dir_state = event->dir_state;

	/* The walk adds to what seems to be the path. */
	event->path_size = (path_size > 0 ? path_size : 0) + dir_size;
	event->dir_size = event->dir_state = 0;
	if (walk)
		walk_to_program(walk, event, task);
	event->exe = event->dir_size | event->dir_state << EXE_STATE;
	event->path_size = path_size;
	event->dir_size += dir_size;
	event->dir_state = dir_state;
}
