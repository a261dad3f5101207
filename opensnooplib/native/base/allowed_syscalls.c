// SPDX-License-Identifier: Apache-2.0
/*
 * Allowed system calls: those that are left to the trace, a replay, and the
 * watcher of --live. They run Python, which calls both functions here; these
 * return bits of enum confined.
 */
#define _GNU_SOURCE /* the numbers of all system calls */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"

#ifdef __aarch64__ /* which has the newer forms alone */
#define OLDER_CALLS
#else
#define OLDER_CALLS                                                            \
	__NR_stat, __NR_lstat, __NR_readlink, __NR_select, __NR_time,
#endif

/* What both processes need: descriptors, memory, time, signals, the end. */
#define SHARED_CALLS                                                           \
	OLDER_CALLS __NR_read, __NR_pread64, __NR_lseek, __NR_close,           \
		__NR_fstat, __NR_newfstatat, __NR_readlinkat, __NR_getcwd,     \
		__NR_sendto, __NR_recvfrom, __NR_brk, __NR_mmap, __NR_munmap,  \
		__NR_mremap, __NR_mprotect, __NR_madvise, __NR_clock_gettime,  \
		__NR_clock_nanosleep, __NR_nanosleep, __NR_pselect6,           \
		__NR_gettimeofday, __NR_futex, __NR_rt_sigaction,              \
		__NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_restart_syscall,  \
		__NR_uname, __NR_getpid, __NR_getuid, __NR_geteuid,            \
		__NR_getrandom, __NR_exit, __NR_exit_group

static const unsigned int reader_calls[] = {
	SHARED_CALLS, __NR_readv, __NR_write, __NR_writev, __NR_pwrite64,
	__NR_ftruncate, __NR_fsync, __NR_dup, __NR_dup3, __NR_ppoll,
	__NR_epoll_pwait, __NR_epoll_ctl, __NR_pipe2, __NR_socketpair,
	__NR_getsockname, __NR_sendmsg, __NR_recvmsg, __NR_shutdown,
	__NR_memfd_create,
	/* time, threads, children, signals */
	__NR_clock_getres, __NR_set_robust_list, __NR_rseq, __NR_sched_yield,
	__NR_sched_getaffinity, __NR_rt_sigtimedwait, __NR_sigaltstack,
	__NR_wait4, __NR_waitid, __NR_gettid,
#ifndef __aarch64__
	__NR_poll, __NR_epoll_wait, __NR_dup2
#endif
};

static const unsigned int watcher_calls[] = {SHARED_CALLS, __NR_getdents64};

/* TCGETS2 and so on, for newer libcs: their header goes with no other. */
#define GET_TERMIOS2   0x802c542a
#define SET_TERMIOS2_W 0x402c542c
#define SET_TERMIOS2_F 0x402c542d

/* Neither signals of other processes, nor what a terminal would do. */
#define OF_DESCRIPTORS                                                         \
	ONE_OF(__NR_fcntl, 1, F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD,      \
	       F_GETFL, F_SETFL, F_SETLK)

/* A trace or a replay, once all that it reads and writes is open. */
int confine_reader(uint32_t user)
{
	/* Since Linux 5.19, to read a map takes no capability. */
	const struct confined_argument arguments[] = {
		OF_DESCRIPTORS,
		ONE_OF(__NR_ioctl, 1, TCGETS, TCSETSW, TCSETSF, GET_TERMIOS2,
		       SET_TERMIOS2_W, SET_TERMIOS2_F, TIOCGWINSZ, FIOCLEX,
		       FIONBIO, PERF_EVENT_IOC_ID, PERF_EVENT_IOC_SET_OUTPUT),
		ONE_OF(__NR_bpf, 0, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM,
		       BPF_MAP_DELETE_ELEM, BPF_OBJ_GET_INFO_BY_FD,
		       BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_BATCH),
		ONE_OF(__NR_tgkill, 0, (uint32_t)getpid()),
		ONE_OF(__NR_prlimit64, 0, 0),
		ONE_OF(__NR_prctl, 0, PR_SET_NAME),
		{__NR_clone, 0, CLONE_THREAD, 1, {CLONE_THREAD}},
	};
	const struct confined_calls left = {
		reader_calls,
		LENGTH(reader_calls),
		arguments,
		LENGTH(arguments),
	};

	/* What libc opens when it is first needed; for the end of a thread: */
	dlopen("libgcc_s.so.1", RTLD_NOW);
	tzset();
	return confine(user, 0, &left);
}

/* The watcher of --live: it reads files, and answers. It has `kept`. */
int confine_watcher(uint64_t kept)
{
	const struct confined_argument arguments[] = {
		ONLY_TO_READ,
#ifndef __aarch64__ /* musl's open() */
		{__NR_open, 1, O_ACCMODE | O_CREAT | O_TRUNC, 1, {O_RDONLY}},
#endif
		OF_DESCRIPTORS,
		ONE_OF(__NR_ioctl, 1, FIOCLEX, TCGETS),
	};
	const struct confined_calls left = {
		watcher_calls,
		LENGTH(watcher_calls),
		arguments,
		LENGTH(arguments),
	};

	return confine(0, kept, &left);
}
