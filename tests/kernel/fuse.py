# SPDX-License-Identifier: Apache-2.0
"""A file system with one file, which stops answering when a test says so.

It speaks just enough of the protocol of <linux/fuse.h>.
"""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import threading
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Type

import pytest

NAME = "served.h"

LOOKUP, GETATTR, OPEN, READ, INIT = 1, 3, 14, 15, 26
_STATFS, _RELEASE, _FLUSH, _ACCESS = 17, 18, 25, 34
_NO_ANSWER = (2, 36, 42)  # FORGET, INTERRUPT, BATCH_FORGET

_ROOT, _FILE = 1, 2  # nodes

_REQUEST = struct.Struct("IIQQ")  # length, opcode, unique, node
_REQUEST_SIZE = 40
_ANSWER = struct.Struct("IiQ")


class HangingFile:
    """Serves the file; nothing is cached, so that each look is a request."""

    def __init__(self, folder: Path) -> None:
        if not os.path.exists("/dev/fuse"):
            pytest.skip("this kernel has no FUSE")
        self.path = folder / NAME
        self._text = b""
        self._version = 0
        self._left: Dict[int, int] = {}  # answers, by opcode
        self._held: List[bytes] = []
        self._device = os.open("/dev/fuse", os.O_RDWR)
        self._folder = folder
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0"
        subprocess.run(
            ["mount", "-i", "-t", "fuse", "-o", options, "none", folder],
            pass_fds=[self._device],
            check=True,
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> HangingFile:
        return self

    def __exit__(
        self, error: Optional[Type[BaseException]], *_: object
    ) -> None:
        """Who waits for an answer gets an error."""
        subprocess.run(["umount", "-f", "-l", self._folder], check=True)
        self._thread.join()
        os.close(self._device)

    def write(self, text: str) -> None:
        self._text = text.encode()
        self._version += 1

    def hang(self, opcode: int, after: int = 0) -> None:
        """Answer so many more of these requests, and then none."""
        self._left[opcode] = after

    def has_hung(self) -> bool:
        return bool(self._held)

    def answer_again(self) -> None:
        self._left.clear()
        held, self._held = self._held, []
        for request in held:
            self._serve_one(request)

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self._device, 1 << 17)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return  # it is unmounted
                continue
            opcode = _REQUEST.unpack_from(request)[1]
            left = self._left.get(opcode)
            if left == 0:
                self._held.append(request)
                continue
            if left:
                self._left[opcode] = left - 1
            self._serve_one(request)

    def _serve_one(self, request: bytes) -> None:
        _, opcode, unique, node = _REQUEST.unpack_from(request)
        if opcode in _NO_ANSWER:
            return
        error, body = self._reply(opcode, node, request[_REQUEST_SIZE:])
        head = _ANSWER.pack(_ANSWER.size + len(body), -error, unique)
        try:
            os.write(self._device, head + body)
        except OSError:
            pass  # whoever asked is gone

    def _reply(self, opcode: int, node: int, body: bytes) -> Tuple[int, bytes]:
        if opcode == INIT:
            numbers = (7, 31, 0, 0, 16, 12, 65536, 1)
            return 0, struct.pack("IIIIHHII36x", *numbers)
        if opcode == GETATTR:
            return 0, bytes(16) + self._attributes(node)
        if opcode == LOOKUP:
            if body.rstrip(b"\0") != NAME.encode():
                return errno.ENOENT, b""
            return 0, struct.pack("Q32x", _FILE) + self._attributes(_FILE)
        if opcode == OPEN:
            return 0, struct.pack("QII", 1, 1, 0)  # FOPEN_DIRECT_IO
        if opcode == READ:
            offset, size = struct.unpack_from("QI", body, 8)
            return 0, self._text[offset : offset + size]
        if opcode == _STATFS:
            return 0, bytes(80)
        if opcode in (_RELEASE, _FLUSH, _ACCESS):
            return 0, b""
        return errno.ENOSYS, b""

    def _attributes(self, node: int) -> bytes:
        """struct fuse_attr"""
        is_file = node == _FILE
        size = len(self._text) if is_file else 0
        times = (self._version,) * 3
        mode = 0o100644 if is_file else 0o40755
        return struct.pack(
            "QQQQQQ10I", node, size, 0, *times, 0, 0, 0, mode, 1, *[0] * 5
        )
