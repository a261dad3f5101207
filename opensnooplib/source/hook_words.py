# SPDX-License-Identifier: Apache-2.0
"""Where each program attaches, in the words of the C.

There are three ways to say it:

- By a name, which BCC's macros make: TRACEPOINT_PROBE, kprobe__vfs_read.
- By a macro of bpf_src/hooks.h: UPROBE("/bin/bash", readline). The frontend
  makes a name of its arguments, uprobe__bin_bash_readline, that stays when
  lines are added above.
- By comments above a plain function, one or more:

      // attach: kprobe vfs_read
      // attach: uprobe /bin/bash readline
      // attach: slot jumps[3]
      int count(struct pt_regs *ctx)

  The last is no hook, but fills a slot of a BPF_PROG_ARRAY.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from opensnooplib.base.errors import SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import program_names
from opensnooplib.kernel.hooks import HOOKS, Hook
from opensnooplib.source import comments
from opensnooplib.source.compiled_lines import LINE_DIRECTIVE

_WITH_MACRO = [hook.macro for hook in HOOKS if hook.is_own]
_BY_WORD = {hook.word: hook for hook in HOOKS}
_SLOT = "slot"

# The first line of a program that a macro of hooks.h begins. The arguments
# follow in group 2.
MACRO = re.compile(
    rf"^\s*({'|'.join(_WITH_MACRO)})\s*\(" r'((?:"[^"\n]*"|[^()"\n])*)\)',
    re.MULTILINE,
)
_ARGUMENT = re.compile(r'\s*(?:"([^"]*)"|([^",]*?))\s*(?:,|$)')

_COMMENT = re.compile(
    r"(?://|/\*|^\s*\*)\s*attach:\s*(.*?)\s*(?:\*/|$)", re.MULTILINE
)
_FUNCTION = re.compile(r"^[\w\s*]*?\b(\w+)\s*\(")

# Programs with BTF, which BCC finds by their names.
_ONLY_BY_NAME = [hook.word for hook in HOOKS if hook.attach_type]


class Attachment(NamedTuple):
    """One target of a program."""

    hook: Hook | None  # None: a slot of a program array
    words: tuple[str, ...]  # the target: "/bin/bash", "readline"

    @property
    def target(self) -> str:
        """As it is shown to a person: /bin/bash:readline."""
        return ":".join(self.words)

    def __str__(self) -> str:
        return f"{self.hook.what if self.hook else _SLOT} {self.target}"


def name_of(macro: str, arguments: str) -> str:
    """The name of a program, from the macro that begins it."""
    words = "_".join(_words(arguments))
    return f"{macro.lower()}__" + re.sub(r"\W+", "_", words).strip("_")


def _words(arguments: str) -> tuple[str, ...]:
    found = _ARGUMENT.findall(arguments.strip())
    return tuple(quoted or bare for quoted, bare in found if quoted or bare)


def of(text: str) -> dict[str, list[Attachment]]:
    """The attachments of programs that macros or comments give, by name.

    `text` is assembled C. Raises SourceError for a comment that can't be
    understood.
    """
    found: dict[str, list[Attachment]] = {}
    above: list[Attachment] = []
    path, before = "the C", 0  # of the file, and of the lines above it
    where = ""  # the last comment is
    for line in comments.lines(text):
        directive = LINE_DIRECTIVE.match(line.text)
        if directive:
            path, before = directive[2], line.number + 1 - int(directive[1])
        macro = MACRO.match(line.code)
        if macro:
            hook = _BY_WORD[macro[1].lower()]
            name = name_of(macro[1], macro[2])
            found[name] = [Attachment(hook, _words(macro[2]))]
        if line.text != line.code:
            said = _COMMENT.findall(line.text)
            where = f"{path}:{line.number - before}: "
            above += [_in_comment(words, where) for words in said]
        function = above and _FUNCTION.match(line.code)
        if function and (macro or function[1].endswith("_PROBE")):
            raise SourceError(
                f"{where}the comment stands above {function[1]}, which itself "
                "says where it attaches: write a plain function"
            )
        if function and not function[1].isupper():  # as BPF_HASH is
            if line.code.startswith("static"):
                raise SourceError(
                    f"{where}the function {function[1]} below the comment "
                    "must not be static"
                )
            found[function[1]] = above
            above = []
    if above:
        raise SourceError(f"{where}no function follows the comment")
    return found


def _in_comment(words: str, where: str) -> Attachment:
    import shlex  # seldom needed

    where += f'the comment "attach: {words}"'
    try:
        kind, *target = shlex.split(words)
    except ValueError:
        kind, target = "", []
    if kind in _ONLY_BY_NAME:
        raise SourceError(
            f"{where}: BCC loads such programs only by their names: begin the "
            f"function with {_BY_WORD[kind].macro}(...)"
        )
    if kind not in (*_BY_WORD, _SLOT):
        raise SourceError(
            f"{where} names no kind of hook" + did_you_mean(kind, _BY_WORD)
        )
    if not target:
        raise SourceError(f"{where} names no target")
    if kind == "tracepoint" and len(target) == 2:
        target = [":".join(target)]
    return Attachment(_BY_WORD.get(kind), tuple(target))


def by_name(program: str) -> list[Attachment]:
    """The attachment that a program's name says; [] if it says none."""
    hook = program_names.hook_of(program)
    if hook is None:
        return []
    return [Attachment(hook, (program_names.target_of(program),))]
