# SPDX-License-Identifier: Apache-2.0
"""What -c is built of: helpers, the scout, what the kernel tells."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random
from typing import List

import pytest

from tests.unit.elf_files import elf_files
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


_ITS_SOURCES = ("helper", "helper_child", "kernel_clock", "own_processes")

_HELPER = """
#include "stacks/helper.h"
#include "stacks/helper_child.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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
	if (what == 's')
		usleep(300000);
	if (what == 'm')
		usleep(40000);
	while (what == 'w')
		pause();
	while (what == 'l')
		;
	if (what == 'e')
		helper_refuse_more();
	helper_reply(request, size);
}

/* The answer, or '-', or '.' if there is none yet. */
static char taken[100];
static size_t taken_count;

static void take(void *context, const void *request, void *answer, size_t size)
{
	taken[taken_count++] = size ? *(char *)answer : '-';
}

static bool is_harmless = true;

static bool may_wait(const void *context)
{
	return is_harmless;
}

static void run(uint32_t user)
{
	helper_serve(serve);
}

static int start(enum helper_kind kind, pid_t *pid)
{
	return helper_fork(run, 0, pid);
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
}

static struct own_processes own;
static struct helpers all = {
	.start = start,
	.kill = kill_child,
	.own = &own,
	.may_wait = may_wait,
};
static struct helper helper = {.take = take, .all = &all};

static char ask(char what)
{
	taken_count = 0;
	helper_ask(&helper, &what, 1);
	return taken_count ? taken[taken_count - 1] : '.';
}
"""


def test_a_helper_that_falls_over(tmp_path: Path) -> None:
    """Or wants no more: the next request has another child, also our own."""
    main = """
int main(void)
{
	all.calm_until = UINT64_MAX;
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
    """Others aren't asked meanwhile, and nobody waits: for two seconds."""
    main = """
int main(void)
{
	double begin = now();
	double last = begin;
	double longest = 0;

	ask('w');
	while (ask('a') != 'a') {
		if (now() - last > longest)
			longest = now() - last;
		last = now();
		usleep(1000);
	}
	printf("%.3f %.3f %u\\n", now() - begin, longest, helper.children);
	helper_free(&helper);
	return 0;
}
"""
    (line,) = _run(tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False)
    whole, longest, children = line.split()
    assert 2 <= float(whole) < 5 and float(longest) < 1
    assert children == "2"


def test_an_answer_that_comes_late(tmp_path: Path) -> None:
    """It is taken then."""
    main = """
int main(void)
{
	double begin = now();

	putchar(ask('s'));
	printf(" %.3f ", now() - begin);
	while (!helper_is_ready(&helper))
		usleep(1000);
	printf("%.*s ", (int)taken_count, taken);
	puts("");
	helper_free(&helper);
	return 0;
}
"""
    (line,) = _run(tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False)
    first, seconds, late = line.split()
    assert first == "." and 0.1 <= float(seconds) < 0.28
    assert late == "s"


def test_how_long_a_trace_waits_for_helpers(tmp_path: Path) -> None:
    """At a stretch, in the long run, and if waiting did harm."""
    main = """
int main(void)
{
	double begin = now();
	double waited = 0;
	double harmful;

	while (now() - begin < 4) {
		double asked = now();

		ask('m');
		waited += now() - asked;
		if (!helper.asked)
			continue;
		usleep(1000);
	}
	is_harmless = false;
	while (!helper_is_ready(&helper))
		usleep(1000);
	harmful = now();
	ask('m');
	printf("%.3f %.3f\\n", waited, now() - harmful);
	helper_free(&helper);
	return 0;
}
"""
    (line,) = _run(tmp_path, _HELPER + main, *_ITS_SOURCES, sanitized=False)
    waited, harmful = map(float, line.split())
    assert 0.2 < waited < 1
    assert harmful < 0.03


# Whoever includes this has a scout of its own, without the library's reader.
START_SCOUT = """
#include "stacks/helper_child.h"
#include "stacks/helper.h"
#include "stacks/opener.h"
#include "stacks/scout.h"
#include <signal.h>

static int start_scout(enum helper_kind kind, pid_t *pid)
{
	return helper_fork(opener_run, 0, pid);
}

static void kill_child(pid_t pid)
{
	kill(-pid, SIGKILL);
}

static struct own_processes own;
static struct helpers all = {
	.start = start_scout,
	.kill = kill_child,
	.own = &own,
	.calm_until = UINT64_MAX,
};
"""

_FUNCTIONS = """
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t changed;

static void take(void *context, const void *request, void *answer, size_t size)
{
	const struct scout_function *found = size ? answer : NULL;

	printf("%%s%%s", found ? found->text : "failed",
	       found && found->changed > changed ? " changed" : "");
	changed = found ? found->changed : 0;
}

static struct helper scout = {.take = take, .all = &all};

static void get(uint32_t module, const char *path, uint64_t offset)
{
	struct scout_request request = {
		.offset = offset,
		.file = {.module = module, .pid = getpid()},
	};
	struct stat status = {0};

	stat(path, &status);
	request.file.device = status.st_dev;
	request.file.inode = status.st_ino;
	strcpy(request.file.path, path);
	helper_ask(&scout, &request, sizeof(request));
	printf(" %%u\\n", scout.children);
	fflush(stdout);
}

int main(void)
{
	%s
	helper_free(&scout);
	return 0;
}
"""


def _write_program(file: Path, name: str) -> int:
    """One with a function of this name; returns its offset in the file."""
    text = f"int {name}(void) {{ return 1; }} int main(void) {{ return 0; }}"
    subprocess.run(
        ["cc", "-x", "c", "-", "-o", file],
        check=True,
        input=text,
        text=True,
    )
    listed = subprocess.run(
        ["nm", file], check=True, capture_output=True, text=True
    ).stdout
    # With -pie, offsets of code are addresses.
    return next(
        int(line.split()[0], 16)
        for line in listed.splitlines()
        if line.endswith(f" {name}")
    )


def _functions(folder: Path, *lines: str) -> List[str]:
    """What a scout finds."""
    text = START_SCOUT + _FUNCTIONS % "\n".join(lines)
    return _run(folder, text, *_CALLERS, *_MMAP_EVENTS, sanitized=False)


def test_files_that_change(tmp_path: Path) -> None:
    """They are read anew; what is gone is known as it was."""
    file = tmp_path / "file"
    at = _write_program(file, "old")
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "file"
    _write_program(other, "new")
    assert _functions(
        tmp_path,
        f'get(1, "{file}", {at});',
        f'get(1, "{file}", {at + 2});',
        f'system("cat {other} > {file}");',
        f'get(1, "{file}", {at});',
        f'unlink("{file}");',
        f'get(1, "{file}", {at + 1});',
        f'get(2, "{file}", {at});',
    ) == [
        "old+0x0 changed 1",
        "old+0x2 1",
        "new+0x0 changed 1",
        "new+0x1 1",
        " 1",
    ]


def test_files_that_are_large(tmp_path: Path) -> None:
    """A parser keeps so many bytes of files open, and no more."""
    file = tmp_path / "file"
    at = _write_program(file, "f")
    os.truncate(file, 100 << 20)
    found = _functions(
        tmp_path, *(f'get({n}, "{file}", {at});' for n in range(1, 6))
    )
    assert [int(line.split()[-1]) for line in found] == [1, 1, 2, 2, 3]
    assert all(line.startswith("f+0x0 ") for line in found)


def test_files_that_are_damaged(tmp_path: Path) -> None:
    """At most the parser fails, and the next one answers."""
    good = tmp_path / "good"
    at = _write_program(good, "f")
    content = good.read_bytes()
    random = Random(1)
    lines = []
    for number in range(300):
        damaged = bytearray(content)
        for _ in range(random.choice([1, 4, 100])):
            # Mostly in the headers.
            end = random.choice([64, 1024, len(content)])
            damaged[random.randrange(16, end)] = random.randrange(256)
        file = tmp_path / f"damaged{number}"
        file.write_bytes(damaged[: random.choice([len(content), 8192, 900])])
        lines.append(f'get({number + 2}, "{file}", {at});')
    *_, last = _functions(tmp_path, *lines, f'get(1, "{good}", {at});')
    assert last.startswith("f+0x0")


def test_files_that_no_compiler_writes(tmp_path: Path) -> None:
    """They have tables, sizes and offsets that contradict each other."""
    good = tmp_path / "good"
    at = _write_program(good, "f")
    lines = []
    for number, (name, content) in enumerate(elf_files().items()):
        (tmp_path / f"{name}.elf").write_bytes(content)
        lines.append(f'get({number + 2}, "{tmp_path}/{name}.elf", 0);')
    *_, last = _functions(tmp_path, *lines, f'get(1, "{good}", {at});')
    assert last.startswith("f+0x0")


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


_MMAP_EVENTS = ["mmap_events", "perf_event", "monitor"]
_CALLERS = ["callers", "mappings", "mapped_module", "demangler"]
_CALLERS += ["opener", "parser", "mapped_file", "elf_functions", "hash_map"]
_CALLERS += ["perf_ring", "mountinfo", "confine", "pass_fd", *_ITS_SOURCES]


def test_an_exec_that_rows_are_still_to_be_made_before(
    tmp_path: Path,
) -> None:
    """A ring more than half full isn't emptied up to now."""
    main = """
#include "stacks/mappings.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOW 100000000ULL /* ns */

/* ASan takes more memory than a helper may have. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	return 0;
}

static struct perf_event_mmap_page control;
static _Alignas(8) unsigned char data[4096];
static struct mmap_ring ring = {
	.ring = {.control = &control, .data = data, .size = sizeof(data)},
};
static struct helper scout;
static struct mappings mappings = {.events = {&ring, 1}, .scout = &scout};

static void take(void *context, const void *request, void *answer, size_t size)
{
	mappings_take_lines(&mappings, getpid(), answer);
}

static struct helper scout = {.take = take, .all = &all};

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
	mappings.read_until = NOW;
	ring.next = UINT64_MAX;
	putchar('0' + find(NOW - 30000000)); /* reads /proc */
	ring.next = NOW - 25000000;
	while (ring.ring.head < sizeof(data) / 2)
		put(1, NOW - 25000000);
	put(getpid(), NOW - 1000000);
	mappings_follow(&mappings);
	putchar('0' + find(NOW - 2000000));
	helper_free(&scout);
	return 0;
}
"""
    sources = [*_CALLERS, *_MMAP_EVENTS]
    text = START_SCOUT + main
    found = _run(tmp_path, text, *sources, sanitized=True)
    assert found == ["00"]  # mapped


@pytest.mark.parametrize(
    "count, expected",
    [(1000, "14 13 0"), (2100, "0 0 56")],
)
def test_a_process_with_many_mappings(
    tmp_path: Path, count: int, expected: str
) -> None:
    """Or with more than are kept."""
    main = """
#include "stacks/callers.h"
#include <fcntl.h>
int main(void)
{
	int file = open("/proc/self/exe", O_RDONLY);
	char *area = mmap(NULL, 2 * COUNT * 4096, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int mapped = 0;
	unsigned int unmapped = 0;
	unsigned int unknown = 0;
	struct callers *callers;

	for (int i = 0; i < 2 * COUNT; i += 2)
		mmap(area + i * 4096, 4096, PROT_READ | PROT_EXEC,
		     MAP_PRIVATE | MAP_FIXED, file, 0);
	callers_open(&callers, &(struct ring){.cpu = 0}, 1, &all);
	all.calm_until = UINT64_MAX;
	for (int i = 0; i < 2 * COUNT; i += 75) {
		struct text text;

		caller_text(callers, getpid(), 1,
			    (uintptr_t)area + i * 4096 + 16, false, &text);
		mapped += memmem(text.bytes, text.size, "program+0x10)", 13) != NULL;
		unmapped += memmem(text.bytes, text.size, "(no code there)", 15) != NULL;
		unknown += memmem(text.bytes, text.size, "(mappings unknown)", 18) != NULL;
	}
	printf("%u %u %u\\n", mapped, unmapped, unknown);
	callers_close(callers);
	return 0;
}
"""
    defines = f"#define _GNU_SOURCE\n#define COUNT {count}\n"
    text = defines + _EVENTS + START_SCOUT + main
    found = _run(tmp_path, text, *_CALLERS, sanitized=False)
    assert found == [expected]


def test_mappings_that_replace_others(tmp_path: Path) -> None:
    """Beside an array that has each page by itself."""
    main = """
#include "stacks/mappings.c"
#include <stdio.h>

#define PAGES 500

static struct mappings mappings;
static uint64_t offsets[PAGES]; /* of what each page has; 0: nothing */

static void map(struct process *process, uint64_t start, uint64_t size)
{
	static uint64_t offset = 1;
	struct mapping added = {start, start + size, offset};

	add(&mappings, process, &added);
	for (uint64_t i = start; i < start + size; i++)
		offsets[i] = offset++;
}

static int differs(const struct process *process, uint64_t page)
{
	const struct mapping *found = mapping_at(process, page);
	uint64_t offset = found ? found->offset + page - found->start : 0;

	return offset != offsets[page];
}

int main(void)
{
	struct process *process = find_or_add(&mappings, 1);
	unsigned int wrong = 0;

	process->state = KNOWN;
	for (int i = 0; i < 3000; i++) {
		uint64_t start = (uint64_t)rand() % PAGES;
		uint64_t most = i % 50 ? 9 : PAGES;
		uint64_t size = 1 + (uint64_t)rand() % most;

		map(process, start,
		    size < PAGES - start ? size : PAGES - start);
		for (uint64_t page = 0; page < PAGES; page++)
			wrong += differs(process, page);
	}
	printf("%u %d\\n", wrong, mappings.count == process->count);
	forget_processes(&mappings);
	return 0;
}
"""
    sources = [name for name in _CALLERS if name != "mappings"]
    sources = [name for name in sources if name != "callers"]
    text = "#define _GNU_SOURCE\n" + main
    found = _run(tmp_path, text, *sources, *_MMAP_EVENTS, sanitized=True)
    assert found == ["0 1"]


def test_mappings_that_are_moved_too_often(tmp_path: Path) -> None:
    """Nothing is known any more, and the rows go on."""
    main = """
#include "stacks/mappings.c"
#include <stdio.h>

static struct mappings mappings;

int main(void)
{
	struct process *process = find_or_add(&mappings, 1);
	unsigned int events = 0;

	process->state = KNOWN;
	for (uint64_t i = 2000; i-- > 0 && mappings.moved <= MOVED_MAX; events++)
		add(&mappings, process, &(struct mapping){2 * i, 2 * i + 1});
	mappings.read_until = 100;
	handle_events(&mappings, 50);
	printf("%u %zu %d\\n", events, mappings.processes.count,
	       mappings.gap_until > 0);
	return 0;
}
"""
    sources = [name for name in _CALLERS if name != "mappings"]
    sources = [name for name in sources if name != "callers"]
    text = "#define _GNU_SOURCE\n" + main
    found = _run(tmp_path, text, *sources, *_MMAP_EVENTS, sanitized=True)
    assert found == ["1448 0 1"]


def test_cpus_that_are_offline(tmp_path: Path) -> None:
    """They are passed over."""
    main = """
#include "stacks/callers.h"
int main(void)
{
	const struct ring rings[] = {
		{.cpu = 0}, {.cpu = 1}, {.cpu = 2}, {.cpu = 3}};
	struct callers *callers;
	int error = callers_open(&callers, rings, 4, &all);

	printf("%d %u\\n", error, callers->mappings.events.ring_count);
	mappings_read(&callers->mappings);
	mappings_follow(&callers->mappings);
	callers_close(callers);
	first_without_room = 2;
	error = callers_open(&callers, rings, 4, &all);
	printf("%s %p\\n", error == -EMFILE ? "EMFILE" : "?", callers);
	return 0;
}
"""
    text = _EVENTS + START_SCOUT + main
    found = _run(tmp_path, text, *_CALLERS, sanitized=False)
    assert found == ["0 2", "EMFILE (nil)"]
