# SPDX-License-Identifier: Apache-2.0
"""The values of options, parsed from the words that were typed.

Each function takes the name of the option and the word after it, and raises
UsageError if the word makes no sense or can never match.
"""

from __future__ import annotations

import errno
import functools
import math
import os
import pwd
import re
from typing import Callable, Collection, TypeVar

from opensnooplib.base.error_names import ERROR_NAMES
from opensnooplib.base.errors import UsageError
from opensnooplib.base.open_flags import FLAG_GROUPS, FLAGS
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.options import Chosen, Keep

# The longest command name: TASK_COMM_LEN in the kernel's
# include/linux/sched.h, without the NUL.
COMM_BYTES = 15

# The longest name of a unit, and of a cgroup: NAME_MAX.
_UNIT_BYTES = 255

# Units that have processes, by their suffixes, and slices of them.
_UNIT_TYPES = (".service", ".scope", ".slice", ".socket", ".mount", ".swap")

COLORS = ("auto", "always", "never")

# MAX_ERRNO of include/linux/err.h
_LARGEST_ERROR = 4095

# The numbers of errors by name, including second names such as EWOULDBLOCK.
_ERRORS: dict[str, int] = {
    **{name: number for name, number in vars(errno).items() if name[0] == "E"},
    **{name: number for number, name in ERROR_NAMES.items()},
}

_FLAGS = [name for name in FLAGS if name != "O_ACCMODE"] + [*FLAG_GROUPS]

# (uid_t)-1 means "no user": see setreuid(2).
_NO_USER = 2**32 - 1

T = TypeVar("T")
Parse = Callable[[str, str], T]


def each_of(option: str, words: str, what: str) -> list[str]:
    """The words of a comma-separated list."""
    found = [word.strip() for word in words.split(",")]
    if {"", "!"} & {*found}:
        raise UsageError(
            f'{option} "{words}": must be {what} separated by commas, but '
            "one is empty"
        )
    return found


def words_of(parse: Parse[T], what: str = "") -> Parse[Chosen[T]]:
    """A function for what `parse` takes, and for !WORD, which excludes it.

    `what`: the plural of its name, if it is a list separated by commas.
    """

    def parse_all(option: str, text: str) -> Chosen[T]:
        words = each_of(option, text, what) if what else [text]
        wanted = [word for word in words if not word.startswith("!")]
        excluded = [word[1:] for word in words if word.startswith("!")]
        return Chosen(wanted, excluded).each(functools.partial(parse, option))

    return parse_all


def one_of(choices: Collection[str]) -> Parse[str]:
    """A function for a word that must be one of `choices`."""

    def parse(option: str, word: str) -> str:
        if word not in choices:
            raise UsageError(
                f"{option} {word}: must be one of {', '.join(choices)}"
                + did_you_mean(word, choices)
            )
        return word

    return parse


def _number(word: str) -> int | None:
    """The number that decimal digits make; None if there is anything else.

    int() accepts more: "1_000", " 7 ", and digits of any script.
    """
    return int(word[:99]) if word.isascii() and word.isdigit() else None


def positive(option: str, word: str) -> int:
    number = _number(word)
    if not number:
        raise UsageError(f"{option} {word}: must be a whole number above 0")
    if number >= 2**32:
        raise UsageError(f"{option} {word}: too large")
    return number


def power_of_two(option: str, word: str) -> int:
    number = positive(option, word)
    if number & (number - 1):
        lower = 1 << (number.bit_length() - 1)
        raise UsageError(
            f"{option} {number}: must be a power of two, such as {lower} or "
            f"{2 * lower}"
        )
    return number


def pid(option: str, word: str) -> int:
    if word.isascii() and word[:1].isalpha():
        raise UsageError(
            f"{option} {word}: must be the number of a process; to select by "
            f"the name of its command, use -n {word}"
        )
    return positive(option, word)


_MS, _SECOND = 10**6, 10**9
_TIMES = {"ms": _MS, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND}
_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

# float() accepts more than decimals: "inf", "1_000" and others.
_QUANTITY = re.compile(r"(?=\.?\d)(\d{0,99}(?:\.\d{0,99})?)(\D*)", re.ASCII)


def quantity(option: str, word: str, units: dict[str, int], what: str) -> int:
    """A number above 0, with one of `units`, as so many ns or bytes."""
    found = _QUANTITY.fullmatch(word)
    number = 0
    if found:
        number = round(float(found[1]) * units.get(found[2], 0))
    if not 0 < number < 10**18:
        why = "too large" if number else f"must be {what}"
        raise UsageError(f"{option} {word}: {why}")
    return number


def seconds(option: str, word: str) -> float:
    what = "a number of seconds above 0, or a time such as 500ms, 2m or 1h"
    return quantity(option, word, {"": _SECOND, **_TIMES}, what) / _SECOND


def milliseconds(option: str, word: str) -> int:
    """The time in ns."""
    what = "a number of milliseconds above 0, or a time such as 10ms or 1s"
    return quantity(option, word, {"": _MS, **_TIMES}, what)


def keep(option: str, word: str) -> Keep:
    """A time or a size, with its unit."""
    what = "a time or a size, such as 30s, 5m, 2h, 512K, 64M or 1G"
    number = quantity(option, word, {**_TIMES, **_SIZES}, what)
    if word[-1] in _SIZES:
        return Keep(math.inf, number)
    return Keep(number / _SECOND, math.inf)


def comm_part(option: str, word: str) -> bytes:
    part = os.fsencode(word)
    if not part:
        raise UsageError(f"{option} needs a name, or a part of one")
    if len(part) > COMM_BYTES:
        raise UsageError(
            f"{option} {word}: command names have at most {COMM_BYTES} bytes, "
            "so this can never match"
        )
    return part


def unit(option: str, word: str) -> bytes:
    """The name of a systemd unit, which is a service without a suffix."""
    has_type = word.endswith(_UNIT_TYPES)
    name = os.fsencode(word if has_type else f"{word}.service")
    if len(name) > _UNIT_BYTES or set("/*?") & set(word):
        raise UsageError(
            f"{option} {word}: names of units have at most {_UNIT_BYTES} "
            "bytes and no / * or ?, so this can never match"
        )
    return name


def uid(option: str, word: str) -> int:
    """The ID of a user, given by name or by ID."""
    number = _number(word)
    if number is None:
        try:
            number = pwd.getpwnam(word).pw_uid
        except (KeyError, ValueError):
            raise UsageError(f"{option} {word}: no such user") from None
    if number >= _NO_USER:
        raise UsageError(f"{option} {word}: user IDs are below {_NO_USER}")
    return number


def user(option: str, word: str) -> pwd.struct_passwd:
    """A user that the host knows, given by name or by ID."""
    try:
        return pwd.getpwuid(uid(option, word))
    except KeyError:
        raise UsageError(f"{option} {word}: no such user") from None


def error(option: str, word: str) -> int:
    """The number of an error, given by name or by number."""
    number = _number(word)
    why = f"errors are numbered from 1 to {_LARGEST_ERROR}"
    if number is None:
        number = _ERRORS.get(word)
        hint = did_you_mean(word.upper(), _ERRORS, "; errno(3) lists them")
        why = f"no such error{hint}"
    if not number or number > _LARGEST_ERROR:
        raise UsageError(f"{option} {word}: {why}")
    return number


def flag(option: str, word: str) -> str:
    """A flag of open(2), or a word of FLAG_GROUPS."""
    if word not in _FLAGS:
        lists = "; open(2) lists them, for example O_RDONLY, O_CREAT, O_APPEND"
        hint = did_you_mean("O_" + word.upper().removeprefix("O_"), _FLAGS)
        hint = hint or did_you_mean(word, FLAG_GROUPS, lists)
        raise UsageError(f"{option} {word}: no such flag{hint}")
    return word


def path(option: str, word: str) -> str:
    if not word:
        raise UsageError(f"{option} needs a path")
    return word


def in_color(when: str, is_terminal: bool) -> bool:
    """Are colours to be used? For NO_COLOR see https://no-color.org."""
    if when != "auto":
        return when == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return is_terminal and not plain
