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
	if (what == 'e')
		helper_refuse_more();
	helper_reply(request, size);
}

/* The answer, or '-', or '.' if the trace may not wait any longer. */
static char ask(char what)
{
	char answer;
	ssize_t size = helper_ask(&helper, &what, 1, &answer, 1);

	return size == 0 ? '.' : size < 0 ? '-' : answer;
}

static void ignore(int number) { (void)number; }
"""


def test_a_helper_that_falls_over(tmp_path: Path) -> None:
    """Or wants no more: the next request has another child, also our own."""
    main = """
int main(void)
{
	struct own_processes own = {0};

	helper_init(&helper, serve, &own);
	for (const char *what = "adbdceef"; *what; what++)
		putchar(ask(*what));
	helper_free(&helper);
	printf("\\n%u %u", helper.children, own.count);
	for (unsigned int i = 0; i < own.count; i++)
		printf(" %d", own.all[i].end < UINT64_MAX);
	return 0;
}
"""
    answers, rest = _run(
        tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False
    )
    assert answers == "a-b-ceef"
    assert rest == "5 5 1 1 1 1 1"


def test_a_helper_that_takes_for_ever(tmp_path: Path) -> None:
    """Once it has used up its time, nobody waits, until there is some again.

    A signal that ends the trace cuts the waiting short.
    """
    main = """
int main(void)
{
	struct itimerval soon = {.it_value.tv_usec = 100000};
	struct own_processes own = {0};
	double begin = now();
	int asked = 0;

	helper_init(&helper, serve, &own);
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
	helper_init(&helper, serve, &own);
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

static void get(uint32_t module, const char *path, bool recheck)
{
	struct mapped_file file = {.module = module, .pid = getpid()};
	const struct symbol_table *table;
	uint64_t into;
	struct stat status;

	stat(path, &status);
	file.device = status.st_dev;
	file.inode = status.st_ino;
	strcpy(file.path, path);
	table = symbol_table_of(&tables, &file, recheck);
	printf("%%s %%u %%s\\n", elf_symbols_find(table->symbols, 0, &into)->name,
	       tables.reads, symbol_tables_are_full(&tables) ? "full" : "");
}

int main(void)
{
	%s
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
    """A file that has changed is read anew; at some time there are enough."""
    files = [tmp_path / f"file{n}" for n in range(8)]
    for n, file in enumerate(files):
        _write_elf(file, f"f{n}")
    asked = [*range(7), 6, 0]
    lines = [f'get({n + 1}, "{files[n]}", true);' for n in asked]
    lines += [
        f'truncate("{files[0]}", {files[0].stat().st_size + 1});',
        f'get(1, "{files[0]}", false);',
        f'get(1, "{files[0]}", true);',
        f'get(8, "{files[7]}", true);',
    ]
    sources = ["symbol_tables", "mapped_file", "mountinfo", "elf_symbols"]
    sources.append("hash_map")
    found = _run(
        tmp_path, _TABLES % "\n".join(lines), *sources, sanitized=True
    )
    reads = [*range(1, 8), 7, 7, 7, 8, 9]
    names = [f"f{n}" for n in [*asked, 0, 0, 7]]
    full = [""] * 10 + ["full"] * 2
    assert found == [
        f"{name} {count} {word}"
        for name, count, word in zip(names, reads, full)
    ]


_EVENTS = """
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stacks/mmap_events.c"

/* A host has the CPUs 0, 2, ..., up to a number; its events are files. */
static int first_without_room = 100;

int event_open(enum perf_event_kind kind, int cpu, unsigned int pages,
	       unsigned int watermark)
{
	int fd = memfd_create("ring", 0);

	if (cpu % 2)
		return -ENODEV;
	return cpu >= first_without_room || ftruncate(fd, 1 << 20) < 0
		? -EMFILE : fd;
}

int ioctl(int fd, unsigned long request, ...)
{
	return 0;
}

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


_SHOW = """
static void show(void *context, const struct perf_event_header *event)
{
	printf("%lu\\n", mmap_event_time(event));
}

static void show_all(struct mmap_events *events, uint64_t until)
{
	while (mmap_events_take(events, until, show, NULL))
		;
}
"""


def test_events_in_order_of_time(tmp_path: Path) -> None:
    """Of all CPUs, and no younger ones than are asked for."""
    main = """
int main(void)
{
	struct mmap_events events;

	mmap_events_open(&events, (struct ring[]){{.cpu = 0}, {.cpu = 2}}, 2);
	put(&events.rings[0].ring, PERF_RECORD_FORK, 1000);
	put(&events.rings[0].ring, PERF_RECORD_EXIT, 2000);
	put(&events.rings[0].ring, PERF_RECORD_FORK, 4000);
	put(&events.rings[1].ring, PERF_RECORD_FORK, 1500);
	put(&events.rings[1].ring, PERF_RECORD_FORK, 2500);
	mmap_events_read(&events);
	show_all(&events, 4000);
	puts("4000 is older than 4001");
	show_all(&events, 4001);
	mmap_events_close(&events);
	return 0;
}
"""
    found = _run(tmp_path, _EVENTS + _SHOW + main, "perf_ring", sanitized=True)
    assert found == [
        *("1000", "1500", "2000", "2500"),
        *("4000 is older than 4001", "4000"),
    ]


def test_a_ring_that_is_full(tmp_path: Path) -> None:
    """What came last in it is unknown, so nothing in any ring is believed.

    It counts as full until it was read, also if its events are taken.
    """
    main = """
static struct mmap_events events;

static void fill(struct ring *ring, uint64_t until, uint64_t time)
{
	while (ring->control->data_head < until)
		put(ring, PERF_RECORD_FORK, time);
}

int main(void)
{
	struct ring *ring;

	mmap_events_open(&events, (struct ring[]){{.cpu = 0}, {.cpu = 2}}, 2);
	ring = &events.rings[0].ring;
	fill(ring, ring->size / 2, 1000);
	mmap_events_read(&events);
	puts(mmap_events_are_many(&events) ? "many" : "not many");
	fill(ring, ring->size / 2 + 1, 2000);
	mmap_events_read(&events);
	puts(mmap_events_are_many(&events) ? "many" : "not many");
	mmap_events_take(&events, UINT64_MAX, show, NULL);
	puts(mmap_events_are_many(&events) ? "many" : "not many");
	fill(ring, ring->size - 4096, 3000);
	put(&events.rings[1].ring, PERF_RECORD_FORK, 1500);
	puts(mmap_events_read(&events) ? "read" : "full");
	mmap_events_drop(&events);
	put(&events.rings[1].ring, PERF_RECORD_FORK, 5000);
	puts(mmap_events_read(&events) ? "read" : "full");
	show_all(&events, UINT64_MAX);
	mmap_events_close(&events);
	return 0;
}
"""
    found = _run(tmp_path, _EVENTS + _SHOW + main, "perf_ring", sanitized=True)
    assert found == [
        *("not many", "many", "1000", "not many"),
        *("full", "read", "5000"),
    ]


_CALLERS = ["callers", "mappings", "mapped_module", "scout", "demangler"]
_CALLERS += ["symbol_tables", "mapped_file", "elf_symbols", "hash_map"]
_CALLERS += ["perf_ring", "mountinfo", *_ITS_SOURCES]


def test_an_exec_that_rows_are_still_to_be_made_before(
    tmp_path: Path,
) -> None:
    """A ring more than half full isn't emptied up to now."""
    main = """
#include "stacks/mappings.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOW 100000000ULL /* ns */

static struct perf_event_mmap_page control;
static _Alignas(8) unsigned char data[4096];
static struct mmap_ring ring = {
	.ring = {.control = &control, .data = data, .size = sizeof(data)},
};
static struct mappings mappings;

struct event {
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[16];
	uint64_t time;
};

static void put(uint32_t pid, uint64_t time)
{
	struct event event = {
		{PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, sizeof(event)},
		pid, pid, "x", time,
	};

	memcpy(data + ring.ring.head, &event, sizeof(event));
	ring.ring.head += sizeof(event);
}

static int find(uint64_t ts)
{
	struct mapping *found;

	return mappings_find(&mappings, getpid(), ts, (uintptr_t)find, &found);
}

int main(void)
{
	struct own_processes own = {0};

	mappings.events = (struct mmap_events){&ring, 1};
	scout_init(&mappings.scout, &own);
	mappings.read_until = NOW;
	ring.next = UINT64_MAX;
	putchar('0' + find(NOW - 30000000)); /* reads /proc */
	ring.next = NOW - 25000000;
	while (ring.ring.head < sizeof(data) / 2)
		put(1, NOW - 25000000);
	put(getpid(), NOW - 1000000);
	mappings_follow(&mappings);
	putchar('0' + find(NOW - 2000000));
	helper_free(&mappings.scout);
	return 0;
}
"""
    sources = [*_CALLERS, "mmap_events"]
    found = _run(tmp_path, main, *sources, sanitized=True)
    assert found == ["00"]  # mapped


def test_a_process_with_many_mappings(tmp_path: Path) -> None:
    """More lines than one answer of the helper has room for."""
    main = """
#include "stacks/callers.h"
#include <fcntl.h>
int main(void)
{
	int file = open("/proc/self/exe", O_RDONLY);
	char *area = mmap(NULL, 6000 * 4096, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct own_processes own = {0};
	unsigned int mapped = 0;
	unsigned int unmapped = 0;
	struct callers *callers;

	for (int i = 0; i < 6000; i += 2)
		mmap(area + i * 4096, 4096, PROT_READ | PROT_EXEC,
		     MAP_PRIVATE | MAP_FIXED, file, 0);
	callers_open(&callers, &(struct ring){.cpu = 0}, 1, &own);
	for (int i = 0; i < 6000; i++) {
		struct text text = caller_text(callers, getpid(), 1,
			(uintptr_t)area + i * 4096 + 16, false);

		mapped += memmem(text.bytes, text.size, "program+0x10)", 13) != NULL;
		unmapped += memmem(text.bytes, text.size, "(no code there)", 15) != NULL;
	}
	printf("%u %u\\n", mapped, unmapped);
	callers_close(callers);
	return 0;
}
"""
    text = "#define _GNU_SOURCE\n" + _EVENTS + main
    found = _run(tmp_path, text, *_CALLERS, sanitized=False)
    assert found == ["3000 3000"]


def test_cpus_that_are_offline(tmp_path: Path) -> None:
    """They are passed over."""
    main = """
#include "stacks/callers.h"
int main(void)
{
	const struct ring rings[] = {
		{.cpu = 0}, {.cpu = 1}, {.cpu = 2}, {.cpu = 3}};
	struct own_processes own = {0};
	struct callers *callers;
	int error = callers_open(&callers, rings, 4, &own);

	printf("%d %u\\n", error, callers->mappings.events.ring_count);
	mappings_read(&callers->mappings);
	mappings_follow(&callers->mappings);
	callers_close(callers);
	first_without_room = 2;
	error = callers_open(&callers, rings, 4, &own);
	printf("%s %p\\n", error == -EMFILE ? "EMFILE" : "?", callers);
	return 0;
}
"""
    found = _run(tmp_path, _EVENTS + main, *_CALLERS, sanitized=False)
    assert found == ["0 2", "EMFILE (nil)"]
