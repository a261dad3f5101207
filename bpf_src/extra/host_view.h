/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --path-view host: paths as the host sees them.
 *
 * A path on mounts of another mount namespace than the tool's means nothing on
 * the host. For such a path, the names up to the root of the file system come
 * first, and the reader looks up where the host has that mounted; then come the
 * names up to the root of the mount, and so on as usual.
 */

/* True where the walk goes beyond the mount, to the file system's root. */
static bool pass_mount_root(struct walk *walk, struct event *event)
{
	if (!walk->to_fs_root)
		return false;
	event->mount_size = walk->size;
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
	event->fs_size = walk->size;
	walk->to_fs_root = walk->mount_root_passed = false;
	walk->at.dentry = walk->mount_root;
	return true;
}

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

static bool is_of_host(const struct walk *walk, const struct event *event)
{
	u64 top = top_above(walk->at.mnt);
	u32 zero = 0;
	u64 *host = host_top.lookup(&zero);

	if (!host)
		return true;
	if (is_tool((u64)event->pid << 32) && event->path[0] == '/' &&
	    !(walk->state & DIR_IS_FILE))
		*host = top;
	return !*host || *host == top;
}

/*
 * A path that leads into another mount leads elsewhere on the host, even from
 * the same directory. So the walk starts from the file that was opened.
 */
static void start_from_file(struct walk *walk, const struct event *event,
			    const struct open_args *open,
			    struct task_struct *task)
{
	struct path file;

	if (!is_syscall(open->call) || event->ret < 0 ||
	    !path_of_file(&file, task, event->ret) || file.mnt == walk->at.mnt)
		return;
	walk->at = file;
	walk->state |= DIR_IS_FILE;
}

static void prepare_host_walk(struct walk *walk, struct event *event,
			      const struct open_args *open,
			      struct task_struct *task)
{
	walk->mount_root_passed = false;
	walk->to_fs_root = !is_of_host(walk, event);
	if (!walk->to_fs_root)
		return;
	walk->state |= DIR_OTHER_MOUNTS;
	/* The buffer still has those of an older record. */
	event->fs_device = event->fs_size = event->mount_size = 0;
	start_from_file(walk, event, open, task);
}
