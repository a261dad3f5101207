# SPDX-License-Identifier: Apache-2.0
"""The documents say what the tool does: options, columns, fields, links."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import List, Set

import pytest

from opensnooplib.cli import arguments, column_list
from opensnooplib.rows import column_choice, row_format
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema
from opensnooplib.source import c_text, declarations
from tests.unit.assembled import assemble

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
MAN_PAGE = ROOT / "docs" / "opensnoop.8"
RECORD = ROOT / "docs" / "record-and-json.md"
MARKDOWN = sorted([README, *(ROOT / "docs").rglob("*.md")])

_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _help(capfd: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        arguments.parse(["--help"])
    return capfd.readouterr().out


def _options_in_help(text: str) -> Set[str]:
    """Those at the start of a line: others are part of a sentence."""
    found: Set[str] = set()
    for words in re.findall(r"^  (-.*?)(?:  |$)", text, re.MULTILINE):
        found.update(_OPTION.findall(words))
    return found


def _options_in_man_page() -> Set[str]:
    """mdoc writes -p as "Fl p" and --pid as "Fl Fl pid"."""
    found: Set[str] = set()
    for item in re.findall(r"^\.It (Fl .*)$", _text(MAN_PAGE), re.MULTILINE):
        found.update(
            dashes.count("Fl") * "-" + name
            for dashes, name in re.findall(r"((?:Fl )+)([\w-]+)", item)
        )
    return found


def test_man_page_has_the_options_of_help(
    capfd: pytest.CaptureFixture[str],
) -> None:
    shown = _options_in_help(_help(capfd))
    assert {"-p", "--pid", "--exec", "--ebpf"} <= shown
    assert _options_in_man_page() == shown


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is missing")
def test_man_page_is_good_mdoc() -> None:
    lint = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", str(MAN_PAGE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert lint.stdout == ""


def _links(path: Path) -> List[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _text(path))


def _anchors(path: Path) -> Set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", _text(path), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize(
    "path", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN]
)
def test_local_links_lead_somewhere(path: Path) -> None:
    local = [link for link in _links(path) if "://" not in link]
    assert local or path.name == "lesson.md"
    for link in local:
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def _event_fields() -> List[str]:
    """The names in struct event, in their order."""
    text = assemble(c_text.default_path())
    return list(declarations.of_event(text))


def _event_schema() -> Schema:
    """As far as headings need it, of those that nobody need ask for."""
    kinds = {"comm": (16, "text"), "path": (16, "text"), "ts": (8, "unsigned")}
    text = assemble(c_text.default_path())
    return Schema(
        tuple(
            Field(name, 0, *kinds.get(name, (4, "unsigned")))
            for name, declared in declarations.of_event(text).items()
            if not declared.macro
        )
    )


def _usual_keys() -> List[str]:
    options = arguments.parse(["--format", "json"])
    return [
        column.key for column in column_choice.choose(_event_schema(), options)
    ]


def test_the_record_table_has_the_fields_of_struct_event() -> None:
    documented = re.findall(
        r"^\| `(\w+)` \| (?:[us]\d+|enum)|^\| `(\w+)` \| char\[",
        _text(RECORD),
        re.MULTILINE,
    )
    assert [a or b for a, b in documented] == _event_fields()


def test_the_json_table_has_the_keys_that_rows_have() -> None:
    section = _text(RECORD).partition("\n## JSON")[2].partition("\n## ")[0]
    documented: List[str] = []
    for cell in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
        documented += re.findall(r"`(\w+)`", cell)
    # Those that only some rows have.
    for key in ("comm_bytes", "path_bytes", "path_cut"):
        documented.remove(key)
    keys = _usual_keys()
    assert sorted(documented) == sorted(keys)
    example = re.search(r'^\{"ts".*\}$', section, re.MULTILINE)
    assert example and re.findall(r'"(\w+)": ', example.group()) == keys


def test_readme_shows_the_real_heading() -> None:
    usual = row_format.choose(_event_schema(), arguments.parse([]))
    assert usual.heading() in _text(README)


def test_all_columns_are_documented() -> None:
    listed = re.findall(r"^  (\w+) ", column_list.help_text(), re.MULTILINE)
    section = _text(RECORD).partition("\n## Columns")[2]
    section = section.partition("\n`--time` sets")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == listed
    items = re.findall(r"^\.It Cm ([\w ,]+)$", _text(MAN_PAGE), re.MULTILINE)
    in_manual = [name for item in items for name in item.split(" , ")]
    assert set(listed) <= set(in_manual)


def _commands(path: Path) -> List[List[str]]:
    """The command lines that start the tool, without what isn't its own."""
    found = []
    for line in _text(path).splitlines():
        start = re.match(
            r"(?:(?:(?:sudo|#|\$) )?\./opensnoop\.py|\.Dl opensnoop)(?: |$)",
            line,
        )
        if start:
            command = line[start.end() :].partition(" | ")[0]
            # A process that lives: this one.
            command = re.sub(r"\$\([^)]*\)", str(os.getpid()), command)
            found.append(shlex.split(command, comments=True))
    return found


@pytest.mark.parametrize(
    "path", [README, MAN_PAGE], ids=["README", "man page"]
)
def test_examples_are_understood(path: Path) -> None:
    commands = _commands(path)
    assert len(commands) >= 5
    for words in commands:
        arguments.parse(words)


def test_the_commands_for_questions_are_understood() -> None:
    commands = re.findall(r"^\| [^|]*\? \| `(-.*?)`", _text(README), re.M)
    assert len(commands) == 10
    for command in commands:
        arguments.parse(shlex.split(command))


def test_the_course_lists_its_lessons() -> None:
    course = ROOT / "docs" / "course"
    folders = sorted(path.parent.name for path in course.glob("*/lesson.md"))
    listed = re.findall(
        r"^\| \[(\d+)\..*?\]\((.*?)/lesson\.md\)",
        _text(course / "README.md"),
        re.M,
    )
    assert [name for _, name in listed] == folders
    assert all(int(number) == int(name[:2]) for number, name in listed)
