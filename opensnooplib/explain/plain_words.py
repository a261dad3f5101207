# SPDX-License-Identifier: Apache-2.0
"""Errors of the compiler and of the verifier in plain words.

To explain another error, add a pattern for it, and the words.
"""

from __future__ import annotations

import re
from typing import List, Tuple

from opensnooplib.base.suggestions import did_you_mean

# Errors of clang, LLVM and BCC, as patterns: the words of all that match.
_COMPILER: Tuple[Tuple[str, str], ...] = (
    (
        r"undeclared identifier 'TASK_COMM_LEN'",
        "add #include <linux/sched.h>",
    ),
    (
        r"undeclared identifier 'PATH_MAX'",
        "add #include <uapi/linux/limits.h>",
    ),
    (r"undeclared identifier 'O_", "add #include <uapi/linux/fcntl.h>"),
    (r"struct pt_regs'", "add #include <uapi/linux/ptrace.h>"),
    (
        r"built-in function '__(fix|float|.*[sd]f[0-9])",
        "BPF has only integers, and no floating point",
    ),
    (
        r"stack limit|built-in function 'mem(set|cpy|move)'",
        "the stack has only 512 bytes: keep large data in a BPF_PERCPU_ARRAY",
    ),
    (
        r"library function 'mem(set|cpy|move|cmp)'",
        "there is no C library in the kernel: write __builtin_memset(), "
        "__builtin_memcpy() and so on",
    ),
    (
        r"(implicit|undeclared).* '(printf|malloc|strlen|strcpy|strcmp|open)'",
        "a BPF program can call only the kernel's helpers: see bpf-helpers(7)",
    ),
    (
        r"'(std\w+|string|unistd|errno)\.h' file not found",
        "there is no C library in the kernel: include only <linux/...> and "
        "<uapi/linux/...>",
    ),
    (
        r"'(vmlinux|bpf/\w+)\.h' file not found",
        "this header is for programs that use libbpf; BCC declares the "
        "helpers itself, and the kernel's structs are in <linux/...>",
    ),
    (
        r"(?m)^\s*SEC\(",
        "SEC() is for programs that use libbpf; with BCC, a probe begins with "
        "TRACEPOINT_PROBE(category, event)",
    ),
    (
        r"(?m)^\s*TRACEPOINT_PROBE\((\s*\"|\w+:)",
        "separate the two names with a comma, and don't quote them: "
        "TRACEPOINT_PROBE(syscalls, sys_enter_openat)",
    ),
    (
        r"cannot call non-static helper function",
        "functions that probes call must be static",
    ),
    (
        r"too many args to|Constant<\d+> too many arguments",
        "a helper takes at most 5 arguments: bpf_trace_printk(), the format "
        "and 3 values",
    ),
    (
        r"refuses the map .*: Argument list too long",
        "its values are too large: each can have at most 32 KiB on each CPU",
    ),
    (
        r"zero-sized leaf",
        "struct event has no fields: add some, since they are the columns",
    ),
    (
        r"[Uu]nsupport(ed)? signed division",
        "BPF divides only unsigned numbers: make both operands unsigned",
    ),
    (
        r"array type .* is not assignable",
        "an array can't be assigned: use __builtin_memcpy(to, from, size)",
    ),
    (
        r"comparison (of array|against a string)",
        "this compares addresses: compare strings byte by byte",
    ),
)


# A macro that clang takes for a function without a type.
_UNKNOWN_MACRO = re.compile(r"type specifier missing.*\n\s*(\w+)\(")
_MACROS = (
    *("TRACEPOINT_PROBE", "RAW_TRACEPOINT_PROBE", "LSM_PROBE"),
    *("KFUNC_PROBE", "KRETFUNC_PROBE", "BPF_PERF_OUTPUT", "BPF_TABLE"),
    *("BPF_HASH", "BPF_ARRAY", "BPF_PERCPU_ARRAY", "BPF_PERCPU_HASH"),
    *("BPF_HISTOGRAM", "BPF_STACK_TRACE"),
)

# Macros for maps that only some versions of BCC have.
_TABLES = {
    "BPF_LRU_HASH": "lru_hash",
    "BPF_PERCPU_HASH": "percpu_hash",
    "BPF_LRU_PERCPU_HASH": "lru_percpu_hash",
}

TOO_LARGE = (
    "the verifier gives up after 1,000,000 instructions, and each round of a "
    "loop counts: give loops a smaller bound"
)

NO_VARIABLES = (
    "this is NULL, or a global or static variable, which BCC doesn't support: "
    "use BPF_ARRAY; or it is an initializer too long for BPF: assign the "
    "values one by one"
)

# The verifier's reasons, as patterns: the words of the first that matches.
_VERIFIER: Tuple[Tuple[str, str], ...] = (
    (
        r"_or_null",
        "the result of a lookup may be NULL: check it before it is used, as "
        "in if (!value) return 0;",
    ),
    (
        r"invalid bpf_context access|dereference of modified ctx",
        "a program of this type can't read this part of its context, or can't "
        "write to it: change a copy",
    ),
    (
        r"invalid mem access '(scalar|inv)'",
        "this pointer can't be dereferenced directly: read kernel memory with "
        "bpf_probe_read_kernel(), and the memory of a process with "
        "bpf_probe_read_user()",
    ),
    (
        r"(read|write|access).* stack|stack .*(read|access)",
        "this part of the stack is uninitialized, or outside the variable: "
        "initialize variables, for example with = {}, and check indexes",
    ),
    (
        r"!read_ok",
        "this is used before it has a value; if it is R0, the function "
        "doesn't return a value on every path",
    ),
    (
        r"invalid access to|(min|max) value is|outside of the|unbounded mem"
        r"|math between|pointer arithmetic|value .* makes|zero-sized",
        "the access may be out of bounds: check the index or the size against "
        "its bounds just before it is used",
    ),
    (
        r"back-edge|infinite loop|loop .*detected|jumps is too complex",
        "the loop has no end that the verifier can see: give it a constant "
        "bound, as in for (i = 0; i < 16; i++)",
    ),
    (
        r"too large|too many|too complex|program is too|limit of",
        TOO_LARGE,
    ),
    (
        r"combined stack|stack size|stack limit",
        "the stack has only 512 bytes: keep large data in a map, such as "
        "struct event in a BPF_PERCPU_ARRAY",
    ),
    (
        r"might sleep",
        "this helper may sleep, and a program of this type must not: use one "
        "that doesn't, such as bpf_probe_read_user()",
    ),
    (
        r"GPL",
        "only programs under the GPL may call this helper, and without "
        "BPF_LICENSE the C is under the GPL: remove BPF_LICENSE",
    ),
    (
        r"last insn is not an exit",
        "a function that a probe calls must be inlined: remove noinline, or "
        "write static inline",
    ),
    (
        r"R11 is invalid",
        "an array in a function must have a constant size",
    ),
    (
        r"unknown func|cannot use helper|helper access|not allowed",
        "this helper isn't available to a program of this type, or not on "
        "this kernel",
    ),
    (
        r"cannot write|only read is|cannot be written|read-only",
        "this memory is read-only",
    ),
    (
        r"type=\S+ expected=",
        "the helper expects another kind of argument here, such as the "
        "address of a variable or of memory in a map",
    ),
    (r"unknown opcode", NO_VARIABLES),  # what BCC 0.18 makes of variables
    (r"unreachable", "this line can never be reached: remove it"),
    (
        r"At program exit|return value",
        "the program returns a value that is not allowed here",
    ),
)


def of_compiler(text: str) -> List[str]:
    """Sentences for the errors in the compiler's messages."""
    words = [plain for cause, plain in _COMPILER if re.search(cause, text)]
    for name in _UNKNOWN_MACRO.findall(text):
        if name in _TABLES:
            words.append(
                f"this BCC has no macro {name}: write "
                f'BPF_TABLE("{_TABLES[name]}", KEY, VALUE, NAME, ENTRIES)'
            )
            continue
        meant = did_you_mean(name.upper(), _MACROS)
        if meant:
            words.append(f"BCC has no macro {name}{meant}")
    return words


def of_verifier(reason: str) -> str:
    """The words for a reason in the verifier's log, or ""."""
    for pattern, words in _VERIFIER:
        if re.search(pattern, reason):
            return words
    return ""
