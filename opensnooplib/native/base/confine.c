// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* setresuid */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)offset);
}

static struct sock_filter answer(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* Skip so many instructions if the loaded number passes the test, or if not. */
static struct sock_filter skip(uint16_t test, uint32_t number, uint8_t if_true,
			       uint8_t if_false)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, number,
					    if_true, if_false);
}

/*
 * Refused calls fail with EPERM, for which libc often knows another way: one
 * that is newer than those of the tests doesn't end the process.
 */
static bool filter_syscalls(const unsigned int *calls, size_t count,
			    bool reads_files)
{
	const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
	struct sock_filter code[2 * CONFINED_CALLS_MAX + 24];
	struct sock_filter *next = code;
	struct sock_fprog program = {.filter = code};

	*next++ = load(offsetof(struct seccomp_data, arch));
	*next++ = skip(BPF_JEQ, ARCHITECTURE, 1, 0);
	*next++ = answer(refuse);
	*next++ = load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		*next++ = skip(BPF_JEQ, calls[i], 0, 1);
		*next++ = answer(SECCOMP_RET_ALLOW);
	}
	if (reads_files) {
		*next++ = skip(BPF_JEQ, __NR_openat, 0, 4);
		*next++ = load(offsetof(struct seccomp_data, args[2]));
		*next++ = skip(BPF_JSET, O_ACCMODE | O_CREAT | O_TRUNC, 1, 0);
		*next++ = answer(SECCOMP_RET_ALLOW);
		*next++ = answer(refuse);
	}
	/* libc tries this first: its flags are in memory. */
	*next++ = skip(BPF_JEQ, __NR_clone3, 0, 1);
	*next++ = answer(SECCOMP_RET_ERRNO | ENOSYS);
	*next++ = skip(BPF_JEQ, __NR_clone, 0, 3);
	*next++ = load(offsetof(struct seccomp_data, args[0]));
	*next++ = skip(BPF_JSET, CLONE_THREAD, 0, 1);
	*next++ = answer(SECCOMP_RET_ALLOW);
	*next++ = answer(refuse);
	program.len = (unsigned short)(next - code);
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/* All but `kept`; nor does it get others by exec. */
static bool drop_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2] = {{0}};

	syscall(__NR_capget, &header, sets);
	for (int i = 0; i < 2; i++) {
		sets[i].permitted &= (uint32_t)(kept >> 32 * i);
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(__NR_capset, &header, sets) == 0;
}

/* Capabilities stay for now. */
static bool become(uid_t user)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	return user != 0 && setgroups(0, NULL) == 0 &&
	       setresgid(user, user, user) == 0 &&
	       setresuid(user, user, user) == 0;
}

int confine(uint32_t user, uint64_t kept, const unsigned int *calls,
	    size_t count, bool reads_files)
{
	int confined = 0;
	int end_signal = 0;

	/* A change of credentials resets it. */
	prctl(PR_GET_PDEATHSIG, &end_signal);
	if (become(user))
		confined |= CONFINED_USER;
	/* Nobody may read its memory, or trace it, but root. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (drop_capabilities(kept) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		confined |= CONFINED_CAPABILITIES;
	prctl(PR_SET_PDEATHSIG, end_signal);
	if (count > 0 && filter_syscalls(calls, count, reads_files))
		confined |= CONFINED_SYSCALLS;
	return confined;
}
