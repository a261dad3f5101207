# SPDX-License-Identifier: Apache-2.0
"""The most common mistakes in a workshop, and the messages for each."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Tuple

from opensnooplib.source import kernel_headers

GOOD = """\
#include <linux/sched.h>

struct event {
	u64 ts;
	u32 pid;
	char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);
BPF_HASH(seen, u32, u64);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.ts = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def _doubling() -> Iterator[str]:
    yield "#define A0 1+"
    for number in range(1, 41):
        yield f"#define A{number} A{number - 1} A{number - 1}"
    yield "static int sum = A40 1;\n"


# Macros that double: the compiler would read 2^40 words.
HANGING = "\n".join(_doubling())

_FILL = "\tevent.ts = bpf_ktime_get_ns();\n"
_PROBE = "TRACEPOINT_PROBE(syscalls, sys_enter_openat)"

_LARGE = """\
struct event {
	u32 pid;
	char text[70000];
};
BPF_PERF_OUTPUT(events);
BPF_ARRAY(large, struct event, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 index = 0;
	struct event *event = large.lookup(&index);

	if (event)
		events.perf_submit(args, event, 8);
	return 0;
}
"""

_ONE_LINE = "(syscalls, sys_enter_openat) { struct event event = {}; "

DOES_NOT_COMPILE = "opensnoop: the C does not compile"
REFUSED = (
    "opensnoop: my.c:12: the kernel refuses the program for the tracepoint"
)


_NO_HEADERS = (
    (
        "in plain words: <net/nosuch.h>, if it is spelled correctly, is one "
        "of the kernel's headers, which are not installed here: install "
        "linux-headers-…",
    )
    if not kernel_headers.choose().are_installed
    else ()
)


class Mistake(NamedTuple):
    """A change to GOOD, and lines that a person sees, in order.

    A line may end in "…": only its beginning is given.
    """

    old: str
    new: str
    said: Tuple[str, ...]


MISTAKES = {
    "a semicolon is missing": Mistake(
        _FILL,
        _FILL.replace(";", ""),
        (
            "my.c:16:31: error: expected ';' after expression",
            "        event.ts = bpf_ktime_get_ns()",
            "                                     ^",
            DOES_NOT_COMPILE,
        ),
    ),
    "a brace is missing": Mistake(
        "\treturn 0;\n}\n",
        "\treturn 0;\n",
        (
            "my.c:20:11: error: expected '}'",
            "my.c:13:1: note: to match this '{'",
            DOES_NOT_COMPILE,
        ),
    ),
    "a field is misspelled": Mistake(
        "event.ts =",
        "event.tss =",
        (
            "my.c:16:8: error: no member named 'tss' in 'struct event'; did "
            "you mean 'ts'?",
            DOES_NOT_COMPILE,
        ),
    ),
    "signed numbers are divided": Mistake(
        "bpf_ktime_get_ns()",
        "args->dfd / 2",
        (
            "my.c:16:…",
            "in plain words: BPF divides only unsigned numbers: make both "
            "operands unsigned",
            DOES_NOT_COMPILE,
        ),
    ),
    "what sends is in a comment": Mistake(
        "\tevents.perf_submit",
        "\t// events.perf_submit",
        ("opensnoop: my.c sends no records, so nothing would be shown: …",),
    ),
    "a type isn't known": Mistake(
        "\tu32 pid;\n",
        "\tu32 pid;\n\tstruct nosuch what;\n",
        (
            "my.c:6:16: error: field has incomplete type 'struct nosuch'",
            DOES_NOT_COMPILE,
        ),
    ),
    "behind a comment on a probe's line": Mistake(
        "openat)\n{\n\tstruct event event = {};",
        "openat) { // begins\n\n\tstruct event evnt = {};",
        (
            "my.c:16:2: error: …",
            DOES_NOT_COMPILE,
        ),
    ),
    "a syscall's tracepoint isn't a raw one": Mistake(
        _PROBE,
        "RAW_TRACEPOINT_PROBE(sys_enter_openat)\n{\n\treturn 0;\n}\n\n"
        + _PROBE,
        ("opensnoop: my.c:12: this kernel has no raw tracepoint sys_enter_…",),
    ),
    "memset is called": Mistake(
        _FILL,
        "\tmemset(&event, 0, sizeof(event));\n",
        (
            "my.c:16:2: error: …",
            "in plain words: there is no C library in the kernel: write "
            "__builtin_memset(), __builtin_memcpy() and so on",
            DOES_NOT_COMPILE,
        ),
    ),
    "a helper is misspelled": Mistake(
        "bpf_ktime_get_ns",
        "bpf_ktime_get_nss",
        (
            "my.c:16:13: error: …",
            "        event.ts = bpf_ktime_get_nss();",
            "                   ^",
            "in plain words: there is no helper bpf_ktime_get_nss; did "
            "you mean bpf_ktime_get_ns?",
            DOES_NOT_COMPILE,
        ),
    ),
    "an include is missing": Mistake(
        "#include <linux/sched.h>\n",
        "\n",
        (
            "my.c:6:12: error: use of undeclared identifier 'TASK_COMM_LEN'",
            "in plain words: add #include <linux/sched.h>",
            DOES_NOT_COMPILE,
        ),
    ),
    "an include is misspelled": Mistake(
        "#include <linux/sched.h>",
        "#include <linux/shed.h>",
        (
            "my.c:1:10: fatal error: 'linux/shed.h' file not found",
            DOES_NOT_COMPILE,
        ),
    ),
    "a header that comes with the kernel's": Mistake(
        "#include <linux/sched.h>",
        "#include <net/nosuch.h>",
        (
            "my.c:1:10: fatal error: 'net/nosuch.h' file not found",
            *_NO_HEADERS,
            DOES_NOT_COMPILE,
        ),
    ),
    "a file of one's own isn't there": Mistake(
        "#include <linux/sched.h>",
        '#include "mine.h"',
        ('opensnoop: my.c:1 includes "mine.h", which does not exist',),
    ),
    "a string is assigned": Mistake(
        _FILL,
        '\tevent.comm = "me";\n',
        (
            # The compiler of BCC 0.18 writes "char [16]".
            "my.c:16:13: error: array type 'char…",
            "in plain words: an array can't be assigned: use "
            "__builtin_memcpy(to, from, size)",
            DOES_NOT_COMPILE,
        ),
    ),
    "printf": Mistake(
        _FILL,
        '\tprintf("%d", event.pid);\n',
        (
            "my.c:16:2: error: …",
            "in plain words: a BPF program can call only the kernel's "
            "helpers: see bpf-helpers(7)",
            DOES_NOT_COMPILE,
        ),
    ),
    "floating point": Mistake(
        _FILL,
        "\tevent.ts = args->flags * 1.5;\n",
        (
            "in plain words: BPF has only integers, and no floating point",
            DOES_NOT_COMPILE,
        ),
    ),
    "no such tracepoint": Mistake(
        "sys_enter_openat",
        "sys_enter_opennat",
        (
            "opensnoop: my.c:12: this kernel has no tracepoint "
            "syscalls:sys_enter_opennat; did you mean "
            "syscalls:sys_enter_openat?",
        ),
    ),
    "a macro is misspelled": Mistake(
        "TRACEPOINT_PROBE",
        "TRACEPOINT_PROB",
        (
            "in plain words: BCC has no macro TRACEPOINT_PROB; did you mean "
            "TRACEPOINT_PROBE?",
            DOES_NOT_COMPILE,
        ),
    ),
    "quotes around a tracepoint's names": Mistake(
        "(syscalls, sys_enter_openat)",
        '("syscalls", "sys_enter_openat")',
        (
            "in plain words: separate the two names with a comma, and don't "
            "quote them: TRACEPOINT_PROBE(syscalls, sys_enter_openat)",
            DOES_NOT_COMPILE,
        ),
    ),
    "a program for libbpf": Mistake(
        _PROBE,
        'SEC("tracepoint/syscalls/sys_enter_openat")\nint probe(void *args)',
        (
            "in plain words: SEC() is for programs that use libbpf; with BCC, "
            "a probe begins with TRACEPOINT_PROBE(category, event)",
            DOES_NOT_COMPILE,
        ),
    ),
    "a macro for maps that BCC hasn't": Mistake(
        "BPF_HASH(seen",
        "BPF_LRU_HASH(seen",
        (
            "in plain words: this BCC has no such macro: write "
            "BPF_TABLE(TYPE, KEY, VALUE, NAME, ENTRIES), where TYPE is "
            '"lru_hash", "percpu_hash" or "lru_percpu_hash"',
            DOES_NOT_COMPILE,
        ),
    ),
    "a map whose values are too large": Mistake(
        "BPF_HASH(seen, u32, u64);",
        "struct large { char text[40000]; };\n\n"
        "BPF_PERCPU_ARRAY(seen, struct large, 1);",
        (
            "my.c:12: error: the kernel refuses the map seen: Argument list "
            "too long",
            "in plain words: its values are too large: …",
            DOES_NOT_COMPILE,
        ),
    ),
    "a helper that may wait": Mistake(
        _FILL,
        "\tbpf_copy_from_user(&event.ts, 8, args->filename);\n",
        (
            "the verifier: …",
            REFUSED + " syscalls:sys_enter_openat: Invalid argument",
        ),
    ),
    "more values than printk takes": Mistake(
        _FILL,
        '\tbpf_trace_printk("%d %d %d %d", 1, 2, 3, event.pid);\n',
        (
            "my.c:16: error: …",
            "in plain words: a helper takes at most 5 arguments: "
            "bpf_trace_printk(), the format and 3 values",
            DOES_NOT_COMPILE,
        ),
    ),
    "a brace is missing in a function above": Mistake(
        _PROBE,
        "static int above(int x)\n{\n\tif (x) {\n\t\treturn 1;\n"
        "\treturn 0;\n}\n\n" + _PROBE,
        (
            "my.c:20:1: error: function definition is not allowed here",
            "my.c:13:1: note: to match this '{'",
            "in plain words: a } is missing above: in the function that "
            "begins where it says \"to match this '{'\"",
            DOES_NOT_COMPILE,
        ),
    ),
    "an endif is missing": Mistake(
        _FILL,
        "#ifdef NOBODY\n" + _FILL,
        (
            "my.c:16:2: error: unterminated conditional directive",
            DOES_NOT_COMPILE,
        ),
    ),
    "no field": Mistake(
        GOOD.partition("TRACEPOINT")[0],
        "struct event {};\nBPF_PERF_OUTPUT(events);\n",
        (
            "in plain words: struct event has no fields: add some, since they "
            "are the columns",
            DOES_NOT_COMPILE,
        ),
    ),
    "two probes for one tracepoint": Mistake(
        _PROBE,
        _PROBE + "\n{\n\treturn 0;\n}\n\n" + _PROBE,
        (
            "my.c:17:1: error: redefinition of …",
            "my.c:12:1: note: previous definition is here",
            "in plain words: there is already a probe for this hook: merge "
            "the two",
            DOES_NOT_COMPILE,
        ),
    ),
    "two probes for one raw tracepoint": Mistake(
        _PROBE,
        "\nRAW_TRACEPOINT_PROBE(sys_exit)\n{\n\treturn 0;\n}\n" * 2 + _PROBE,
        (
            "my.c:18:1: error: redefinition of …",
            "my.c:13:1: note: previous definition is here",
            "in plain words: there is already a probe for this hook: merge "
            "the two",
            DOES_NOT_COMPILE,
        ),
    ),
    "no such field of the tracepoint": Mistake(
        _FILL,
        "\tevent.ts = args->nothing;\n",
        (
            "my.c:16:19: error: no member named 'nothing' in 'struct "
            "tracepoint__syscalls__sys_enter_openat'",
            "in plain words: syscalls:sys_enter_openat has the fields dfd, "
            "filename, flags, mode",
            DOES_NOT_COMPILE,
        ),
    ),
    "no such function": Mistake(
        _PROBE,
        "int kprobe__do_sys_opennat2(struct pt_regs *args)",
        (
            "opensnoop: my.c:12: this kernel has no kernel function "
            "do_sys_opennat2; did you mean do_sys_openat2?",
        ),
    ),
    "a function that attaches nowhere": Mistake(
        _PROBE,
        "int my_probe(struct pt_regs *args)",
        (
            "opensnoop: my.c:12: the name of the function my_probe doesn't "
            "say where it attaches: use TRACEPOINT_PROBE(category, event) or "
            "another …",
        ),
    ),
    "a lookup isn't checked": Mistake(
        _FILL,
        "\tevent.ts = *(u64 *)seen.lookup(&event.pid);\n",
        (
            "my.c:16: error: the kernel refuses this:",
            "        event.ts = *(u64 *)seen.lookup(&event.pid);",
            "the verifier: R0 invalid mem access 'map_value_or_null'",
            "in plain words: the result of a lookup may be NULL: check …",
            REFUSED + " syscalls:sys_enter_openat: Permission denied",
        ),
    ),
    "a program's memory is read just so": Mistake(
        _FILL,
        "\tevent.ts = *(char *)args->filename;\n",
        (
            "my.c:16: error: the kernel refuses this:",
            "        event.ts = *(char *)args->filename;",
            "in plain words: this pointer can't be dereferenced …",
            REFUSED + "…",
        ),
    ),
    "an index isn't checked": Mistake(
        _FILL,
        "\tevent.comm[args->flags] = 1;\n",
        (
            "in plain words: the access may be out of bounds: …",
            REFUSED + "…",
        ),
    ),
    "a large array on the stack": Mistake(
        _FILL,
        "\tchar text[600];\n\n\tbpf_probe_read_user(text, sizeof(text), "
        "args->filename);\n\tevent.ts = text[args->flags & 511];\n",
        (
            "my.c:12: error: in tracepoint__syscalls__sys_enter_openat: …",
            "in plain words: the stack has only 512 bytes: keep large data in "
            "a BPF_PERCPU_ARRAY",
            DOES_NOT_COMPILE,
        ),
    ),
    "a loop without end": Mistake(
        _FILL,
        "\tfor (;;)\n\t\tevent.ts += bpf_ktime_get_ns();\n",
        (
            "in plain words: the loop has no end that the verifier can …",
            REFUSED + "…",
        ),
    ),
    "a program that is too large": Mistake(
        _FILL,
        "\tfor (int i = 0; i < 2000000; i++)\n"
        "\t\tevent.ts += bpf_ktime_get_ns();\n",
        (
            REFUSED + " syscalls:sys_enter_openat: the verifier gives up "
            "after 1,000,000 instructions, …",
        ),
    ),
    "a struct larger than any record": Mistake(
        GOOD,
        _LARGE,
        (
            "opensnoop: my.c:3: the field text ends after byte 65535, "
            "where every record ends",
        ),
    ),
    "no such field, all in one line": Mistake(
        GOOD.partition("TRACEPOINT_PROBE")[2],
        _ONE_LINE + "event.pid = args->nothing; "
        "events.perf_submit(args, &event, 8); return 0; }\n",
        (
            "my.c:12:91: error: no member named 'nothing' in …",
            "in plain words: syscalls:sys_enter_openat has the fields dfd, …",
            DOES_NOT_COMPILE,
        ),
    ),
    "a lookup isn't checked, all in one line": Mistake(
        GOOD.partition("TRACEPOINT_PROBE")[2],
        _ONE_LINE + "u32 one = 1; event.pid = *(u64 *)seen.lookup(&one); "
        "events.perf_submit(args, &event, 8); return 0; }\n",
        (
            "my.c:12: error: the kernel refuses this:",
            "        TRACEPOINT_PROBE(syscalls, sys_enter_openat) { struct …",
            "in plain words: the result of a lookup may be NULL: check …",
            REFUSED + " syscalls:sys_enter_openat: Permission denied",
        ),
    ),
    "a lookup isn't checked in the line behind": Mistake(
        "(syscalls, sys_enter_openat)\n{\n\tstruct event event = {};\n",
        _ONE_LINE + "u32 one = 1;\n\tevent.ts += *(u64 *)seen.lookup(&one);\n"
        "\tseen.update(&one, &event.ts);\n",
        (
            "my.c:13: error: the kernel refuses this:",
            "        event.ts += *(u64 *)seen.lookup(&one);",
            REFUSED + " syscalls:sys_enter_openat: Permission denied",
        ),
    ),
    "a static variable": Mistake(
        _FILL,
        "\tstatic u64 n;\n\n\tevent.ts = n++;\n",
        (
            # With BCC 0.18 the kernel can't even say where.
            "in plain words: this pointer can't be dereferenced directly: "
            "read kernel memory with bpf_probe_read_kernel(), and the memory "
            "of a process with bpf_probe_read_user(). If it is a global or "
            "static variable, which BCC doesn't support, use BPF_ARRAY; …",
            REFUSED + "…",
        ),
    ),
    "a helper that isn't allowed": Mistake(
        _FILL,
        "\tevent.ts = bpf_redirect(1, 0);\n",
        (
            "the verifier: …",
            "in plain words: this helper isn't available to a program of this "
            "type, or not on this kernel",
            REFUSED + "…",
        ),
    ),
    "an argument is written to": Mistake(
        _FILL,
        "\targs->flags = 1;\n",
        (
            "my.c:16: error: the kernel refuses this:",
            "        args->flags = 1;",
            "the verifier: invalid bpf_context access off=32 size=8",
            "in plain words: a program of this type can't read this part of "
            "its context, or can't write to it: change a copy",
            REFUSED + "…",
        ),
    ),
    "a value where an address belongs": Mistake(
        _FILL,
        "\tseen.lookup(event.pid);\n",
        (
            "my.c:16:14: warning: incompatible integer to pointer conversion "
            "…",
            "my.c:16: error: the kernel refuses this:",
            "        seen.lookup(event.pid);",
            "in plain words: the helper expects another kind of argument "
            "here, such as …",
            REFUSED + "…",
        ),
    ),
    "the C library": Mistake(
        "#include <linux/sched.h>",
        "#include <stdio.h>",
        (
            "my.c:1:10: fatal error: 'stdio.h' file not found",
            "in plain words: there is no C library in the kernel: include "
            "only <linux/...> and <uapi/linux/...>",
            DOES_NOT_COMPILE,
        ),
    ),
    "an argument of the macro is missing": Mistake(
        "(syscalls, sys_enter_openat)",
        "(sys_enter_openat)",
        (
            "my.c:12:34: error: too few arguments provided to function-like "
            "macro invocation",
            "TRACEPOINT_PROBE(sys_enter_openat)",
            "                                 ^",
            DOES_NOT_COMPILE,
        ),
    ),
    "nothing is sent": Mistake(
        "\tevents.perf_submit(args, &event, sizeof(event));\n",
        "",
        (
            "opensnoop: my.c sends no records, so nothing would be shown: "
            "call events.perf_submit(ctx, &event, sizeof(event)), in a "
            "TRACEPOINT_PROBE with args in place of ctx",
        ),
    ),
    "a comment that can't be followed": Mistake(
        "u64 ts;",
        "u64 ts; /* column: hexx */",
        (
            'opensnoop: my.c:4: column: unknown rendering "hexx"; did you '
            "mean hex?",
        ),
    ),
    "a field whose name is no column's": Mistake(
        "\tu32 pid;\n",
        "\tu32 pid;\n\tu32 a$b;\n",
        (
            "opensnoop: BCC makes no BTF of this C, from which the layout of "
            "struct event is read: use no float, no enum with a value of more "
            "than 32 bits, and only letters, digits and _ in names",
        ),
    ),
    "no struct event": Mistake(
        "struct event",
        "struct record",
        ("opensnoop: my.c has no struct event: its fields are the columns",),
    ),
    "another name for the map": Mistake(
        "events",
        "output",
        (
            "opensnoop: my.c has no BPF_PERF_OUTPUT(events): add it, and "
            "send records with events.perf_submit(ctx, &event, "
            "sizeof(event)), in a TRACEPOINT_PROBE with args in place of "
            "ctx; a BPF ring buffer doesn't count lost records",
        ),
    ),
    "a ring buffer": Mistake(
        "BPF_PERF_OUTPUT(events)",
        "BPF_RINGBUF_OUTPUT(events, 8)",
        (
            "opensnoop: my.c has no BPF_PERF_OUTPUT(events): add it, and "
            "send records with events.perf_submit(ctx, &event, "
            "sizeof(event)), in a TRACEPOINT_PROBE with args in place of "
            "ctx; a BPF ring buffer doesn't count lost records",
        ),
    ),
    "an empty file": Mistake(
        GOOD,
        "",
        ("opensnoop: my.c is empty: docs/workshop.md shows how to begin",),
    ),
}

# Mistakes that compile, with a warning.
DOUBTS = {
    "a return is missing": Mistake(
        "\treturn 0;\n}",
        "}",
        (
            "my.c:20:1: warning: non-void function does not return a value …",
            "}",
            "^",
        ),
    ),
    "a variable without a value": Mistake(
        _FILL,
        "\tu64 x;\n\n\tevent.ts = x + args->flags;\n",
        (
            "my.c:18:13: warning: variable 'x' is uninitialized when used "
            "here …",
            "        event.ts = x + args->flags;",
            "                   ^",
        ),
    ),
    "the size of a pointer is sent": Mistake(
        "&event, sizeof(event)",
        "&event, sizeof(&event)",
        (
            "my.c:19: warning: only 8 bytes of struct event are sent, which "
            "leaves out pid, comm: write sizeof(struct event)",
        ),
    ),
    "texts are compared": Mistake(
        _FILL,
        '\tif (event.comm == "cat")\n\t\treturn 0;\n',
        (
            "my.c:16:17: warning: result of comparison against a string "
            "literal is unspecified …",
            '        if (event.comm == "cat")',
            "in plain words: this compares addresses: compare strings byte by "
            "byte",
        ),
    ),
}
