/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of struct event that cost something. --columns ppid, for example, sets
 * WANT_PPID to 1; a field that isn't wanted is neither filled nor shown.
 */
#define CALLERS 127 /* the default of kernel.perf_event_max_stack */

/*
 * Room for texts, each with its NUL, and then NULs. The last byte is not 0 if
 * there are more.
 */
#define TEXTS_ROOM 256

u64 latency;	     /* how long the open took; column: ns width=12 */
u64 cgroup_id;	     /* the ID of the cgroup, version 2 */
enum open_call call; /* the call that opened the file */
u32 gid;	     /* the real group ID, as the host numbers groups */
u32 ppid;	     /* the parent, as the host numbers it; column: width=-6 */
u32 mntns;	     /* inode of the mount namespace; column: width=-10 */
u32 euid;	     /* the effective user ID; column: width=-5 */
u32 auid;	     /* who logged in, the loginuid; column: width=-10 */
u32 exe;	     /* bytes of names of the program's path, and EXE_STATE */

/* The large ones are there only if they are wanted. */
char args[WANT_ARGS * TEXTS_ROOM];	   /* the command line, in texts */
char parents[WANT_PARENTS * TEXTS_ROOM];   /* names of parents, in texts */
char unit[WANT_UNIT * NAME_ROOM];	   /* of systemd; "": none */
u64 callers[WANT_CALLERS * (CALLERS + 1)]; /* who called: user stack, then 0 */
#if PATH_VIEW_HOST
u32 fs_device;	/* the kernel's number of the file system, or 0 */
u32 fs_size;	/* bytes of directories up to its root */
u32 mount_size; /* of these, up to the root of the mount */
#endif
