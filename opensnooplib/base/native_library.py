# SPDX-License-Identifier: Apache-2.0
"""The native library (native/), for the modules that call it.

Each of these modules, such as reader.py and kernel/bpf_objects.py, gives the
types of the arguments of the functions that it calls.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Mapping, Optional, Sequence

from opensnooplib.base.errors import OpensnoopError

LIBRARY = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "native",
    "libopensnoop.so",
)


class NativeField(ctypes.Structure):
    """struct field of native/event/record.h."""

    _fields_ = [("offset", ctypes.c_uint32), ("size", ctypes.c_uint32)]


_loaded: Optional[ctypes.CDLL] = None


def load(signatures: Mapping[str, Sequence[Any]] = {}) -> ctypes.CDLL:
    """The library, with these types of arguments set, by function.

    It is loaded when it is first needed. Raises OpensnoopError if it is
    missing or can't be loaded.
    """
    global _loaded  # the same for all modules
    if _loaded is None:
        _loaded = _load()
    for name, types in signatures.items():
        getattr(_loaded, name).argtypes = types
    return _loaded


def _load() -> ctypes.CDLL:
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
