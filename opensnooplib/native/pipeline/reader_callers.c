// SPDX-License-Identifier: Apache-2.0
#include "pipeline/reader_callers.h"

#include "pipeline/reader_data.h"

int reader_name_callers(struct reader *reader)
{
	if (reader->format.callers)
		return 0;
	return callers_open(&reader->format.callers, reader->rings,
			    reader->ring_count, &reader->own);
}

int follow_callers_on_cpus(struct reader *reader)
{
	if (!reader->format.callers)
		return 0;
	callers_close(reader->format.callers);
	reader->format.callers = NULL;
	return reader_name_callers(reader);
}
