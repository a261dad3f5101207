/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk from a file or a directory up to the root, which adds the name of each
 * directory to a record.
 *
 * The kernel keeps a dentry for each name in a directory, and each dentry knows
 * its parent: for "c" in "/a/b", the walk goes from "b" to "a". The names are
 * written in that order, each with its NUL, after the path that the program
 * gave; the reader reverses them.
 *
 * At the root of a mount, the walk goes on where that is mounted. It ends at
 * the root of the calling process, or with --path-view host at the top.
 * d_path() in the kernel's fs/d_path.c does the same.
 *
 * The verifier follows each step of the loop, so their number is limited; what
 * is nearer to the root than that is missing in the record, which says so.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>

#include "extra/kernel_memory.h"
#include "extra/mount_structs.h"
#include "extra/record_values.h"

#define MOST_STEPS 256 /* names and mounts */

struct walk {
	struct path at;
	struct path end;	   /* the root of the process */
	struct dentry here;	   /* a copy of at.dentry, up to its name */
	struct dentry *mount_root; /* of the mount that `at` is in */
	u32 offset;		   /* in the record's path, of the first name */
	u32 room;		   /* where the names must end there */
	u32 size;		   /* bytes of all names */
	u32 state;		   /* bits of enum dir_state */
	bool to_fs_root;	   /* up to the file system's root first */
	bool mount_root_passed;
};

/*
 * By program, as in "scratch". On the stack, the verifier would know more of
 * each step, and follow each in all its variants.
 */
BPF_PERCPU_ARRAY(walks, struct walk, PROGRAMS);

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

static bool add_name(struct walk *walk, struct event *event)
{
	const unsigned char *name = walk->here.d_name.name;
	u64 at = walk->offset + walk->size;
	long size;

	if (at + NAME_ROOM > walk->room)
		return false;
	keep_in_one_register(at); /* the verifier doesn't know the room */
	if (at > sizeof(event->path) - NAME_ROOM)
		return false;
	size = bpf_probe_read_kernel_str(event->path + at, NAME_ROOM, name);
	if (size <= 0)
		return false;
	walk->size += size;
	return true;
}

/* Reads a dentry from its start to the end of d_name. */
static void read_dentry(struct dentry *copy, const struct dentry *dentry)
{
	bpf_probe_read_kernel(
		copy, offsetof(struct dentry, d_name) + sizeof(copy->d_name),
		dentry);
}

/* d_unlinked() of linux/dcache.h */
static bool is_deleted(const struct dentry *dentry)
{
	struct dentry copy = {};

	read_dentry(&copy, dentry);
	return !copy.d_hash.pprev && copy.d_parent != dentry;
}

#if PATH_VIEW_HOST
#include "extra/host_view.h"
#else
#define pass_mount_root(walk, event)		   false
#define turn_at_fs_root(walk, event)		   false
#define prepare_host_walk(walk, event, open, task) (void)0
#endif

/*
 * The name of a file that is in no directory, such as a memfd. A pipe has none,
 * and the name of a namespace is "/": these are shown by the program's path.
 */
static void name_without_directory(struct walk *walk, struct event *event)
{
	add_name(walk, event);
	if (walk->size <= sizeof("/") && event->path_size > 1)
		walk->size = walk->state = 0;
}

/* False at the end of the walk. */
static bool step_up(struct walk *walk, struct event *event)
{
	struct dentry *here = walk->at.dentry;

	if (here == walk->end.dentry && walk->at.mnt == walk->end.mnt)
		return false;
	if (here == walk->mount_root && !pass_mount_root(walk, event)) {
		if (leave_mount(walk))
			return true;
		/* The top; the process's root was not on the way. */
		if (walk->end.dentry)
			walk->state |= DIR_UNREACHABLE;
		return false;
	}
	read_dentry(&walk->here, here);
	if (walk->here.d_parent == here) {
		if (turn_at_fs_root(walk, event))
			return true;
		walk->state |= DIR_UNREACHABLE;
		if (walk->size == 0)
			name_without_directory(walk, event);
		return false;
	}
	if (!add_name(walk, event)) {
		walk->state |= DIR_CUT;
		return false;
	}
	walk->at.dentry = walk->here.d_parent;
	return true;
}

/*
 * Walks up from walk->at, of which walk->state has what is known already. The
 * names go behind what the record has; the caller adds their size to dir_size.
 */
static void walk_up(struct walk *walk, struct event *event, u32 room)
{
	walk->room = room;
	walk->offset = event->dir_size;
	if (event->path_size > 0)
		walk->offset += event->path_size;
	walk->size = 0;
	walk->state |= DIR_IS_KNOWN;
	if (is_deleted(walk->at.dentry))
		walk->state |= DIR_IS_DELETED;
	enter_mount(walk, walk->at.mnt);
	for (int i = 0; i < MOST_STEPS; i++)
		if (!step_up(walk, event))
			return;
	walk->state |= DIR_CUT;
}
