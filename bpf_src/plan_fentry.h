/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the function of the plan "kprobe", through a trampoline.
 *
 * A program at the exit of a function (fexit) has both its arguments and its
 * result, so this plan needs no map. It needs BTF.
 */
#include <uapi/linux/openat2.h>

/* One macro more, so that OPEN_FUNCTION is expanded before it is pasted. */
#define FEXIT_PROBE(function, args...) KRETFUNC_PROBE(function, args)

FEXIT_PROBE(OPEN_FUNCTION, int dfd, const char *filename,
	    struct open_how *copied_how, long ret)
{
	struct open_how how = {};
	struct open_start begun = {
		.pid_tgid = caller_pid_tgid(), .user_path = filename,
		/* With no path_size the name is read now. */
	};

	ret = (int)ret;
	bpf_probe_read_kernel(&how, sizeof(how), copied_how);
	begun.flags = how.flags;
	begun.mode = how.mode;
	bpf_get_current_comm(begun.comm, sizeof(begun.comm));
	if (is_tool(begun.pid_tgid) ||
	    (caller_selected(begun.pid_tgid) && flags_selected(how.flags) &&
	     result_selected(ret)))
		record_open(ctx, &begun, ret);
	return 0;
}
