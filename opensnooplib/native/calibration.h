/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens that the tool makes itself, to see whether it sees them.
 */
#ifndef OPENSNOOP_CALIBRATION_H
#define OPENSNOOP_CALIBRATION_H

/*
 * Open `path` the way that `call` names (open, creat, openat, openat2 or
 * io_uring), for reading where the syscall leaves the choice. Returns the
 * descriptor or a negative errno; -ENOSYS for a call that this machine
 * doesn't have. Goes around libc, which would turn open into openat.
 */
int calibration_open(const char *call, const char *path);

#endif
