// SPDX-License-Identifier: Apache-2.0
/*
 * A service of nsswitch.conf(5) that answers slowly, as one on another host
 * may: after SECONDS, each user is called "slow". It knows nothing of users
 * below 1000, whom another service may know.
 *
 * Compile it as the shared library libnss_slow.so.2.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <time.h>

enum nss_status _nss_slow_getpwuid_r(uid_t uid, struct passwd *found,
				     char *room, size_t size, int *error);

enum nss_status _nss_slow_getpwuid_r(uid_t uid, struct passwd *found,
				     char *room, size_t size, int *error)
{
	static char name[] = "slow";
	const struct timespec pause = {
		.tv_sec = (time_t)SECONDS,
		.tv_nsec = (long)(SECONDS * 1e9) % 1000000000,
	};

	(void)room;
	(void)size;
	*error = ENOENT;
	if (uid < 1000)
		return NSS_STATUS_NOTFOUND;
	nanosleep(&pause, NULL);
	*found = (struct passwd){.pw_name = name, .pw_uid = uid};
	return NSS_STATUS_SUCCESS;
}
