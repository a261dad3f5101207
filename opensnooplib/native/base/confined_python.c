// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* the numbers of all system calls */
#include "base/confined_python.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/confine.h"

/*
 * All that a trace, a replay or the watcher needs of the kernel once its
 * descriptors are open. bpf(2) checks each request by itself; since Linux 5.19,
 * reading a map needs no capability.
 */
static const unsigned int calls[] = {
	/* descriptors */
	__NR_read, __NR_readv, __NR_pread64, __NR_write, __NR_writev,
	__NR_pwrite64, __NR_lseek, __NR_close, __NR_fstat, __NR_newfstatat,
	__NR_ftruncate, __NR_fsync, __NR_fcntl, __NR_dup, __NR_dup3, __NR_ioctl,
	__NR_ppoll, __NR_pselect6, __NR_epoll_pwait, __NR_epoll_ctl, __NR_pipe2,
	__NR_socketpair, __NR_sendmsg, __NR_recvmsg, __NR_sendto, __NR_recvfrom,
	__NR_shutdown, __NR_memfd_create, __NR_readlinkat, __NR_getcwd,
	__NR_bpf,
	/* memory */
	__NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect,
	__NR_madvise,
	/* time */
	__NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep,
	__NR_nanosleep, __NR_gettimeofday,
	/* threads, children, signals, and the end */
	__NR_futex, __NR_set_robust_list, __NR_rseq, __NR_sched_yield,
	__NR_sched_getaffinity, __NR_rt_sigaction, __NR_rt_sigprocmask,
	__NR_rt_sigreturn, __NR_rt_sigtimedwait, __NR_sigaltstack,
	__NR_restart_syscall, __NR_tgkill, __NR_wait4, __NR_waitid,
	__NR_prlimit64, __NR_uname, __NR_getpid, __NR_gettid, __NR_getuid,
	__NR_geteuid, __NR_getrandom, __NR_exit, __NR_exit_group,
#ifndef __aarch64__ /* which has the newer forms alone */
	__NR_stat, __NR_lstat, __NR_readlink, __NR_poll, __NR_select,
	__NR_epoll_wait, __NR_dup2, __NR_time
#endif
};

int confine_python(uint32_t user, uint64_t kept, bool reads_files)
{
	/* What libc opens when it is first needed; for the end of a thread: */
	dlopen("libgcc_s.so.1", RTLD_NOW);
	tzset();
	return confine(user, kept, calls, sizeof(calls) / sizeof(*calls),
		       reads_files);
}
