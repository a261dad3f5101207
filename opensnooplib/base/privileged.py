# SPDX-License-Identifier: Apache-2.0
"""Functions that take privileges: this process calls them, or its monitor.

A trace gives up its privileges before it reads records. What it may no longer
do, it asks its monitor for: a child that keeps them (monitor.py). Such a
function takes descriptors, numbers and names of programs, and returns numbers.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from typing import Any, Callable, Sequence, TypeVar, cast

from opensnooplib.base import native_library
from opensnooplib.base.errors import OpensnoopError

_Function = TypeVar("_Function", bound=Callable[..., Any])

# All that the monitor does, by name.
FUNCTIONS: dict[str, Callable[..., Any]] = {}

# MONITOR_TEXT_MAX of native/base/monitor.h
TEXT_SIZE = 8192

_monitor_pid = 0


def connect(monitor_pid: int, connection: int) -> None:
    """Ask this monitor from now on, through a socket; 0, 0: none."""
    global _monitor_pid  # pylint: disable=global-statement
    _monitor_pid = monitor_pid
    native_library.load().monitor_connect(connection)


def doer_pid() -> int:
    """The PID of the process that does what do() is asked for."""
    return _monitor_pid or os.getpid()


def do(name: str, *arguments: Any) -> Any:
    """Let the monitor call a function, or call it here if there is none."""
    if _monitor_pid:
        return ask(name, [], *arguments)
    return FUNCTIONS[name](*arguments)


class NoMonitorError(OpensnoopError):
    """The monitor has ended."""

    def __init__(self) -> None:
        super().__init__(
            "the monitor, a process of the trace, was killed, or does not "
            "answer: start the trace again"
        )


def by_monitor(
    fd_count: int, if_gone: int | None = None
) -> Callable[[_Function], _Function]:
    """Let the monitor call a function where this process may not.

    Its first `fd_count` arguments are descriptors. `if_gone` is what it
    returns, in place of NoMonitorError, if the monitor has ended.
    """

    def mark(function: _Function) -> _Function:
        FUNCTIONS[function.__name__] = function

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except (PermissionError, ChildProcessError):
                fds, others = arguments[:fd_count], arguments[fd_count:]
                try:
                    return ask(function.__name__, fds, *others)
                except NoMonitorError:
                    if if_gone is None:
                        raise
                    return if_gone

        return cast(_Function, call)

    return mark


def ask(name: str, fds: Sequence[int], *others: Any) -> Any:
    """Let the monitor call a function. Returns its number, or its numbers.

    Of one that returns nothing but a descriptor, that.

    Raises OSError: what the function raised, or EPERM if this process has no
    monitor; and NoMonitorError.
    """
    request = " ".join(map(str, [name, *others])).encode()
    if len(request) >= TEXT_SIZE:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    text = ctypes.create_string_buffer(request, TEXT_SIZE)
    array = (ctypes.c_int * len(fds))(*fds)
    lib = native_library.load()
    try:
        opened = native_library.check(lib.monitor_ask(text, array, len(fds)))
    except BrokenPipeError:
        raise NoMonitorError() from None
    numbers = tuple(map(int, text.value.split())) or (opened,)
    return numbers[0] if len(numbers) == 1 else numbers
