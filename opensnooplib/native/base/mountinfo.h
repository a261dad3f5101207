/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mountinfo: the mounts of a process, as in proc_pid_mountinfo(5).
 */
#pragma once

/* A line. The texts are in it, with a NUL at their end. */
struct mountinfo {
	unsigned long id;
	unsigned long parent; /* the id of the mount that it is mounted on */
	unsigned int device_major;
	unsigned int device_minor;
	const char *root;  /* of the file system: the directory mounted */
	const char *point; /* where it is mounted */
	const char *type;  /* of the file system */
};

/* Parse a line, whose texts are changed in it. */
struct mountinfo mountinfo_parse(char *line);
