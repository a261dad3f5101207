// SPDX-License-Identifier: Apache-2.0
/*
 * Any file, replayed with any columns and conditions: it ends, and nothing
 * is read or written where it shouldn't be.
 *
 * The input is what follows the header: a list of blocks, which get a good
 * checksum, or the fuzzer would never come past it; then a tail of raw bytes,
 * and some byte of it all may be changed. What the frontend guarantees of
 * columns is kept, as in row_fuzzer.c.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/reader.h"
#include "io/recording_input.h"
#include "columns.h"

#define FILE_MAX       (64 * 1024)
#define COLUMNS_MAX    8
#define CONDITIONS_MAX 4

static struct field take_field(struct input *input)
{
	struct field field;

	field.offset = take_u16(input);
	field.size = take_u16(input) % 0x400;
	return field;
}

static size_t make_file(struct input *input, char *file)
{
	unsigned int blocks = take_u8(input) % 16;
	uint16_t changed = take_u16(input);
	uint8_t change = take_u8(input);
	char *end = file;
	size_t rest;

	while (blocks-- > 0) {
		uint32_t type = take_u8(input) % 5;
		uint32_t size = take_u8(input);
		unsigned char body[UINT8_MAX];

		take(input, body, size);
		end = put_block(end, type, body, size);
	}
	rest = input->size < FILE_MAX / 2 ? input->size : FILE_MAX / 2;
	take(input, end, rest);
	end += rest;
	if (changed < end - file)
		file[changed] ^= (char)change;
	return (size_t)(end - file);
}

static bool is_counted; /* records have no rows */

/* The reader goes on reading them. */
static struct condition conditions[CONDITIONS_MAX];
static uint32_t condition_count;

static void set_format(struct input *input, struct reader *reader)
{
	/* The reader goes on reading them. */
	static struct column columns[COLUMNS_MAX];
	struct format_request request = {
		.columns.list = columns,
		.columns.count = 1 + take_u8(input) % COLUMNS_MAX,
		.kind = is_counted ? ROW_COUNTED : take_u8(input) % ROW_BLOCK,
		.record_least = take_u8(input) % 32,
	};
	uint8_t how;

	request.layout = (struct layout){
		.ts = take_field(input),
		.pid = take_field(input),
		.ret = take_field(input),
		.flags = take_field(input),
		.path_size = take_field(input),
		.dir_size = take_field(input),
		.dir_state = take_field(input),
		.fs_device = take_field(input),
		.fs_size = take_field(input),
		.mount_size = take_field(input),
		.latency = take_field(input),
		.exe = take_field(input),
		.path = take_field(input),
	};
	for (unsigned int i = 0; i < request.columns.count; i++) {
		columns[i] = (struct column){
			.name = "x",
			.kind = take_kind(input),
			.field = take_field(input),
			.width = (int8_t)take_u8(input),
		};
	}
	request.wanted.conditions = conditions;
	request.wanted.condition_count = condition_count;
	how = take_u8(input);
	request.group_as_json = how % 2;
	if (is_counted || how / 2 % 2) /* rows of a group: only the first */
		request.group = request.columns;
	if (take_u8(input) % 8 == 0)
		request.last = request.wanted;
	CHECK(reader_set_format(reader, 0, &request) == 0);
}

/* Those of the first format, and of all that follow. */
static void set_conditions(struct input *input, struct reader *reader)
{
	struct condition *all = conditions;
	uint8_t how;

	condition_count = take_u8(input) % (CONDITIONS_MAX + 1);
	for (uint32_t i = 0; i < condition_count; i++) {
		all[i].kind = take_u8(input) % (CONDITION_KINDS + 1);
		all[i].field = take_field(input);
		how = take_u8(input);
		all[i].or_next = how % 2;
		all[i].excludes = how / 2 % 2;
		all[i].mask = take_u16(input);
		all[i].bits = take_u16(input);
		take(input, all[i].text, take_u8(input) % CONDITION_TEXT_SIZE);
	}
	reader->streams[0].format.wanted.condition_count = condition_count;
}

static uint64_t opened_in(const struct tally_table *table)
{
	uint64_t opened = table->no_place;

	for (const struct hash_entry *entry = table->entries.newest; entry;
	     entry = entry->older)
		opened += ((const struct tally_entry *)entry->value)->opened;
	return opened;
}

/* As the frontend does when it has shown the counts of an interval. */
static void check_tally(struct input *input, struct reader *reader)
{
	struct tally *tally = reader_tally(reader);

	/* A record without the field is in no table. Rows are in groups alone.
	 */
	CHECK(!is_counted || opened_in(&tally->groups) <= tally->opened);
	CHECK(opened_in(&tally->files) + tally->unreadable <= tally->opened);
	if (take_u8(input) & 1)
		tally_clear(tally, tally->files.entries.room);
	tally->until = take_u8(input) & 1 ? UINT64_MAX : 0;
	tally->stopped_at = 0;
}

static void replay(struct input *input, int fd, int output, size_t file_size)
{
	struct reader_counts counts;
	struct reader *reader;
	const void *body;
	uint32_t size;
	int state;
	size_t rounds = 0;
	uint64_t until;
	uint8_t how;

	CHECK(reader_open_recording(&reader, fd) == 0);
	is_counted = take_u8(input) & 1;
	condition_count = 0;
	set_format(input, reader);
	set_conditions(input, reader);
	reader_set_output(reader, output);
	how = take_u8(input);
	CHECK(reader_start(reader, how % 4, false) == 0);
	until = take_u16(input);
	tally_clear(reader_tally(reader), take_u16(input));
	reader_tally(reader)->until = until;
	do {
		/* At most a read and a block in each round. */
		CHECK(rounds++ <= 2 * file_size + 2);
		state = reader_poll_recording(reader, 0);
		check_tally(input, reader);
		if (state != READER_AT_BLOCK)
			continue;
		CHECK(reader_take_block(reader, &body, &size) > 0);
		free(memcpy(exactly(size + 1), body, size));
		if (rounds % 3 == 0)
			set_format(input, reader);
		state = READER_RUNNING;
	} while (state == READER_RUNNING);
	reader_finish(reader, 0);
	reader_get_counts(reader, &counts);
	CHECK(counts.offset <= sizeof(struct recording_header) + file_size);
	CHECK(counts.shown + counts.impossible <= file_size);
	CHECK(counts.unwritten == 0);
	reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static int output = -1;
	struct input input = {bytes, size};
	char *file = exactly(FILE_MAX);
	size_t file_size;
	int fd = memfd_create("recording", 0);

	if (output < 0)
		output = memfd_create("rows", 0);
	CHECK(fd >= 0 && output >= 0);
	file_size = make_file(&input, file);
	CHECK(write(fd, file, file_size) == (ssize_t)file_size);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	/* What chooses columns may be the file's own bytes: they are the same
	 * to the fuzzer.
	 */
	input = (struct input){bytes, size};
	replay(&input, fd, output, file_size);
	CHECK(ftruncate(output, 0) == 0);
	CHECK(lseek(output, 0, SEEK_SET) == 0);
	close(fd);
	free(file);
	return 0;
}
