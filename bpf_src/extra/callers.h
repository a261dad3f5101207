/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -c: the return addresses on the caller's user stack, innermost first.
 *
 * The kernel finds them by frame pointers. The reader looks up their names.
 */

/*
 * All addresses are 0 where there is no user stack. The last one is always 0:
 * the reader takes a stack that fills all others for one that is cut.
 */
static void fill_callers(void *ctx, struct event *event)
{
	bpf_get_stack(ctx, event->callers, CALLERS * sizeof(u64),
		      BPF_F_USER_STACK);
}
