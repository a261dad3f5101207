# SPDX-License-Identifier: Apache-2.0
"""Lines of bash, commands of system(3), collections of Python's garbage."""

import gc
import os
from multiprocessing.pool import ThreadPool
from pathlib import Path

from opensnooplib.course.check import Case, Check, Hint, in_thread


def work(case: Case) -> None:
    gc.disable()  # in the processes, too: only those that are expected
    word, other = case.word(77), case.word()  # 79 bytes with ": "
    keyboard, keys = os.pipe()
    os.write(keys, f": x\x7f{word}\nread\n{other}\nexit 0\n".encode())

    def type_into_bash() -> None:
        os.setsid()
        os.dup2(keyboard, 0)
        words = "sh", "-c", "exec bash --norc -i >/dev/null 2>&1"
        os.execve("/bin/sh", words, {"HISTFILE": ""})

    pid = case.process(type_into_bash)
    for line in (f": {word}", "read", "exit 0"):
        case.expect("typed", pid=pid, line=line)

    # Each opens one side of a FIFO, and so waits for the other.
    os.mkfifo(fifo := case.path())
    codes = case.number(1, 99), case.number(100, 255)
    texts = [f"exit {codes[0]} <{fifo}", f"exit {codes[1]} >{fifo}"]
    killed = f"kill -9 $$ # {case.word(66)}"  # 79 bytes

    def call_system() -> None:
        os.system(killed)
        ThreadPool(2).map(os.system, texts)

    pid = case.process(call_system)
    statuses = 9, codes[0] << 8, codes[1] << 8
    for text, status in zip([killed, *texts], statuses):
        case.expect("commands", pid=pid, text=text, status=status)

    if b"python\0gc__start\0" in Path("/usr/bin/python3").read_bytes():
        numbers = [one for one in range(3) for _ in range(case.number(1, 6))]
        pid = case.process(in_thread(lambda: list(map(gc.collect, numbers))))
        for one in numbers:
            case.expect("collections", pid=pid, generation=one)


CHECK = Check(
    hooks=("uprobe",),
    work=work,
    hints={
        "at-entry": Hint(
            "at its entry, readline() has the prompt; it returns the line",
            c=r"^UPROBE\([^)]*readline",
        ),
        "by-process": Hint(
            "two threads of a process call system() at the same time",
            c=r"(\w+) = bpf_get_current_pid_tgid\(\) >> 32;[^}]*update\(&\1,",
        ),
        "argument-at-return": Hint(
            "at its return, the register of the argument has another value",
            c=r"URETPROBE\([^)]*system\)(?:(?!PROBE\()[\s\S])*PT_REGS_PARM1",
        ),
    },
)
