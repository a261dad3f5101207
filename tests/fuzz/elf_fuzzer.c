// SPDX-License-Identifier: Apache-2.0
/*
 * Any file that a process may have mapped: its functions are read, or none;
 * each has a name that ends, and is found by the addresses that it holds.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "stacks/elf_symbols.h"
#include "input.h"

static void check_order(const struct elf_symbols *symbols)
{
	for (size_t i = 1; i < symbols->count; i++)
		CHECK(symbols->all[i - 1].start <= symbols->all[i].start);
	for (size_t i = 0; i < symbols->count; i++)
		CHECK(strlen(symbols->all[i].name) < symbols->bytes);
}

static void check_found(const struct elf_symbols *symbols, uint64_t offset)
{
	const struct elf_symbol *found;
	uint64_t into;

	found = elf_symbols_find(symbols, offset, &into);
	if (!found)
		return;
	CHECK(found >= symbols->all && found < symbols->all + symbols->count);
	CHECK(found->size == 0 || into < found->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct elf_symbols *symbols;

	CHECK(fd >= 0);
	CHECK(write(fd, bytes, size) == (ssize_t)size);
	symbols = elf_symbols_read(fd);
	close(fd);
	if (!symbols)
		return 0;
	check_order(symbols);
	check_found(symbols, 0);
	check_found(symbols, UINT64_MAX);
	for (size_t i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		for (uint64_t at = 0; at < 64; at++)
			check_found(symbols, segment->offset + at);
		check_found(symbols, segment->offset + segment->size);
	}
	elf_symbols_free(symbols);
	return 0;
}
