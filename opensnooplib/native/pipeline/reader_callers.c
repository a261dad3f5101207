// SPDX-License-Identifier: Apache-2.0
#include "pipeline/reader_callers.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline/reader_data.h"

/* The CPUs of all rings; some may be offline. NULL without memory. */
static int *cpus_of(const struct reader *reader)
{
	int *cpus = calloc(reader->ring_count, sizeof(*cpus));

	for (unsigned int i = 0; cpus && i < reader->ring_count; i++)
		cpus[i] = reader->rings[i].cpu;
	return cpus;
}

int reader_name_callers(struct reader *reader)
{
	int *cpus;
	int error;

	if (reader->format.callers)
		return 0;
	cpus = cpus_of(reader);
	if (!cpus)
		return -ENOMEM;
	reader->format.callers =
		callers_open(cpus, reader->ring_count, &reader->own, &error);
	free(cpus);
	return error;
}

int follow_callers_on_cpus(struct reader *reader)
{
	int *cpus;
	int error;

	if (!reader->format.callers)
		return 0;
	cpus = cpus_of(reader);
	if (!cpus)
		return -ENOMEM;
	error = mappings_follow_cpus(&reader->format.callers->mappings, cpus,
				     reader->ring_count);
	free(cpus);
	return error;
}
