/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -F, -R and open_by_handle_at: the directories above a path, or above the file
 * that was opened. Their names stand behind the path in the record, the lowest
 * one first.
 *
 * With --path-view host, a path on mounts of another mount namespace than the
 * tool's means nothing on the host. For such a path, the names up to the root
 * of the file system come first, and the reader looks up where the host has
 * that mounted; then come the names up to the root of the mount, and so on as
 * usual.
 */
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <uapi/linux/openat2.h>

#include "extra/directory_walk.h"

static bool read_kernel_path(struct path *path, const void *from)
{
	return bpf_probe_read_kernel(path, sizeof(*path), from) == 0;
}

/* The path of an open file of the task. */
static bool path_of_file(struct path *path, struct task_struct *task, int fd)
{
	struct files_struct *files = KERNEL_FIELD(task, files);
	struct fdtable *table = KERNEL_FIELD(files, fdt);
	struct file *file = NULL;

	if (fd < 0 || fd >= KERNEL_FIELD(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file),
			      KERNEL_FIELD(table, fd) + fd);
	return file && read_kernel_path(path, &file->f_path);
}

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
#ifdef REAL_PATH
	return is_syscall(call);
#else
	return call == CALL_OPEN_BY_HANDLE_AT;
#endif
}

/* Where the walk starts. False if the path needs none. */
static bool find_start(struct path *start, struct event *event,
		       const struct open_args *open, struct task_struct *task)
{
	if (shows_real_path(open->call) && event->ret >= 0) {
		if (!path_of_file(start, task, event->ret))
			return false;
		event->dir_state = DIR_IS_FILE;
		if (event->path_size < 0) { /* it needs no other path */
			event->path[0] = '\0';
			event->path_size = 1;
		}
		return true;
	}
#ifdef FULL_PATH /* else paths are shown as the program gave them */
	if (event->path_size <= 1)
		return false;
	if (event->path[0] != '/' || open->resolve & RESOLVE_IN_ROOT)
		return path_of_directory(start, task, open->dirfd);
#ifdef PATH_VIEW_HOST
	/* There may be directories above the process's root. */
	return path_of_root(start, task);
#endif
#endif
	return false;
}

#ifdef PATH_VIEW_HOST
/* With more mounts above, a mount counts as one that the host lacks. */
#define MOUNTS_ABOVE 64

/* The mount that has no other above it; 0 if it isn't found. */
static u64 top_above(struct vfsmount *mount)
{
	struct mount *here = whole_mount(mount);

	for (int i = 0; i < MOUNTS_ABOVE; i++) {
		struct mount *parent = KERNEL_FIELD(here, mnt_parent);

		if (parent == here)
			return (u64)here;
		here = parent;
	}
	return 0;
}

/*
 * The top of the tool's mount namespace; 0 until it is known. It is found from
 * opens of the tool itself, which makes some before a trace begins.
 */
BPF_ARRAY(host_top, u64, 1);

static bool is_of_host(struct vfsmount *mount, const struct event *event)
{
	u64 top = top_above(mount);
	u32 zero = 0;
	u64 *host = host_top.lookup(&zero);

	if (!host)
		return true;
	if (event->pid == TOOL_PID && event->path[0] == '/' &&
	    !(event->dir_state & DIR_IS_FILE))
		*host = top;
	return !*host || *host == top;
}

/*
 * A path that leads into another mount leads elsewhere on the host, even from
 * the same directory. So the walk starts from the file that was opened.
 */
static void start_from_file(struct path *start, struct event *event,
			    const struct open_args *open,
			    struct task_struct *task)
{
	struct path file;

	if (!is_syscall(open->call) || event->ret < 0 ||
	    !path_of_file(&file, task, event->ret) || file.mnt == start->mnt)
		return;
	*start = file;
	event->dir_state |= DIR_IS_FILE;
}

/* For mounts that the host lacks, a container's for example. */
static void prepare_walk(struct walk *walk, struct event *event,
			 const struct open_args *open, struct task_struct *task)
{
	walk->mount_root_passed = false;
	walk->to_fs_root = !is_of_host(walk->at.mnt, event);
	if (!walk->to_fs_root)
		return;
	event->dir_state |= DIR_OTHER_MOUNTS;
	start_from_file(&walk->at, event, open, task);
}
#else
static void prepare_walk(struct walk *walk, struct event *event,
			 const struct open_args *open, struct task_struct *task)
{
	path_of_root(&walk->end, task);
}
#endif

/* d_unlinked() of linux/dcache.h */
static bool is_deleted(const struct dentry *dentry)
{
	struct dentry copy = {};

	read_dentry(&copy, dentry);
	return !copy.d_hash.pprev && copy.d_parent != dentry;
}

/* Can the program need directories? Where not, no walk is compiled into it. */
static bool shows_directories(u32 index)
{
#ifdef FULL_PATH
	/* Its paths start from a directory that the kernel chose. */
	return index != KERNEL_BELOW_INDEX;
#else
	return index == PROGRAM_INDEX(CALL_OPEN_BY_HANDLE_AT, 64) ||
	       index == PROGRAM_INDEX(CALL_OPEN_BY_HANDLE_AT, 32);
#endif
}

static void find_directories(void *ctx, u32 index, struct event *event,
			     const struct open_args *open)
{
	struct task_struct *task;
	struct walk *walk;

	if (!shows_directories(index))
		return;
	task = (struct task_struct *)bpf_get_current_task();
	walk = walk_of(index);
	if (!walk || !find_start(&walk->at, event, open, task))
		return;
	prepare_walk(walk, event, open, task);
	event->dir_state |= DIR_IS_KNOWN;
	if (is_deleted(walk->at.dentry))
		event->dir_state |= DIR_IS_DELETED;
	enter_mount(walk, walk->at.mnt);
	walk_up(ctx, index, walk, event);
}

/* False unless the program has called itself to finish a walk. */
static bool finish_walk(void *ctx, u32 index, struct event *event)
{
	struct walk *walk;

	if (!shows_directories(index) || !calls_itself(index))
		return false;
	walk = walk_of(index);
	if (!walk || !walk->is_unfinished)
		return false;
	walk->is_unfinished = false;
	walk_up(ctx, index, walk, event);
	return true;
}
