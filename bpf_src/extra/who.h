/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who really opens the file: the columns exe, args, pcomm, parents, euid, auid
 * and unit. They are filled when the open ends, since the process may be gone
 * when its row is made.
 */
#include <linux/cred.h>

#include "extra/args.h"
#include "extra/exe.h"
#include "extra/parents.h"
#include "extra/unit.h"

static void fill_who(struct event *event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	/* A value of a const struct could not be read into. */
	struct cred *cred = (struct cred *)KERNEL_FIELD(task, cred);

	if (WANT_EUID)
		event->euid = KERNEL_FIELD(cred, euid.val);
	/* Only kernels with CONFIG_AUDIT have the field. */
	CALL_IF(WANT_AUID, event->auid = KERNEL_FIELD(task, loginuid.val));
	if (WANT_ARGS)
		fill_args(event, task);
	if (WANT_PARENTS)
		fill_parents(event, task);
	if (WANT_UNIT)
		fill_unit(event);
}
