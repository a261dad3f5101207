/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -F, -R and open_by_handle_at: the directories above a path, or above the file
 * that was opened. Their names follow the path in the record, the lowest one
 * first.
 */
#include <linux/fs_struct.h>
#include <uapi/linux/openat2.h>

#include "extra/file_of_open.h"
#include "extra/directory_walk.h"

/* The directory that a relative path starts from. */
static bool path_of_directory(struct path *path, struct task_struct *task,
			      int dirfd)
{
	struct fs_struct *fs = KERNEL_FIELD(task, fs);

	if (dirfd == AT_FDCWD)
		return read_kernel_path(path, &fs->pwd);
	return path_of_file(path, task, dirfd);
}

static bool path_of_root(struct path *path, struct task_struct *task)
{
	struct fs_struct *fs = KERNEL_FIELD(task, fs);

	return read_kernel_path(path, &fs->root);
}

/*
 * Is the opened file shown, not the path that was given? It is found by its
 * descriptor, so this works for syscalls only.
 */
static bool shows_real_path(enum open_call call)
{
	return REAL_PATH ? is_syscall(call) : is_by_handle(call);
}

/* Where the walk starts. False if the path needs none. */
static bool find_start(struct walk *walk, struct event *event,
		       const struct open_args *open, struct task_struct *task)
{
	walk->state = 0;
	if (shows_real_path(open->call) && event->ret >= 0 &&
	    event->ret != UNKNOWN_RESULT) {
		if (!path_of_file(&walk->at, task, event->ret))
			return false;
		walk->state = DIR_IS_FILE;
		if (event->path_size < 0) { /* it needs no other path */
			event->path[0] = '\0';
			event->path_size = 1;
		}
		return true;
	}
	/* Else paths are shown as the program gave them. */
	if (!FULL_PATH || event->path_size <= 1)
		return false;
	if (event->path[0] != '/' || open->resolve & RESOLVE_IN_ROOT)
		return path_of_directory(&walk->at, task, open->dirfd);
	/* On the host, there may be directories above the process's root. */
	return PATH_VIEW_HOST && path_of_root(&walk->at, task);
}

/*
 * Does the open need directories? Where a program can't have such opens, no
 * walk is compiled into it.
 */
static bool needs_directories(u32 program, enum open_call call)
{
	bool sees_handles = program == SYSCALL_EXIT || is_by_handle(program);

	return FULL_PATH || (sees_handles && is_by_handle(call));
}

static void find_directories(u32 program, struct event *event,
			     const struct open_args *open)
{
	struct task_struct *task;
	struct walk *walk;

	if (!needs_directories(program, open->call))
		return;
	task = (struct task_struct *)bpf_get_current_task();
	walk = walks.lookup(&program);
	if (!walk || !find_start(walk, event, open, task))
		return;
	if (PATH_VIEW_HOST)
		prepare_host_walk(walk, event, open, task);
	else
		path_of_root(&walk->end, task);
	/* However many directories there are, exe.h has room for its names. */
	walk_up(walk, event, sizeof(event->path) - WANT_EXE * PATH_MAX);
	event->dir_size = walk->size;
	event->dir_state = walk->state;
}
