// SPDX-License-Identifier: Apache-2.0
/*
 * Any record, any layout, any columns: every row is one safe line within its
 * bound, every JSON row is JSON, and every CSV row has a cell for each column.
 *
 * What the frontend guarantees is kept here too: a field is no larger than
 * struct event can be (65,535 bytes are ample), a width is within +-4096,
 * and a name is a C identifier.
 */
#include "columns.h"
#include "judge.h"
#include "rows/row.h"

#define COLUMNS_MAX 16
#define WIDTH_MAX   4096
#define NAME_SIZE   64

static const struct symbol symbols[] = {
	{0, "open"},
	{1, "creat"},
	{-1, "none"},
};

static struct field take_field(struct input *input)
{
	struct field field;

	field.offset = take_u32(input);
	field.size = take_u16(input);
	/* Few of the largest: their bounds take long to allocate. */
	if (field.size < 0xf000)
		field.size %= 0x1000;
	return field;
}

static void take_name(struct input *input, char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t length = take_u8(input) % NAME_SIZE;

	for (size_t i = 0; i < length; i++)
		name[i] = letters[take_u8(input) % (sizeof(letters) - 1)];
	name[length] = '\0';
}

static struct column take_column(struct input *input, char *name)
{
	struct column column = {.name = name, .symbols = symbols};

	column.kind = take_kind(input);
	column.field = take_field(input);
	column.width = (int16_t)take_u16(input) % (WIDTH_MAX + 1);
	column.symbol_count = sizeof(symbols) / sizeof(*symbols);
	/* Few are arrays, and of short elements. */
	column.count = take_u8(input);
	if (column.count > 8 || column.field.size > 256)
		column.count = 0;
	take_name(input, name);
	return column;
}

static void check_line(const char *row, size_t size, size_t bound)
{
	CHECK(size >= 1 && size <= bound);
	CHECK(row[size - 1] == '\n');
	check_safe((const uint8_t *)row, size - 1);
}

/* Red, from the first column to the last. */
static void check_table_line(const char *row, size_t size, size_t bound)
{
	static const char red[] = "\033[31m";
	static const char end[] = "\033[0m\n";
	const size_t around = sizeof(red) - 1 + sizeof(end) - 1;

	CHECK(size >= 1 && size <= bound);
	if (row[0] != red[0]) {
		check_line(row, size, bound);
		return;
	}
	CHECK(size >= around);
	CHECK(memcmp(row, red, sizeof(red) - 1) == 0);
	CHECK(memcmp(row + size - (sizeof(end) - 1), end, sizeof(end) - 1) ==
	      0);
	check_safe((const uint8_t *)row + sizeof(red) - 1, size - around);
}

static const char *after(const char *at, const char *expected)
{
	CHECK(strncmp(at, expected, strlen(expected)) == 0);
	return at + strlen(expected);
}

static const char *after_string(const char *at)
{
	at = after(at, "\"");
	while (*at != '"') {
		CHECK((uint8_t)*at >= 0x20);
		if (*at++ != '\\')
			continue;
		if (*at == 'u') {
			hex_value((const uint8_t *)at + 1, 4);
			at += 5;
		} else {
			CHECK(*at == '"' || *at == '\\');
			at++;
		}
	}
	return at + 1;
}

/* RFC 8259, section 6, without exponent. */
static const char *after_number(const char *at)
{
	if (*at == '-')
		at++;
	CHECK(*at >= '0' && *at <= '9');
	if (*at == '0')
		at++;
	else
		while (*at >= '0' && *at <= '9')
			at++;
	if (*at == '.') {
		CHECK(at[1] >= '0' && at[1] <= '9');
		at++;
		while (*at >= '0' && *at <= '9')
			at++;
	}
	return at;
}

static const char *after_value(const char *at)
{
	switch (*at) {
	case '"':
		return after_string(at);
	case 't':
		return after(at, "true");
	case 'f':
		return after(at, "false");
	case 'n':
		return after(at, "null");
	default:
		return after_number(at);
	}
}

static const char *after_element(const char *at)
{
	const char *end;

	if (*at != '[')
		return after_value(at);
	at = after(at, "[");
	if (*at == ']')
		return at + 1;
	end = after_value(at);
	while (*end == ',')
		end = after_value(after(end, ", "));
	return after(end, "]");
}

/* One flat object; `row` is NUL-terminated. */
static void check_json(const char *row)
{
	const char *at = after(row, "{");

	if (*at != '}') {
		at = after(after_string(at), ": ");
		at = after_element(at);
		while (*at == ',') {
			at = after_string(after(at, ", "));
			at = after_element(after(at, ": "));
		}
	}
	CHECK(strcmp(at, "}\n") == 0);
}

/* RFC 4180: returns the end of a cell. */
static const char *after_cell(const char *at)
{
	if (*at != '"') {
		/* Nothing that a spreadsheet would run, but numbers. */
		CHECK(*at != '=' && *at != '+' && *at != '@');
		CHECK(*at != '-' || (at[1] >= '0' && at[1] <= '9'));
		while (*at != ',' && *at != '\r') {
			CHECK(*at != '"' && *at != '\0' && *at != '\n');
			at++;
		}
		return at;
	}
	for (at++; *at != '"' || at[1] == '"'; at++) {
		CHECK(*at != '\0' && *at != '\r' && *at != '\n');
		at += *at == '"';
	}
	return at + 1;
}

static void check_csv_row(const struct row *row)
{
	size_t bound = longest_row(&row->format->layout, row->columns);
	char *text = exactly(bound + 1);
	size_t size = (size_t)(put_csv_row(text, row) - text);
	const char *at = text;

	CHECK(size >= 2 && size <= bound);
	text[size] = '\0';
	check_safe((const uint8_t *)text, size - 2);
	for (uint32_t i = 0; i < row->columns->count; i++) {
		if (i > 0)
			at = after(at, ",");
		at = after_cell(at);
	}
	CHECK(strcmp(at, "\r\n") == 0);
	free(text);
}

static void check_json_row(const struct row *row)
{
	size_t bound = longest_row(&row->format->layout, row->columns);
	char *text = exactly(bound);
	size_t size = (size_t)(put_json_row(text, row) - text);
	char *terminated;

	check_line(text, size, bound);
	terminated = exactly(size + 1);
	memcpy(terminated, text, size);
	terminated[size] = '\0';
	check_json(terminated);
	free(terminated);
	free(text);
}

/* Below the row stand its callers, each in a line that begins with a tab. */
static void check_table_row(const struct row *row)
{
	size_t bound = longest_row(&row->format->layout, row->columns);
	char *text = exactly(bound);
	const char *end = put_table_row(text, row);
	const char *next = memchr(text, '\n', (size_t)(end - text));

	CHECK(next && (size_t)(end - text) <= bound);
	next++;
	check_table_line(text, (size_t)(next - text), bound);
	while (next < end) {
		const char *line = next;

		CHECK(*line == '\t');
		next = memchr(line, '\n', (size_t)(end - line));
		CHECK(next);
		next++;
		check_line(line + 1, (size_t)(next - line) - 1, bound);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	struct column columns[COLUMNS_MAX];
	char names[COLUMNS_MAX][NAME_SIZE];
	struct columns shown = {.list = columns};
	struct row_format format = {0};
	struct record record = {0};
	struct row row = {&format, &shown, &record};
	unsigned char *data;

	shown.count = take_u8(&input) % (COLUMNS_MAX + 1);
	shown.color = take_u8(&input) & 1;
	format.first_ts = take_u64(&input);
	format.last_ts = take_u64(&input);
	format.clock.wall_offset = (int64_t)take_u64(&input);
	format.layout.ts = take_field(&input);
	format.layout.pid = take_field(&input);
	format.layout.ret = take_field(&input);
	format.layout.flags = take_field(&input);
	format.layout.path_size = take_field(&input);
	format.layout.dir_size = take_field(&input);
	format.layout.dir_state = take_field(&input);
	format.layout.fs_device = take_field(&input);
	format.layout.fs_size = take_field(&input);
	format.layout.mount_size = take_field(&input);
	format.layout.path = take_field(&input);
	format.layout.exe = take_field(&input);
	for (uint32_t i = 0; i < shown.count; i++)
		columns[i] = take_column(&input, names[i]);

	record.is_exact = shown.color; /* as good as any bit of the input */
	record.size = (uint32_t)input.size;
	data = exactly(record.size);
	take(&input, data, record.size);
	record.data = data;

	check_table_row(&row);
	check_json_row(&row);
	check_csv_row(&row);
	free(data);
	return 0;
}
