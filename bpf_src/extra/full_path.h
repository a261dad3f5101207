/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories above a name, or above the file that was really opened.
 *
 * The kernel keeps a dentry for each name in a directory, and each dentry
 * knows its parent. So we walk up: from "c" in "/a/b" to "b", then to "a". The
 * names go into the record in that order, each with its NUL, behind the path
 * that the program gave; the reader turns them around.
 *
 * Where the way up comes to the root of a mount, it goes on where that is
 * mounted, and it ends at the root of the calling process, or with --path-view
 * host at the top. d_path() in the kernel's fs/d_path.c goes the same way.
 *
 * With --path-view host, mounts of another mount namespace than the tool's say
 * nothing of the host. There the way first goes to the root of the file system,
 * and the reader looks up where the host has that; then it goes on as ever.
 *
 * The verifier goes through each step of a loop, so a loop may not have many.
 * But a path can have 2048 names. A program that has more steps to take calls
 * itself again (a tail call, of which the kernel allows 33 in a row), and
 * keeps in the map "walks" how far it came. All programs that call so must be
 * of one type, so only the plan's own do; in others a very deep path is cut
 * (more than STEPS_WITHOUT_CALL names and mounts).
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <uapi/linux/openat2.h>

/*
 * The kernel keeps struct mount in fs/mount.h, which no package of kernel
 * headers holds. Its start has been the same since 3.13.
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
	u32 place;		   /* of the program in "again" */
	bool goes_on;
	bool to_fs_root; /* first */
	bool mount_root_passed;
};

BPF_PERCPU_ARRAY(walks, struct walk, PROGRAMS);

/* Each program, in its place: the frontend puts them in. */
BPF_PROG_ARRAY(again, SYSCALL_PROGRAMS);

static void enter_mount(struct walk *walk, struct vfsmount *mount)
{
	walk->at.mnt = mount;
	walk->mount_root = KERNEL_FIELD(mount, mnt_root);
}

static struct mount *whole_mount(struct vfsmount *mount)
{
	return (void *)mount - offsetof(struct mount, mnt);
}

/* From the root of a mount to where that is mounted, if it is. */
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

/* All that we need of a dentry lies between its start and its name's end. */
static void read_dentry(struct dentry *copy, const struct dentry *dentry)
{
	bpf_probe_read_kernel(
		copy, offsetof(struct dentry, d_name) + sizeof(copy->d_name),
		dentry);
}

#ifdef PATH_VIEW_HOST
/* Of the first mount: is the way to the root of its file system? */
static bool pass_mount_root(struct walk *walk, struct event *event)
{
	if (!walk->to_fs_root)
		return false;
	event->mount_size = event->dir_size;
	walk->mount_root_passed = true;
	return true;
}

/* What has no parent is that root, if it is above the mount's. */
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
 * Of what is in no directory at all. A memfd has a name. A pipe has none, a
 * namespace is called "/": they are shown by the name that the program gave.
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

/* False where the way ends. */
static bool step_up(struct walk *walk, struct event *event)
{
	struct dentry *here = walk->at.dentry;
	struct dentry copy = {};

	if (here == walk->end.dentry && walk->at.mnt == walk->end.mnt)
		return false;
	if (here == walk->mount_root && !pass_mount_root(walk, event)) {
		if (leave_mount(walk))
			return true;
		/* All mounts are left behind, and the root was none of them. */
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

static struct walk *walk_of(u32 program)
{
	return walks.lookup(&program);
}

static bool calls_itself(u32 program)
{
#ifdef PLAN_FENTRY
	/* Of a type of its own, if BTF describes its function differently. */
	if (program % CALLS == CALL_OPEN_BY_HANDLE_AT)
		return false;
#endif
	return program < SYSCALL_PROGRAMS;
}

/* Does not return where it calls the program again. */
static void walk_up(void *ctx, u32 program, struct walk *walk,
		    struct event *event)
{
	int steps = calls_itself(program) ? STEPS_AT_ONCE : STEPS_WITHOUT_CALL;

	for (int i = 0; i < steps; i++)
		if (!step_up(walk, event))
			return;

	if (calls_itself(program)) {
		walk->goes_on = true;
		/*
		 * Through memory: for a constant place the kernel patches code,
		 * and 6.18 then keeps the map for ever.
		 */
		walk->place = program;
		asm volatile("" : : : "memory");
		again.call(ctx, walk->place);
		walk->goes_on = false;
	}
	event->dir_state |= DIR_CUT;
}

static bool read_kernel_path(struct path *path, const void *from)
{
	return bpf_probe_read_kernel(path, sizeof(*path), from) == 0;
}

/* Of an open file of the task. */
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

/* The directory that a relative name begins at. */
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
 * Is the file that was opened shown in place of the name? It is found by its
 * descriptor, so this is for syscalls only.
 */
static bool shows_real_path(enum open_call call)
{
#ifdef REAL_PATH
	return is_syscall(call);
#else
	return call == CALL_OPEN_BY_HANDLE_AT;
#endif
}

/* Where the way up begins. False where the name needs none. */
static bool find_start(struct path *start, struct event *event,
		       const struct open_args *open, struct task_struct *task)
{
	if (shows_real_path(open->call) && event->ret >= 0) {
		if (!path_of_file(start, task, event->ret))
			return false;
		event->dir_state = DIR_IS_FILE;
		if (event->path_size < 0) { /* a name isn't needed */
			event->path[0] = '\0';
			event->path_size = 1;
		}
		return true;
	}
#ifdef FULL_PATH /* else names are shown as the program gave them */
	if (event->path_size <= 1)
		return false;
	if (event->path[0] != '/' || open->resolve & RESOLVE_IN_ROOT)
		return path_of_directory(start, task, open->dirfd);
#ifdef PATH_VIEW_HOST
	/* It also has the directories above the root of the process. */
	return path_of_root(start, task);
#endif
#endif
	return false;
}

#ifdef PATH_VIEW_HOST
/* Mounts on mounts; where there are more, the way is that of other mounts. */
#define MOUNTS_ABOVE 64

/* What all is mounted on, in the mount's namespace. */
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
 * That in the tool's mount namespace; 0 until it is known. An open of the
 * tool's own comes to it: some are made before a trace begins.
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
 * A name that leads into another mount is none on the host, even below the
 * same directory: what it led to is shown.
 */
static void follow_into_mount(struct path *start, struct event *event,
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

/* Mounts of another namespace (a container's, say) are none of the host's. */
static void choose_way(struct walk *walk, struct event *event,
		       const struct open_args *open, struct task_struct *task)
{
	walk->mount_root_passed = false;
	walk->to_fs_root = !is_of_host(walk->at.mnt, event);
	if (!walk->to_fs_root)
		return;
	event->dir_state |= DIR_OTHER_MOUNTS;
	follow_into_mount(&walk->at, event, open, task);
}
#else
static void choose_way(struct walk *walk, struct event *event,
		       const struct open_args *open, struct task_struct *task)
{
	path_of_root(&walk->end, task);
}
#endif

/* d_unlinked() of the kernel's dcache.h */
static bool is_deleted(const struct dentry *dentry)
{
	struct dentry copy = {};

	read_dentry(&copy, dentry);
	return !copy.d_hash.pprev && copy.d_parent != dentry;
}

/* Not compiled into programs that never have to. */
static bool shows_directories(u32 program)
{
#ifdef FULL_PATH
	/* There, names begin at a directory that the kernel chose. */
	return program != PROGRAM_KERNEL_BELOW;
#else
	return program == PROGRAM(CALL_OPEN_BY_HANDLE_AT, 64) ||
	       program == PROGRAM(CALL_OPEN_BY_HANDLE_AT, 32);
#endif
}

static void find_directories(void *ctx, u32 program, struct event *event,
			     const struct open_args *open)
{
	struct task_struct *task;
	struct walk *walk;

	if (!shows_directories(program))
		return;
	task = (struct task_struct *)bpf_get_current_task();
	walk = walk_of(program);
	if (!walk || !find_start(&walk->at, event, open, task))
		return;
	choose_way(walk, event, open, task);
	event->dir_state |= DIR_IS_KNOWN;
	if (is_deleted(walk->at.dentry))
		event->dir_state |= DIR_IS_DELETED;
	enter_mount(walk, walk->at.mnt);
	walk_up(ctx, program, walk, event);
}

/* Was the program called again, to go on? Then it is at the end now. */
static bool went_on_walking(void *ctx, u32 program, struct event *event)
{
	struct walk *walk;

	if (!shows_directories(program) || !calls_itself(program))
		return false;
	walk = walk_of(program);
	if (!walk || !walk->goes_on)
		return false;
	walk->goes_on = false;
	walk_up(ctx, program, walk, event);
	return true;
}
