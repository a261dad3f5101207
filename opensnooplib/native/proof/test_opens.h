/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens that the tool makes itself, to see whether it sees them.
 */
#ifndef OPENSNOOP_TEST_OPENS_H
#define OPENSNOOP_TEST_OPENS_H

/*
 * Open `path`, which must not exist, the way that `call` names: a syscall
 * (open, creat, openat, openat2), or one of opensnooplib/kernel/ways.py. For
 * reading, where there is a choice; open_by_handle_at gets a handle of no file.
 * Returns the descriptor or a negative errno; -EOPNOTSUPP for a call that no
 * kernel of this machine has. Goes around libc, which would turn open into
 * openat.
 */
int calibration_open(const char *call, const char *path);

#endif
