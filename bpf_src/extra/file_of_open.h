/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which calls have directories in their records, and the files they opened.
 */
#include <linux/fdtable.h>

#include "extra/kernel_memory.h"
#include "extra/record_values.h"

static bool is_by_handle(enum open_call call)
{
	return call == CALL_OPEN_BY_HANDLE_AT ||
	       call == CALL_OPEN_BY_HANDLE_AT_32;
}

static bool is_syscall(enum open_call call)
{
	return call <= CALL_OPEN_BY_HANDLE_AT || call >= CALL_OPEN_32;
}

static bool read_kernel_path(struct path *path, const void *from)
{
	return bpf_probe_read_kernel(path, sizeof(*path), from) == 0;
}

/* The path of an open file of the task. */
static bool path_of_file(struct path *path, struct task_struct *task, int fd)
{
	struct files_struct *files = KERNEL_FIELD(task, files);
	struct fdtable *table = KERNEL_FIELD(files, fdt);
	struct file *file = NULL;

	if (fd < 0 || fd >= KERNEL_FIELD(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file),
			      KERNEL_FIELD(table, fd) + fd);
	return file && read_kernel_path(path, &file->f_path);
}
