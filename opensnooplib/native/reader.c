// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "reader_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bpf_object.h"

/*
 * A record's time is taken a moment before the record is complete. One that
 * is younger than this waits for what a slower CPU may still be writing: in a
 * virtual machine a CPU can stand still for many milliseconds.
 */
#define HOLD_BACK_NS (20 * 1000 * 1000)
#define HOLD_BACK_MS 20

/* How often the one record that is awaited is looked for. */
#define LOOK_MS 1

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The ring is closed where this fails. */
static int open_ring(struct reader *reader, struct ring *ring, int cpu)
{
	struct epoll_event event = {.events = EPOLLIN};
	int error = ring_open(ring, cpu, reader->pages, reader->is_shared);

	if (error)
		return error;
	if (epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, ring->fd, &event) < 0) {
		error = -errno;
		ring_close(ring);
	}
	return error;
}

static int open_rings(struct reader *reader, const int *cpus,
		      unsigned int cpu_count)
{
	reader->rings = calloc(cpu_count, sizeof(*reader->rings));
	if (!reader->rings)
		return -ENOMEM;

	for (unsigned int i = 0; i < cpu_count; i++) {
		int error = open_ring(reader, &reader->rings[i], cpus[i]);

		if (error)
			return error;
		reader->ring_count++;
	}
	return merge_init(&reader->merge, reader->rings, reader->ring_count);
}

static int add_to_rings(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++) {
		int error = ring_add_stream(&reader->rings[i], stream);

		if (error)
			return error;
	}
	return 0;
}

int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages, bool is_shared)
{
	int error;

	*reader = calloc(1, sizeof(**reader));
	if (!*reader)
		return -ENOMEM;
	(*reader)->pages = pages;
	(*reader)->is_shared = is_shared;
	(*reader)->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	error = (*reader)->epoll_fd < 0 ? -errno
					: open_rings(*reader, cpus, cpu_count);
	if (!error && is_shared)
		error = add_to_rings(*reader, 0);
	if (error) {
		reader_close(*reader);
		*reader = NULL;
	}
	return error;
}

static void free_stream(struct stream *stream)
{
	free(stream->heading);
	*stream = (struct stream){0};
}

void reader_close(struct reader *reader)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_close(&reader->rings[i]);
	free(reader->rings);
	merge_free(&reader->merge);
	output_free(&reader->output);
	for (uint32_t stream = 0; stream < STREAMS_MAX; stream++)
		free_stream(&reader->streams[stream]);
	free(reader->heading);
	recording_free(&reader->recording);
	conditions_free(&reader->conditions);
	tally_clear(&reader->tally);
	names_free(&reader->format.names);
	callers_close(reader->format.callers);
	if (reader->epoll_fd >= 0)
		close(reader->epoll_fd);
	free(reader);
}

int reader_add_stream(struct reader *reader)
{
	uint32_t stream = 0;
	int error;

	while (ring_event(&reader->rings[0], stream) > 0)
		if (++stream == STREAMS_MAX)
			return -EBUSY;
	error = add_to_rings(reader, stream);
	if (error) {
		reader_drop_stream(reader, stream);
		return error;
	}
	reader->newest = stream;
	return (int)stream;
}

void reader_end_stream(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_end_stream(&reader->rings[i], stream);
}

bool reader_stream_is_read(const struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		if (!ring_stream_is_read(&reader->rings[i], stream))
			return false;
	return true;
}

uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < reader->ring_count; i++)
		lost += reader->rings[i].streams[stream].lost;
	return lost;
}

void reader_drop_stream(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_drop_stream(&reader->rings[i], stream);
	free_stream(&reader->streams[stream]);
	if (reader->current == stream)
		reader->current = STREAMS_MAX; /* none */
}

int reader_install(struct reader *reader, int map_fd)
{
	for (unsigned int i = 0; i < reader->ring_count; i++) {
		struct ring *ring = &reader->rings[i];
		int error = array_set_fd(map_fd, (uint32_t)ring->cpu,
					 ring_event(ring, reader->newest));

		if (error)
			return error;
	}
	return 0;
}

static struct ring *ring_of(struct reader *reader, int cpu)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		if (reader->rings[i].cpu == cpu)
			return &reader->rings[i];
	return NULL;
}

/* One ring more, at the end. */
static int add_ring(struct reader *reader, const struct ring *ring)
{
	unsigned int count = reader->ring_count + 1;
	struct ring *rings = realloc(reader->rings, count * sizeof(*rings));

	if (!rings)
		return -ENOMEM;
	rings[reader->ring_count] = *ring;
	reader->rings = rings;
	reader->merge.rings = rings;
	if (merge_set_rings(&reader->merge, rings, count) < 0)
		return -ENOMEM;
	reader->ring_count = count;
	return 0;
}

static int put_into_maps(struct reader *reader, struct ring *ring)
{
	for (uint32_t i = 0; i < STREAMS_MAX; i++) {
		int map_fd = reader->streams[i].map_fd;
		int error = 0;

		if (!map_fd)
			continue;
		if (ring->is_shared)
			error = ring_add_stream(ring, i);
		if (!error)
			error = array_set_fd(map_fd, (uint32_t)ring->cpu,
					     ring_event(ring, i));
		if (error)
			return error;
	}
	return 0;
}

int reader_name_callers(struct reader *reader)
{
	int *cpus;
	int error;

	if (reader->format.callers)
		return 0;
	cpus = calloc(reader->ring_count, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	for (unsigned int i = 0; i < reader->ring_count; i++)
		cpus[i] = reader->rings[i].cpu;
	reader->format.callers = callers_open(cpus, reader->ring_count, &error);
	free(cpus);
	return error;
}

/* What was mapped on a CPU while it was not followed isn't known. */
static int name_callers_anew(struct reader *reader)
{
	if (!reader->format.callers)
		return 0;
	callers_close(reader->format.callers);
	reader->format.callers = NULL;
	return reader_name_callers(reader);
}

int reader_follow_cpu(struct reader *reader, int cpu)
{
	struct ring *old = ring_of(reader, cpu);
	struct ring ring;
	int error;

	if (old) {
		ring_refresh(old);
		if (!ring_is_empty(old))
			return -EAGAIN;
	}
	error = open_ring(reader, &ring, cpu);
	if (error)
		return error;
	error = put_into_maps(reader, &ring);
	if (!error && !old)
		error = add_ring(reader, &ring);
	if (error) {
		ring_close(&ring);
		return error;
	}
	if (old) {
		ring_close(old);
		*old = ring;
	}
	return name_callers_anew(reader);
}

void reader_set_map(struct reader *reader, int map_fd)
{
	reader->streams[reader->newest].map_fd = map_fd;
}

static void use_format_of(struct reader *reader, const struct stream *stream)
{
	reader->format.layout = stream->layout;
	reader->format.columns = stream->columns;
	reader->format.column_count = stream->column_count;
	reader->row_bound = stream->row_bound;
}

int reader_set_format(struct reader *reader,
		      const struct format_request *request)
{
	struct stream *stream = &reader->streams[reader->newest];
	struct row_format format = {
		.columns = request->columns,
		.column_count = request->column_count,
		.layout = request->layout,
	};

	stream->columns = request->columns;
	stream->column_count = request->column_count;
	stream->layout = request->layout;
	reader->merge.ts[reader->newest] = request->layout.ts;
	reader->format.color = request->color;
	reader->format.clock.wall_offset = request->wall_offset;
	switch (request->kind) {
	case ROW_JSON:
		reader->put_row = put_json_row;
		stream->row_bound = json_row_bound(&format);
		break;
	case ROW_CSV:
		reader->put_row = put_csv_row;
		stream->row_bound = csv_row_bound(&format);
		break;
	default:
		reader->put_row = put_table_row;
		stream->row_bound = table_row_bound(&format);
	}
	if (reader->newest != reader->current)
		return 0;
	use_format_of(reader, stream);
	return reader->output.buffer
		       ? output_make_room(&reader->output, stream->row_bound)
		       : 0;
}

/* Up to which time records are in order now. */
static uint64_t ordered_until(void)
{
	return now_ns() - HOLD_BACK_NS;
}

static void wait_for_records(struct reader *reader, int timeout_ms)
{
	struct epoll_event event;

	if (reader->records_wait && !reader->gathers &&
	    timeout_ms > HOLD_BACK_MS)
		timeout_ms = HOLD_BACK_MS;
	if (epoll_wait(reader->epoll_fd, &event, 1, timeout_ms) > 0 &&
	    reader->gathers)
		nanosleep(&reader->gathering, NULL);
}

static bool put(struct output *output, const char *text)
{
	size_t size = strlen(text);
	char *out = NULL;

	if (output_make_room(output, size) == 0)
		out = output_reserve(output, size);
	if (!out)
		return false;
	memcpy(out, text, size);
	output_commit(output, out + size);
	return true;
}

/* Unless it stands there already. False where there is no room. */
static bool show_heading(struct reader *reader, const struct stream *stream)
{
	const char *heading = stream->heading;
	char *copy;

	if (!heading || (reader->heading && !strcmp(heading, reader->heading)))
		return true;
	copy = strdup(heading);
	if (!copy || !(reader->keeps ? put_description(reader, heading)
				     : put(&reader->output, heading))) {
		free(copy);
		return false;
	}
	free(reader->heading);
	reader->heading = copy;
	return true;
}

void reader_set_globs(struct reader *reader, const struct glob *globs,
		      unsigned int count)
{
	reader->globs = globs;
	reader->glob_count = count;
}

int reader_put_heading(struct reader *reader, const char *text)
{
	struct stream *stream = &reader->streams[reader->newest];

	free(stream->heading);
	stream->heading = strdup(text);
	if (!stream->heading)
		return -ENOMEM;
	if (reader->newest == reader->current && !show_heading(reader, stream))
		return -EIO;
	return 0;
}

int reader_put_text(struct reader *reader, const char *text)
{
	return put(&reader->output, text) ? 0 : -EIO;
}

/* From here on rows are this stream's. False where there is no room. */
static bool turn_to(struct reader *reader, uint32_t number)
{
	const struct stream *stream = &reader->streams[number];

	if (output_make_room(&reader->output, stream->row_bound) < 0 ||
	    !show_heading(reader, stream))
		return false;
	reader->current = number;
	use_format_of(reader, stream);
	return true;
}

bool all_rows_shown(const struct reader *reader)
{
	return reader->rows_wanted > 0 && reader->rows >= reader->rows_wanted;
}

void count_row(struct reader *reader, const struct record *record)
{
	enum path_state state = full_path_state(record, &reader->format.layout);

	reader->rows++;
	reader->unreadable += state == PATH_UNREADABLE;
	reader->cut += state == PATH_CUT || state == PATH_TOP_CUT;
}

static bool is_own(const struct reader *reader, const struct record *record)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	uint64_t pid;

	return record_unsigned(record, layout->pid, &pid) &&
	       pid == reader->own_pid;
}

/* Is it among the opens that were asked for? */
bool is_wanted(struct reader *reader, const struct record *record)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	struct text path;
	enum path_state state;

	if (is_own(reader, record) ||
	    !conditions_met(&reader->conditions, record))
		return false;
	if (reader->glob_count == 0)
		return true;
	state = full_path(record, layout, reader->format.path_room, &path);
	return path_is_wanted(reader->globs, reader->glob_count, path, state);
}

bool follow_stream(struct reader *reader, const struct record *record)
{
	return record->stream == reader->current ||
	       turn_to(reader, record->stream);
}

int reader_set_conditions(struct reader *reader, const struct condition *all,
			  uint32_t count, const struct wanted_bits *wanted,
			  uint32_t wanted_count)
{
	return conditions_set(&reader->conditions, all, count, wanted,
			      wanted_count);
}

static enum verdict show_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	struct row_format *format = &reader->format;
	uint64_t ts = 0;
	char *out;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (!follow_stream(reader, record))
		return NOT_CONSUMED;
	out = output_reserve(&reader->output, reader->row_bound);
	if (!out)
		return NOT_CONSUMED;
	record_unsigned(record, format->layout.ts, &ts);
	if (reader->rows == 0)
		format->first_ts = format->last_ts = ts;
	out = reader->put_row(out, format, record);
	format->last_ts = ts;
	output_commit(&reader->output, out);
	count_row(reader, record);
	return all_rows_shown(reader) ? CONSUMED_ENOUGH : CONSUMED;
}

int reader_start(struct reader *reader, int fd, uint64_t count,
		 uint32_t own_pid, bool by_line)
{
	int error = output_init(&reader->output, fd, reader->row_bound,
				FLUSH_MS, line_at);

	reader->rows_wanted = count;
	reader->own_pid = own_pid;
	reader->consume = show_record;
	reader->output.by_line = by_line || isatty(fd);
	return error;
}

struct waiting {
	struct reader *reader;
	const struct awaited_open *open;
	bool seen;
	bool is_blocked; /* by rows of older streams that find no room */
};

static enum verdict show_older(struct waiting *waiting,
			       const struct record *record)
{
	struct reader *reader = waiting->reader;
	enum verdict verdict = all_rows_shown(reader)
				       ? CONSUMED
				       : reader->consume(reader, record);

	waiting->is_blocked = verdict == NOT_CONSUMED;
	return verdict;
}

static bool has_path(struct reader *reader, const struct record *record,
		     const char *wanted)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	struct text path;
	enum path_state state =
		full_path(record, layout, reader->format.path_room, &path);

	if (!wanted)
		return state == PATH_UNREADABLE;
	return state == PATH_WHOLE && path.size == strlen(wanted) &&
	       memcmp(path.bytes, wanted, path.size) == 0;
}

static enum verdict compare_with_awaited(void *context,
					 const struct record *record)
{
	struct waiting *waiting = context;
	struct reader *reader = waiting->reader;
	const struct layout *layout = &reader->streams[record->stream].layout;
	const struct awaited_open *open = waiting->open;
	uint64_t pid;
	int64_t ret;

	if (record->stream != reader->newest)
		return show_older(waiting, record);
	if (!has_path(reader, record, open->path))
		return CONSUMED;
	if (record_unsigned(record, layout->pid, &pid) && pid != open->pid)
		return CONSUMED;
	if (record_signed(record, layout->ret, &ret) && ret != open->ret)
		return CONSUMED;
	waiting->seen = true;
	return CONSUMED_ENOUGH;
}

int reader_await_open(struct reader *reader, const struct awaited_open *open,
		      int timeout_ms)
{
	struct waiting waiting = {.reader = reader, .open = open};
	uint64_t deadline = now_ns() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		reader->records_wait =
			merge_drain(&reader->merge, ordered_until(),
				    compare_with_awaited, &waiting);
		output_flush(&reader->output);
		if (waiting.seen || now_ns() > deadline)
			break;
		wait_for_records(reader, LOOK_MS);
	}
	return !waiting.seen && waiting.is_blocked ? -EAGAIN : waiting.seen;
}

static enum verdict count_undelivered(void *context,
				      const struct record *record)
{
	struct reader *reader = context;

	reader->undelivered += is_wanted(reader, record);
	return CONSUMED;
}

int state_of(const struct reader *reader)
{
	if (reader->output.error == EPIPE)
		return READER_OUTPUT_CLOSED;
	if (reader->output.error)
		return READER_OUTPUT_FAILED;
	if (all_rows_shown(reader))
		return READER_COUNT_REACHED;
	return READER_GOES_ON;
}

int reader_poll(struct reader *reader, int timeout_ms)
{
	wait_for_records(reader, timeout_ms);
	if (reader->format.callers)
		mappings_follow(&reader->format.callers->mappings);
	if (!all_rows_shown(reader))
		reader->records_wait =
			merge_drain(&reader->merge, ordered_until(),
				    reader->consume, reader);
	output_flush(&reader->output);
	return state_of(reader);
}

int reader_finish(struct reader *reader, uint64_t until)
{
	reader->output.patience_ms = LAST_FLUSH_MS;
	if (!all_rows_shown(reader))
		merge_drain(&reader->merge, until, reader->consume, reader);
	if (!all_rows_shown(reader))
		merge_drain(&reader->merge, until, count_undelivered, reader);
	if (!output_flush(&reader->output) && !reader->output.error)
		reader->output.error = ETIMEDOUT;
	return state_of(reader);
}

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts)
{
	uint64_t unwritten = output_rows_left(&reader->output);

	/* The heading can be among what is left. */
	if (unwritten > reader->rows)
		unwritten = reader->rows;
	counts->shown = reader->rows - unwritten;
	counts->unwritten = unwritten + reader->undelivered;
	counts->unreadable = reader->unreadable;
	counts->cut = reader->cut;
}

int reader_output_error(const struct reader *reader)
{
	return reader->output.error;
}
