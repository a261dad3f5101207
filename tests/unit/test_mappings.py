# SPDX-License-Identifier: Apache-2.0
"""What -c is built of: helpers, symbol tables, what the kernel tells."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List

from tests.unit.native import SOURCES, run_c

_SANITIZED = [
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]


def _run(folder: Path, text: str, *sources: str, sanitized: bool) -> List[str]:
    paths = [str(next(SOURCES.glob(f"*/{name}.c"))) for name in sources]
    flags = _SANITIZED if sanitized else []
    return run_c(folder, text, *flags, *paths).splitlines()


_ITS_SOURCES = ("helper", "kernel_clock", "own_processes")

_HELPER = """
#include "stacks/helper.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct helper helper;

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void serve(const void *request, size_t size)
{
	char what = *(const char *)request;

	if (what == 'd')
		abort();
	while (what == 'w')
		pause();
	while (what == 'l')
		;
	helper_reply(request, size);
}

/* The answer, or '-', or '.' if the trace may not wait any longer. */
static char ask(char what)
{
	char answer = '-';

	if (!helper_ask(&helper, &what, 1))
		return '.';
	helper_answer(&helper, &answer, 1);
	return answer;
}

static void ignore(int number) { (void)number; }
"""


def test_a_helper_that_falls_over(tmp_path: Path) -> None:
    """The next request has another child, and all are told as our own."""
    main = """
int main(void)
{
	struct own_processes own = {0};

	helper_init(&helper, serve, &own);
	for (const char *what = "adbdc"; *what; what++)
		putchar(ask(*what));
	helper_free(&helper);
	printf("\\n%u %u", helper.children, own.count);
	for (unsigned int i = 0; i < own.count; i++)
		printf(" %d", own.all[i].has_ended);
	return 0;
}
"""
    answers, rest = _run(
        tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False
    )
    assert answers == "a-b-c"
    assert rest == "3 3 1 1 1"


def test_a_helper_that_takes_for_ever(tmp_path: Path) -> None:
    """Once it has used up its time, nobody waits, until there is some again.

    A signal that ends the trace cuts the waiting short.
    """
    main = """
int main(void)
{
	struct itimerval soon = {.it_value.tv_usec = 100000};
	double begin = now();
	int asked = 0;

	helper_init(&helper, serve, NULL);
	while (ask(asked % 2 ? 'w' : 'l') != '.')
		asked++;
	printf("%d %.3f\\n", asked, now() - begin);
	begin = now();
	for (int i = 0; i < 1000; i++)
		putchar(ask('a'));
	printf(" %.3f\\n", now() - begin);
	sleep(5);
	puts(ask('a') == 'a' ? "answered" : "not answered");
	helper_free(&helper);

	sigaction(SIGALRM, &(struct sigaction){.sa_handler = ignore}, NULL);
	helper_init(&helper, serve, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	begin = now();
	while (ask('w') != '.')
		;
	printf("%.3f\\n", now() - begin);
	helper_free(&helper);
	return 0;
}
"""
    waited, at_once, later, hurried = _run(
        tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False
    )
    asked, seconds = waited.split()
    assert int(asked) in (3, 4) and 5 < float(seconds) < 15
    answers, seconds = at_once.split()
    assert set(answers) == {"."} and float(seconds) < 0.5
    assert later == "answered"
    assert 1 <= float(hurried) < 2


_TABLES = """
#include "stacks/symbol_tables.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct symbol_tables tables;

static void get(const char *path, bool recheck)
{
	const struct symbol_table *table;
	uint64_t into;
	struct stat status;

	stat(path, &status);
	table = symbol_table_of(&tables, &(struct mapped_file){
		.pid = getpid(), .device = status.st_dev,
		.inode = status.st_ino, .path = path }, recheck);
	printf("%%s %%u\\n", elf_symbols_find(table->symbols, 0, &into)->name,
	       tables.reads);
}

int main(void)
{
	%s
	while (tables.count > 0) {
		struct symbol_table *table = &tables.all[--tables.count];

		free(table->path);
		elf_symbols_free(table->symbols);
	}
	return 0;
}
"""

_NAMES_SIZE = 16 * 1024 * 1024


def _write_elf(file: Path, name: str) -> None:
    """One function at 0, and as large a table of names as is read."""
    section = struct.Struct("=IIQQQQIIQQ")
    symbols = 64 + 56 + 3 * section.size
    names = symbols + 24
    sizes = (64, 56, 1, section.size, 3, 0)
    header = struct.pack(
        *("=16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1),
        *(0, 64, 64 + 56, 0, *sizes),
    )
    with file.open("wb") as out:
        out.write(header)
        out.write(struct.pack("=IIQQQQQQ", 1, 5, 0, 0, 0, 4096, 4096, 4096))
        out.write(section.pack(*[0] * 10))
        out.write(section.pack(0, 2, 0, 0, symbols, 24, 2, 0, 8, 24))
        out.write(section.pack(0, 3, 0, 0, names, _NAMES_SIZE, 0, 0, 1, 0))
        out.write(struct.pack("=IBBHQQ", 1, 2, 0, 1, 0, 64))
        out.write(b"\0" + name.encode())
        out.truncate(names + _NAMES_SIZE)


def test_symbol_tables(tmp_path: Path) -> None:
    """What wasn't asked for longest goes first; a changed file is read anew.

    If all went where they find no room, each would be read each time.
    """
    files = [tmp_path / f"file{n}" for n in range(9)]
    for n, file in enumerate(files):
        _write_elf(file, f"f{n}")
    asked = [*range(9), *range(1, 9), 0, 0]
    lines = [f'get("{files[n]}", true);' for n in asked]
    lines += [
        f'truncate("{files[0]}", {files[0].stat().st_size + 1});',
        f'get("{files[0]}", false);',
        f'get("{files[0]}", true);',
    ]
    sources = ["symbol_tables", "mapped_file", "elf_symbols"]
    found = _run(
        tmp_path, _TABLES % "\n".join(lines), *sources, sanitized=True
    )
    reads = [*range(1, 10), *[9] * 8, 10, 10, 10, 11]
    names = [f"f{n}" for n in [*asked, 0, 0]]
    assert found == [f"{name} {n}" for name, n in zip(names, reads)]


def test_function_cache(tmp_path: Path) -> None:
    """Found until their file changes, or too many others are put there."""
    main = """
#include "stacks/function_cache.h"
#include <stdio.h>
int main(void)
{
	struct module module = {.id = 7, .changed = 1};
	struct function_cache cache = {0};
	struct cached_function function = {.module = 7, .changed = 1};
	const struct cached_function *found;
	char name[32];

	printf("%p\\n", function_cache_find(&cache, &module, 0));
	for (function.offset = 0; function.offset < 100000; function.offset++) {
		function.name = function.offset % 3 ? name : NULL;
		snprintf(name, sizeof(name), "f%lu", function.offset);
		function_cache_put(&cache, &function);
		found = function_cache_find(&cache, &module, function.offset);
		if (found->offset != function.offset ||
		    !found->name != !function.name)
			return 1;
	}
	puts(function_cache_find(&cache, &module, 99998)->name);
	printf("%p\\n", function_cache_find(&cache, &module, 1));
	module.changed = 2;
	printf("%p\\n", function_cache_find(&cache, &module, 99998));
	function = (struct cached_function){.module = 7, .changed = 2,
					    .offset = 99998, .name = "new"};
	function_cache_put(&cache, &function);
	puts(function_cache_find(&cache, &module, 99998)->name);
	function_cache_clear(&cache);
	return 0;
}
"""
    found = _run(tmp_path, main, "function_cache", sanitized=True)
    assert found == ["(nil)", "f99998", "(nil)", "(nil)", "new"]


_EVENTS = """
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* perf_event_open(2) of a host with the CPUs 0, 2, ..., up to a number. */
static int first_without_room = 100;

static long fake_open(long number, void *attr, int pid, int cpu, ...)
{
	int fd = memfd_create("ring", 0);

	errno = cpu % 2 ? ENODEV : EMFILE;
	return cpu % 2 || cpu >= first_without_room ||
	       ftruncate(fd, 1 << 20) < 0 ? -1 : fd;
}

#define syscall fake_open
#include "stacks/mmap_events.c"
#undef syscall

static void put(struct ring *ring, uint32_t type, uint64_t time)
{
	struct {
		struct perf_event_header header;
		uint64_t id, lost, time;
	} record = {{type, 0, sizeof(record)}, 1, 77, time};

	memcpy(ring->data + ring->control->data_head, &record, sizeof(record));
	ring->control->data_head += sizeof(record);
}
"""


def test_what_the_kernel_could_not_tell(tmp_path: Path) -> None:
    """Between the record before, and that which says that some were lost."""
    main = """
int main(void)
{
	struct mmap_events events;
	const struct mmap_event *event;

	mmap_events_open(&events, (int[]){0}, 1);
	put(&events.rings[0], PERF_RECORD_FORK, 1000);
	put(&events.rings[0], PERF_RECORD_EXIT, 2000);
	put(&events.rings[0], PERF_RECORD_LOST, 3000);
	put(&events.rings[0], PERF_RECORD_FORK, 4000);
	mmap_events_read(&events, 9000);
	while ((event = mmap_events_next(&events, 9000))) {
		const struct mmap_gap *gap = (const void *)event->record;

		printf("%lu", event->time);
		if (event->record->type == PERF_RECORD_LOST)
			printf("-%lu", gap->until);
		puts("");
	}
	mmap_events_close(&events);
	return 0;
}
"""
    found = _run(tmp_path, _EVENTS + main, "perf_ring", sanitized=True)
    assert found == ["1000", "2000-3000", "4000"]


def test_cpus_that_are_offline(tmp_path: Path) -> None:
    """They are passed over; where opening fails, all is as before."""
    main = """
#include "stacks/mappings.h"
int main(void)
{
	static struct mappings mappings;
	const int cpus[] = {0, 1, 2, 3};
	int error = mappings_open(&mappings, cpus, 4, NULL);

	printf("%d %u\\n", error, mappings.events.ring_count);
	first_without_room = 2;
	error = mappings_follow_cpus(&mappings, cpus, 4);
	printf("%s %u\\n", error == -EMFILE ? "EMFILE" : "?",
	       mappings.events.ring_count);
	mappings_follow(&mappings);
	mappings_close(&mappings);
	return 0;
}
"""
    sources = ["mappings", "mapped_module", "scout", "symbol_tables"]
    sources += ["mapped_file", "elf_symbols", "perf_ring", *_ITS_SOURCES]
    found = _run(tmp_path, _EVENTS + main, *sources, sanitized=False)
    assert found == ["0 2", "EMFILE 2"]
