/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk from a file or a directory up to the root, which adds the name of each
 * directory to a record.
 *
 * The kernel keeps a dentry for each name in a directory, and each dentry knows
 * its parent: for "c" in "/a/b", the walk goes from "b" to "a". The names are
 * written in that order, each with its NUL, behind the path that the program
 * gave; the reader reverses them.
 *
 * At the root of a mount, the walk goes on where that is mounted. It ends at
 * the root of the calling process, or with --path-view host at the top.
 * d_path() in the kernel's fs/d_path.c does the same.
 *
 * A loop can't have many steps, since the verifier follows each of them, but a
 * path can have 2048 names. So a program that has more steps to take keeps in
 * the map "walks" how far it came, and calls itself (a tail call, of which the
 * kernel allows 33 in a row). Programs that do so must all be of one type, so
 * only those of the plan do. In others, a path with more than
 * STEPS_WITHOUT_CALL names and mounts is cut.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>

/*
 * The start of struct mount, for kernel headers: fs/mount.h, which has it, is
 * in no package of them. It has been the same since Linux 3.13.
 */
#ifndef KERNEL_STRUCTS_FROM_BTF
struct mount {
	struct hlist_node mnt_hash;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
#endif

#define STEPS_AT_ONCE	   72
#define STEPS_WITHOUT_CALL 256

struct walk {
	struct path at;
	struct path end;	   /* the root of the process */
	struct dentry *mount_root; /* of the mount that `at` is in */
	u32 index;		   /* of the program in "tail_calls" */
	bool is_unfinished;	   /* the program has called itself */
	bool to_fs_root;	   /* up to the file system's root first */
	bool mount_root_passed;
};

BPF_PERCPU_ARRAY(walks, struct walk, PROGRAMS);

/* The programs by their indexes; the frontend puts them in. */
BPF_PROG_ARRAY(tail_calls, SYSCALL_PROGRAMS);

static void enter_mount(struct walk *walk, struct vfsmount *mount)
{
	walk->at.mnt = mount;
	walk->mount_root = KERNEL_FIELD(mount, mnt_root);
}

static struct mount *whole_mount(struct vfsmount *mount)
{
	return (void *)mount - offsetof(struct mount, mnt);
}

/* From the root of a mount to where that is mounted. False if nowhere. */
static bool leave_mount(struct walk *walk)
{
	struct mount *mount = whole_mount(walk->at.mnt);
	struct mount *parent = KERNEL_FIELD(mount, mnt_parent);

	if (parent == mount)
		return false;
	walk->at.dentry = KERNEL_FIELD(mount, mnt_mountpoint);
	enter_mount(walk, &parent->mnt);
	return true;
}

static bool add_name(struct event *event, const unsigned char *name)
{
	u64 at = event->path_size + event->dir_size;
	long size;

	keep_in_one_register(at);
	if (at > sizeof(event->path) - NAME_ROOM)
		return false;
	size = bpf_probe_read_kernel_str(event->path + at, NAME_ROOM, name);
	if (size <= 0)
		return false;
	event->dir_size += size;
	return true;
}

/* Reads a dentry from its start to the end of d_name. */
static void read_dentry(struct dentry *copy, const struct dentry *dentry)
{
	bpf_probe_read_kernel(
		copy, offsetof(struct dentry, d_name) + sizeof(copy->d_name),
		dentry);
}

#ifdef PATH_VIEW_HOST
/* True where the walk goes beyond the mount, to the file system's root. */
static bool pass_mount_root(struct walk *walk, struct event *event)
{
	if (!walk->to_fs_root)
		return false;
	event->mount_size = event->dir_size;
	walk->mount_root_passed = true;
	return true;
}

/* Back to the mount's root, if the file system's root is above it. */
static bool turn_at_fs_root(struct walk *walk, struct event *event)
{
	struct super_block *fs;

	if (!walk->mount_root_passed)
		return false;
	fs = KERNEL_FIELD(walk->at.mnt, mnt_sb);
	event->fs_device = KERNEL_FIELD(fs, s_dev);
	event->fs_size = event->dir_size;
	walk->to_fs_root = walk->mount_root_passed = false;
	walk->at.dentry = walk->mount_root;
	return true;
}
#else
static bool pass_mount_root(struct walk *walk, struct event *event)
{
	return false;
}

static bool turn_at_fs_root(struct walk *walk, struct event *event)
{
	return false;
}
#endif

/*
 * The name of a file that is in no directory, such as a memfd. A pipe has none,
 * and the name of a namespace is "/": these are shown by the program's path.
 */
static void name_without_directory(struct event *event,
				   const unsigned char *name)
{
	add_name(event, name);
	if (event->dir_size > sizeof("/") || event->path_size <= 1)
		return;
	event->dir_size = 0;
	event->dir_state = 0;
}

/* False at the end of the walk. */
static bool step_up(struct walk *walk, struct event *event)
{
	struct dentry *here = walk->at.dentry;
	struct dentry copy = {};

	if (here == walk->end.dentry && walk->at.mnt == walk->end.mnt)
		return false;
	if (here == walk->mount_root && !pass_mount_root(walk, event)) {
		if (leave_mount(walk))
			return true;
		/* The top; the process's root was not on the way. */
		if (walk->end.dentry)
			event->dir_state |= DIR_UNREACHABLE;
		return false;
	}
	read_dentry(&copy, here);
	if (copy.d_parent == here) {
		if (turn_at_fs_root(walk, event))
			return true;
		event->dir_state |= DIR_UNREACHABLE;
		if (event->dir_size == 0)
			name_without_directory(event, copy.d_name.name);
		return false;
	}
	if (!add_name(event, copy.d_name.name)) {
		event->dir_state |= DIR_CUT;
		return false;
	}
	walk->at.dentry = copy.d_parent;
	return true;
}

static struct walk *walk_of(u32 index)
{
	return walks.lookup(&index);
}

static bool calls_itself(u32 index)
{
#ifdef PLAN_FENTRY
	/* Its type may differ, as BTF may describe its function differently. */
	if (index % CALLS == CALL_OPEN_BY_HANDLE_AT)
		return false;
#endif
	return index < SYSCALL_PROGRAMS;
}

/* Does not return if the program calls itself. */
static void walk_up(void *ctx, u32 index, struct walk *walk,
		    struct event *event)
{
	int steps = calls_itself(index) ? STEPS_AT_ONCE : STEPS_WITHOUT_CALL;

	for (int i = 0; i < steps; i++)
		if (!step_up(walk, event))
			return;

	if (calls_itself(index)) {
		walk->is_unfinished = true;
		/*
		 * The index is read from memory: for a constant one the kernel
		 * patches code, and Linux 6.18 then never frees the map.
		 */
		walk->index = index;
		asm volatile("" : : : "memory");
		tail_calls.call(ctx, walk->index);
		walk->is_unfinished = false;
	}
	event->dir_state |= DIR_CUT;
}
