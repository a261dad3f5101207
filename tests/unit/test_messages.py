# SPDX-License-Identifier: Apache-2.0
"""What the tool says: on stderr, and only what was asked for."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.base.messages import Messages
from opensnooplib.reader import Counts, Reader
from opensnooplib.trace.running_trace import tell_end
from tests.unit.native import CHECKOUT


@pytest.mark.parametrize(
    "quiet, verbose, said",
    [
        (False, False, ["note", "warn"]),
        (True, False, ["warn"]),
        (False, True, ["detail", "note", "warn"]),
    ],
)
def test_quiet_and_verbose(
    capfd: pytest.CaptureFixture[str],
    quiet: bool,
    verbose: bool,
    said: list[str],
) -> None:
    messages = Messages(quiet, verbose)
    messages.detail("detail")
    messages.note("note")
    messages.warn("warn")
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "".join(f"opensnoop: {word}\n" for word in said)


def test_report(capfd: pytest.CaptureFixture[str]) -> None:
    messages = Messages()
    messages.report(OpensnoopError("it went wrong"))
    assert capfd.readouterr() == ("", "opensnoop: it went wrong\n")
    messages.report(OpensnoopError("it went wrong", "two\nlines\n\n"))
    said = "two\nlines\nopensnoop: it went wrong\n"
    assert capfd.readouterr() == ("", said)


def test_a_mistake_in_colours(capfd: pytest.CaptureFixture[str]) -> None:
    """Escape sequences of the text itself drive no terminal."""
    text = "my.c:2:8: error: no \x1b[5m\n   x = 1\n   ~ ^"
    Messages(color=True).report(OpensnoopError("the C is wrong", text))
    assert capfd.readouterr().err == (
        "\x1b[1mmy.c:2:8:\x1b[0m \x1b[1;31merror:\x1b[0m no \\x1b[5m\n"
        "   x = 1\n"
        "\x1b[1;32m   ~ ^\x1b[0m\n"
        "opensnoop: the C is wrong\n"
    )


def test_exit_statuses() -> None:
    assert OpensnoopError("").exit_status == 1
    assert UsageError("").exit_status == 2


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2<&0"])
def test_nothing_of_it_goes_to_stdout(redirection: str) -> None:
    """Also where stderr is closed, full or not writable."""
    result = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirection}', sys.executable]
        + [str(CHECKOUT / "opensnoop.py"), "-p", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert result.stdout == ""
    assert result.returncode == 2


@pytest.mark.parametrize(
    "counts, lost, missed, line",
    [
        (
            Counts(0, 0, 0, 0),
            0,
            0,
            "0 shown, 0 lost, 0 unreadable, 0 missed, in 1.2 s",
        ),
        (
            Counts(5, 0, 2, 0),
            3,
            4,
            "5 shown, 3 lost, 2 unreadable, 4 missed, in 1.2 s",
        ),
        (
            Counts(5, 6, 0, 7, 8),
            0,
            0,
            "5 shown, 0 lost, 0 unreadable, 0 missed, 7 cut, "
            "8 unsure, 6 not written, in 1.2 s",
        ),
    ],
)
def test_end_line(
    capfd: pytest.CaptureFixture[str],
    counts: Counts,
    lost: int,
    missed: int,
    line: str,
) -> None:
    """With -q only where something is missing."""
    shown = SimpleNamespace(
        counts=lambda: counts, done="shown", no_place=0, repeated=0
    )
    missing = lost, missed, 1.23
    tell_end(Messages(), cast(Reader, shown), *missing)
    assert capfd.readouterr().err == f"opensnoop: {line}\n"
    tell_end(Messages(quiet=True), cast(Reader, shown), *missing)
    is_whole = line.startswith("0 ")
    assert bool(capfd.readouterr().err) is not is_whole
