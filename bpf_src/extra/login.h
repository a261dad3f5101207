/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The users of the caller beside the real one, as the host numbers them.
 */
#include <linux/cred.h>

#include "extra/kernel_memory.h"

static u32 effective_user(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cred *cred = (struct cred *)KERNEL_FIELD(task, cred);

	return KERNEL_FIELD(cred, euid.val);
}

/* Only kernels with CONFIG_AUDIT have the field. */
#if WANT_AUID
static u32 login_user(void)
{
	u32 user = 0;

	READ_AT(user, bpf_get_current_task(), TASK_LOGINUID);
	return user;
}
#endif
