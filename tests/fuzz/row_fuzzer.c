// SPDX-License-Identifier: Apache-2.0
/*
 * Any record, any layout, any columns: every row is one safe line within its
 * bound, and every JSON row is JSON.
 *
 * What the frontend guarantees is kept here too: a field is no larger than
 * struct event can be (65,535 bytes are ample), a width is within +-4096,
 * and a name is a C identifier.
 */
#include "../../opensnooplib/native/row.h"
#include "judge.h"

#define COLUMNS_MAX 16
#define WIDTH_MAX   4096

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
	size_t length = take_u8(input) % COLUMN_NAME_SIZE;

	for (size_t i = 0; i < length; i++)
		name[i] = letters[take_u8(input) % (sizeof(letters) - 1)];
	name[length] = '\0';
}

static struct column take_column(struct input *input)
{
	struct column column;

	/* 0x80 and above become kinds near UINT32_MAX. */
	column.kind = (uint32_t)(int8_t)take_u8(input);
	column.field = take_field(input);
	column.width = (int16_t)take_u16(input) % (WIDTH_MAX + 1);
	take_name(input, column.name);
	return column;
}

static void check_line(const char *row, size_t size, size_t bound)
{
	CHECK(size >= 1 && size <= bound);
	CHECK(row[size - 1] == '\n');
	check_safe((const uint8_t *)row, size - 1);
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

/* RFC 8259, section 6, without fraction and exponent. */
static const char *after_number(const char *at)
{
	if (*at == '-')
		at++;
	if (*at == '0')
		return at + 1;
	CHECK(*at >= '1' && *at <= '9');
	while (*at >= '0' && *at <= '9')
		at++;
	return at;
}

static const char *after_value(const char *at)
{
	switch (*at) {
	case '"':
		return after_string(at);
	case 't':
		return after(at, "true");
	case 'n':
		return after(at, "null");
	default:
		return after_number(at);
	}
}

/* One flat object; `row` is NUL-terminated. */
static void check_json(const char *row)
{
	const char *at = after(row, "{");

	if (*at != '}') {
		at = after(after_string(at), ": ");
		at = after_value(at);
		while (*at == ',') {
			at = after_string(after(at, ", "));
			at = after_value(after(at, ": "));
		}
	}
	CHECK(strcmp(at, "}\n") == 0);
}

static void check_json_row(const struct row_format *format,
			   const struct record *record)
{
	size_t bound = json_row_bound(format);
	char *row = exactly(bound);
	size_t size = (size_t)(put_json_row(row, format, record) - row);
	char *terminated;

	check_line(row, size, bound);
	terminated = exactly(size + 1);
	memcpy(terminated, row, size);
	terminated[size] = '\0';
	check_json(terminated);
	free(terminated);
	free(row);
}

static void check_table_row(const struct row_format *format,
			    const struct record *record)
{
	size_t bound = table_row_bound(format);
	char *row = exactly(bound);
	size_t size = (size_t)(put_table_row(row, format, record) - row);

	check_line(row, size, bound);
	free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	struct column columns[COLUMNS_MAX];
	struct row_format format = {.columns = columns};
	struct record record;
	unsigned char *data;

	format.column_count = take_u8(&input) % (COLUMNS_MAX + 1);
	format.first_ts = take_u64(&input);
	format.layout.ts = take_field(&input);
	format.layout.pid = take_field(&input);
	format.layout.ret = take_field(&input);
	format.layout.flags = take_field(&input);
	format.layout.path_size = take_field(&input);
	format.layout.path = take_field(&input);
	for (uint32_t i = 0; i < format.column_count; i++)
		columns[i] = take_column(&input);

	record.size = (uint32_t)input.size;
	data = exactly(record.size);
	take(&input, data, record.size);
	record.data = data;

	check_table_row(&format, &record);
	check_json_row(&format, &record);
	free(data);
	return 0;
}
