// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "perf/perf_event.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/monitor.h"

static void describe_records(struct perf_event_attr *attr,
			     enum perf_event_kind kind)
{
	attr->config = PERF_COUNT_SW_BPF_OUTPUT;
	attr->sample_period = 1;
	attr->sample_type = PERF_SAMPLE_RAW;
	if (kind != EVENT_RECORDS)
		attr->sample_type |= PERF_SAMPLE_IDENTIFIER;
	if (kind == EVENT_RECORDS_WITH_TASK)
		attr->sample_type |= PERF_SAMPLE_TID;
	attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
}

static void describe_mappings(struct perf_event_attr *attr)
{
	attr->config = PERF_COUNT_SW_DUMMY;
	attr->mmap = 1;
	attr->mmap2 = 1;
	attr->comm = 1;
	attr->comm_exec = 1;
	attr->task = 1;
	/* The last 8 bytes of each record are its time. */
	attr->sample_id_all = 1;
	attr->sample_type = PERF_SAMPLE_TIME;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
}

int event_open(enum perf_event_kind kind, int cpu, unsigned int pages,
	       unsigned int watermark)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.watermark = 1,
		.wakeup_watermark = watermark,
	};
	char request[MONITOR_TEXT_MAX];
	int fd;

	if (kind == EVENT_MAPPINGS)
		describe_mappings(&attr);
	else
		describe_records(&attr, kind);
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno != EPERM && errno != EACCES)
		return -errno;
	/* This process may not even lock the ring's memory. */
	snprintf(request, sizeof(request), "event_open %d %d %u %u", kind, cpu,
		 pages, watermark);
	return monitor_ask(request, NULL, 0);
}
