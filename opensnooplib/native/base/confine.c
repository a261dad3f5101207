// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* setresuid */
#include "base/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

#define CODE_MAX (2 * CONFINED_CALLS_MAX + 30 * CONFINED_ARGUMENTS_MAX + 8)

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)offset);
}

static struct sock_filter answer(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* Skip so many instructions if the loaded number is this one, or if not. */
static struct sock_filter skip(uint32_t number, uint8_t if_it_is,
			       uint8_t if_not)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number,
					    if_it_is, if_not);
}

static struct sock_filter *allow(struct sock_filter *next, uint32_t number)
{
	*next++ = skip(number, 0, 1);
	*next++ = answer(SECCOMP_RET_ALLOW);
	return next;
}

static struct sock_filter *check(struct sock_filter *next,
				 const struct confined_argument *rule)
{
	struct sock_filter *first = next++;

	*next++ = load(offsetof(struct seccomp_data, args) +
		       rule->argument * sizeof(uint64_t));
	*next++ = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
					       rule->mask);
	for (size_t i = 0; i < rule->count; i++)
		next = allow(next, rule->values[i]);
	*next++ = answer(REFUSED);
	*first = skip(rule->call, 0, (uint8_t)(next - first - 1));
	return next;
}

/*
 * Refused calls fail with EPERM, for which libc often knows another way: one
 * that is newer than those of the tests doesn't end the process.
 */
static bool filter_syscalls(const struct confined_calls *left)
{
	struct sock_filter code[CODE_MAX];
	struct sock_filter *next = code;
	struct sock_fprog program = {.filter = code};

	*next++ = load(offsetof(struct seccomp_data, arch));
	*next++ = skip(ARCHITECTURE, 1, 0);
	*next++ = answer(REFUSED);
	*next++ = load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < left->count; i++)
		next = allow(next, left->calls[i]);
	for (size_t i = 0; i < left->argument_count; i++)
		next = check(next, &left->arguments[i]);
	/* libc tries this before clone(2): its flags are in memory. */
	*next++ = skip(__NR_clone3, 0, 1);
	*next++ = answer(SECCOMP_RET_ERRNO | ENOSYS);
	*next++ = answer(REFUSED);
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

static bool become(uid_t user)
{
	return user != 0 && setgroups(0, NULL) == 0 &&
	       setresgid(user, user, user) == 0 &&
	       setresuid(user, user, user) == 0;
}

int confine(uint32_t user, uint64_t kept, const struct confined_calls *left)
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
	if (left && filter_syscalls(left))
		confined |= CONFINED_SYSCALLS;
	return confined;
}
