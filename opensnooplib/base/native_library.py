# SPDX-License-Identifier: Apache-2.0
"""The native library (native/), for the modules that call it."""

from __future__ import annotations

import ctypes
import functools
import os

from opensnooplib.base.errors import OpensnoopError

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIBRARY = os.path.join(_ROOT, "native", "libopensnoop.so")


class NativeField(ctypes.Structure):
    """struct field of native/event/record.h."""

    _fields_ = [("offset", ctypes.c_uint32), ("size", ctypes.c_uint32)]


@functools.lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library, which is loaded when it is first needed.

    A module that calls a function says what it takes and returns, if ctypes
    can't know. Raises OpensnoopError if it is missing or can't be loaded.
    """
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError as error:
        if os.path.exists(LIBRARY):
            raise OpensnoopError(f"cannot load {error}") from None
        raise OpensnoopError(
            f"{LIBRARY} is missing: run make in the checkout"
        ) from None


def check(result: int) -> int:
    """The result of a native function. Raises OSError if it is -errno."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def kernel_clock_ns() -> int:
    """The time in ns, by the clock of records: CLOCK_MONOTONIC of the host.

    Python's clock would be that of the time namespace.
    """
    now = load().kernel_clock_ns
    now.restype = ctypes.c_uint64
    return int(now())
