/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who called open: the return addresses on the user stack, innermost first.
 *
 * The kernel finds them by frame pointers. Addresses are all it knows; their
 * names are looked up in user space.
 */

/*
 * Where there is no user stack, all are 0. The last one is 0 always, so that
 * a stack which may go on ends otherwise than one that is whole.
 */
static void fill_callers(void *ctx, struct event *event)
{
	bpf_get_stack(ctx, event->callers, CALLERS * sizeof(u64),
		      BPF_F_USER_STACK);
}
