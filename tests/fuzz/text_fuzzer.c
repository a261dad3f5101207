// SPDX-License-Identifier: Apache-2.0
/*
 * Any name: what is shown is safe, and tells the very bytes that it stands
 * for. The first byte of the input says whether the name is cut and whether
 * columns follow, the others are the name.
 */
#define _GNU_SOURCE /* memmem */
#include "rows/quoting.h"
#include "judge.h"

struct bytes {
	uint8_t *at;
	size_t size;
};

static bool begins_with(const uint8_t *bytes, size_t size, const char *prefix)
{
	return size >= strlen(prefix) &&
	       memcmp(bytes, prefix, strlen(prefix)) == 0;
}

static void put(struct bytes *bytes, uint8_t byte)
{
	bytes->at[bytes->size++] = byte;
}

static uint8_t shell_letter(uint8_t letter)
{
	static const char letters[] = "abtnvfr\\'";
	static const char meanings[] = "\a\b\t\n\v\f\r\\'";
	const char *found = memchr(letters, letter, sizeof(letters) - 1);

	CHECK(found);
	return (uint8_t)meanings[found - letters];
}

/* The bytes that bash(1), QUOTING, makes of $'...'. */
static struct bytes shell_unquoted(const uint8_t *text, size_t size)
{
	struct bytes bytes = {.at = exactly(size)};

	CHECK(size >= 3 && begins_with(text, size, "$'"));
	CHECK(text[size - 1] == '\'');
	for (size_t i = 2; i < size - 1; i++) {
		CHECK(text[i] != '\'');
		if (text[i] != '\\') {
			put(&bytes, text[i]);
			continue;
		}
		CHECK(++i < size - 1);
		if (text[i] == 'x') {
			CHECK(i + 2 < size - 1);
			put(&bytes, (uint8_t)hex_value(text + i + 1, 2));
			i += 2;
		} else {
			put(&bytes, shell_letter(text[i]));
		}
	}
	return bytes;
}

static void check_shell_text(const uint8_t *name, size_t size, bool cut,
			     bool in_column)
{
	size_t bound = SHELL_TEXT_BOUND(size);
	char *text = exactly(bound);
	const uint8_t *shown = (const uint8_t *)text;
	size_t shown_size =
		(size_t)(put_shell_text(text, name, size, cut, in_column) -
			 text);
	struct bytes unquoted;

	CHECK(shown_size <= bound);
	check_safe(shown, shown_size);
	CHECK(!begins_with(shown, shown_size, UNREADABLE));
	if (cut) {
		CHECK(shown_size >= 3);
		shown_size -= 3;
		CHECK(memcmp(shown + shown_size, "...", 3) == 0);
		CHECK(begins_with(shown, shown_size, "$'"));
	}
	if (begins_with(shown, shown_size, "$'")) {
		unquoted = shell_unquoted(shown, shown_size);
		CHECK(unquoted.size == size);
		CHECK(memcmp(unquoted.at, name, size) == 0);
		free(unquoted.at);
	} else {
		CHECK(shown_size == size && memcmp(shown, name, size) == 0);
		CHECK(!in_column ||
		      (size > 0 && name[0] != ' ' && name[size - 1] != ' ' &&
		       !memmem(name, size, "  ", 2)));
	}
	free(text);
}

/* A character, as UTF-8. */
static void put_utf8(struct bytes *bytes, uint32_t character)
{
	if (character < 0x80) {
		put(bytes, (uint8_t)character);
	} else if (character < 0x800) {
		put(bytes, (uint8_t)(0xc0 | character >> 6));
		put(bytes, (uint8_t)(0x80 | (character & 0x3f)));
	} else {
		CHECK(character < 0xd800 || character > 0xdfff);
		if (character > 0xffff) {
			put(bytes, (uint8_t)(0xf0 | character >> 18));
			put(bytes, (uint8_t)(0x80 | (character >> 12 & 0x3f)));
		} else {
			put(bytes, (uint8_t)(0xe0 | character >> 12));
		}
		put(bytes, (uint8_t)(0x80 | (character >> 6 & 0x3f)));
		put(bytes, (uint8_t)(0x80 | (character & 0x3f)));
	}
}

/* The hex digits of \uXXXX, or of \uXXXX\uXXXX in UTF-16; where they end. */
static size_t json_character(const uint8_t *text, size_t i, uint32_t *character)
{
	*character = hex_value(text + i, 4);
	if (*character >> 10 != 0xd800 >> 10)
		return i + 4;
	CHECK(text[i + 4] == '\\' && text[i + 5] == 'u');
	*character = 0x10000 + ((*character & 0x3ff) << 10) +
		     hex_value(text + i + 6, 4) - 0xdc00;
	return i + 10;
}

static struct bytes json_unquoted(const uint8_t *text, size_t size)
{
	struct bytes bytes = {.at = exactly(size)};

	CHECK(size >= 2 && text[0] == '"' && text[size - 1] == '"');
	for (size_t i = 1; i < size - 1; i++) {
		CHECK(text[i] != '"');
		if (text[i] != '\\') {
			put(&bytes, text[i]);
			continue;
		}
		CHECK(++i < size - 1);
		if (text[i] == 'u') {
			uint32_t character;

			CHECK(i + 4 < size - 1);
			i = json_character(text, i + 1, &character) - 1;
			put_utf8(&bytes, character);
		} else {
			CHECK(text[i] == '"' || text[i] == '\\');
			put(&bytes, text[i]);
		}
	}
	return bytes;
}

/* The name with U+FFFD for each byte that isn't UTF-8. */
static struct bytes as_utf8(const uint8_t *name, size_t size, bool *whole)
{
	struct bytes bytes = {.at = exactly(3 * size + 1)};
	size_t i = 0;

	*whole = true;
	while (i < size) {
		size_t length = utf8_length(name + i, size - i);

		if (length == 0) {
			*whole = false;
			put_utf8(&bytes, 0xfffd);
			i++;
		}
		while (length-- > 0)
			put(&bytes, name[i++]);
	}
	return bytes;
}

static void check_json_text(const uint8_t *name, size_t size)
{
	size_t bound = 6 * size + sizeof("\"\"");
	char *text = exactly(bound);
	bool whole;
	bool expected_whole;
	size_t text_size =
		(size_t)(put_json_text(text, name, size, &whole) - text);
	struct bytes unquoted;
	struct bytes expected;

	CHECK(text_size <= bound);
	check_safe((const uint8_t *)text, text_size);
	unquoted = json_unquoted((const uint8_t *)text, text_size);
	expected = as_utf8(name, size, &expected_whole);
	CHECK(whole == expected_whole);
	CHECK(unquoted.size == expected.size);
	CHECK(memcmp(unquoted.at, expected.at, expected.size) == 0);
	free(expected.at);
	free(unquoted.at);
	free(text);
}

static uint32_t base64_digit(char digit)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
		"nopqrstuvwxyz0123456789+/";
	const char *found = memchr(digits, digit, sizeof(digits) - 1);

	CHECK(found);
	return (uint32_t)(found - digits);
}

static void check_base64(const uint8_t *name, size_t size)
{
	size_t bound = (size + 2) / 3 * 4 + sizeof("\"\"");
	char *text = exactly(bound);
	size_t text_size = (size_t)(put_json_base64(text, name, size) - text);
	size_t digits = (size * 4 + 2) / 3; /* six bits each */
	const char *body = text + 1;

	CHECK(text_size <= bound);
	CHECK(text[0] == '"' && text[text_size - 1] == '"');
	CHECK(text_size - 2 == (size + 2) / 3 * 4);
	for (size_t i = digits; i < text_size - 2; i++)
		CHECK(body[i] == '=');
	for (size_t i = 0; i < size; i++) {
		size_t bit = i * 8;
		uint32_t pair = base64_digit(body[bit / 6]) << 6 |
				base64_digit(body[bit / 6 + 1]);

		CHECK((uint8_t)(pair >> (4 - bit % 6)) == name[i]);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	uint8_t how = take_u8(&input);
	size_t name_size = input.size;
	uint8_t *name = exactly(name_size);

	take(&input, name, name_size);
	check_shell_text(name, name_size, how & 1, how & 2);
	check_json_text(name, name_size);
	check_base64(name, name_size);
	free(name);
	return 0;
}
