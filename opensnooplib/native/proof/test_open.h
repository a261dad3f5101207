/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test open: an open that the tool makes itself, to check that it is shown.
 */
#ifndef OPENSNOOP_TEST_OPEN_H
#define OPENSNOOP_TEST_OPEN_H

/*
 * Open `path`, which must not exist, in the way that `call` names: a syscall
 * (open, creat, openat, openat2), or one of opensnooplib/kernel/ways.py. The
 * mode is reading, where there is a choice; open_by_handle_at gets a handle of
 * no file. libc is bypassed, since it would turn open into openat.
 *
 * Returns a descriptor or a negative errno; -EOPNOTSUPP: no kernel has this
 * call on this machine.
 */
int test_open(const char *call, const char *path);

#endif
