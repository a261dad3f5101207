# SPDX-License-Identifier: Apache-2.0
"""The C of one of BCC's tools, with its attachments written into it.

    hand_out.py TOOL FILE [ARGUMENT...]

runs the tool's own Python, with a stand-in for bcc.BPF that compiles nothing.
It notes what is attached to what, and ends the process as soon as the tool
waits for events. FILE gets the C that --source takes: above each function
there is a comment for each of its attachments; at the end, one for each
element of a map that it sets. Nothing of BCC is copied into this project.

It ends with 0, or with 1 if the tool gave up: its last line says why.
"""

from __future__ import annotations

import ctypes
import curses
import json
import os
import re
import runpy
import select
import signal
import sys
import threading
import time
from typing import Any, Dict, Iterator, List, NoReturn, Tuple, Union

import bcc

# By function, what it is attached to, as in the comments.
_attached: Dict[str, List[str]] = {}
_set: List[str] = []  # elements of maps, as --set takes them
_texts: List[str] = []  # of each BPF() that has maps or programs

_file = ""

_REAL = bcc.BPF

# Far longer than any tool takes until it waits; some of them never sleep.
_LIMIT_SECONDS = 120


def _text(word: Union[bytes, str]) -> str:
    return word.decode() if isinstance(word, bytes) else word


def _write_and_end(*_: object, **__: object) -> NoReturn:
    """In place of whatever waits: nothing is attached after it."""
    if not _texts:
        _give_up("")
    text = _with_comments(_texts[-1])
    text += "".join(f"\n// set: {element}" for element in _set)
    with open(_file, "w", encoding="utf-8") as file:
        file.write(text)
    os._exit(0)


def _give_up(why: str) -> NoReturn:
    if why:
        print(why.strip(), file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _with_comments(text: str) -> str:
    for function, hooks in _attached.items():
        # The definition, at file scope: its type may be on a line before.
        head = re.search(
            rf"^[ \t]*(?:[A-Za-z_][\w \t*]*\s)?{re.escape(function)}\s*"
            r"\([^;{}]*\)\s*\{",
            text,
            re.MULTILINE,
        )
        if not head:
            _give_up(f"its C has no function {function}")
        lines = "".join(f"// attach: {hook}\n" for hook in hooks)
        text = text[: head.start()] + lines + text[head.start() :]
    return text


def _attach(function: Union[bytes, str], hook: str) -> None:
    hooks = _attached.setdefault(_text(function), [])
    if hook not in hooks:
        hooks.append(hook)


def _written(value: Any) -> str:
    """A key or a value of a map as --set takes it; "" if it can't be known."""
    value = getattr(value, "value", value)
    if isinstance(value, ctypes.Structure):
        fields = (getattr(value, name) for name, *_ in value._fields_)
        return "{" + ", ".join(map(_written, fields)) + "}"
    if isinstance(value, bytes):
        return json.dumps(value.decode())
    return str(int(value)) if isinstance(value, int) else ""


class _Anything:
    """A map, or what a map gives: takes everything, and holds nothing."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value

    def __call__(self, *_: object, **__: object) -> Any:
        return _Anything()

    def __getitem__(self, _: object) -> Any:
        return _Anything()

    def __setitem__(self, index: Any, value: object) -> None:
        number = _written(index)
        if isinstance(value, _REAL.Function):
            _attach(value.name, f"slot {self._name}[{number}]")
        elif number and _written(value):
            _set.append(f"{self._name}[{number}]={_written(value)}")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __int__(self) -> int:
        return 0


class _Bpf(bcc.BPF):  # type: ignore[misc]
    """What is asked of the kernel is answered; nothing is compiled."""

    def __init__(
        self, src_file: Any = "", text: Any = None, **more: Any
    ) -> None:
        if src_file:
            path = _REAL._find_file(os.fsencode(src_file))
            with open(path, encoding="utf-8") as file:
                text = file.read()
        text = _text(text or "")
        self._check_field(text)
        for flag in map(_text, more.get("cflags", ())):
            if flag.startswith("-D"):
                name, _, value = flag[2:].partition("=")
                text = f"#define {name} {value or 1}\n{text}"
        if "ctx" in text or "_PROBE" in text or "BPF_" in text:
            _attached.clear()
            _texts.append(text)
            for usdt in more.get("usdt_contexts", ()):
                usdt.attach_all()

    @staticmethod
    def _check_field(text: str) -> None:
        """Answer a tool that compiles C to see whether a struct has a field.

        BTF knows. Raises an Exception, as BCC would.
        """
        asked = re.search(r"\w+\(struct (\w+) \*(\w+)\)\s*\{[^}]*\2->", text)
        if asked and "ctx" not in text:
            field = re.search(rf"\b{asked[2]}->(\w+)", text)
            assert field
            if not _REAL.kernel_struct_has_field(
                asked[1].encode(), field[1].encode()
            ):
                raise Exception("no such field")

    def __getitem__(self, name: Any) -> Any:
        return _Anything(_text(name))

    def get_table(self, name: Any, *_: object, **__: object) -> Any:
        return _Anything(_text(name))

    def __setitem__(self, name: object, value: object) -> None:
        pass

    def load_func(self, name: Any, kind: int, *_: object, **__: object) -> Any:
        return _REAL.Function(self, _text(name), -1)

    def load_funcs(self, *_: object, **__: object) -> List[Any]:
        return []

    def cleanup(self) -> None:
        pass

    close = cleanup

    def attach_kprobe(
        self,
        event: Any = "",
        event_off: int = 0,
        fn_name: Any = "",
        event_re: Any = "",
    ) -> None:
        for target in self._functions(event, event_re):
            offset = f"+{event_off:#x}" if event_off else ""
            _attach(fn_name, f"kprobe {target}{offset}")

    def attach_kretprobe(
        self,
        event: Any = "",
        fn_name: Any = "",
        event_re: Any = "",
        maxactive: int = 0,
    ) -> None:
        for target in self._functions(event, event_re):
            _attach(fn_name, f"kretprobe {target}")

    @staticmethod
    def get_kprobe_functions(event_re: Any) -> List[bytes]:
        """Also on a kernel without kprobes: opensnoop is to say so."""
        try:
            found: List[bytes] = _REAL.get_kprobe_functions(event_re)
        except OSError:
            with open("/proc/kallsyms", "rb") as file:
                symbols = [line.split()[1:3] for line in file]
            functions = [name for kind, name in symbols if kind in b"tT"]
            found = [n for n in functions if re.fullmatch(event_re, n)]
        return found

    @staticmethod
    def _functions(event: Any, event_re: Any) -> List[str]:
        """The targets. Raises an Exception if the kernel has none of it.

        Tools try one name after the other.
        """
        if event_re:
            found = _Bpf.get_kprobe_functions(_text(event_re).encode())
            return sorted(_text(one) for one in set(found))
        name = _text(event)
        if _REAL.ksymname(name.encode()) == -1:
            raise Exception(f"Failed to attach BPF program to kprobe {name}")
        return [name]

    def attach_tracepoint(
        self, tp: Any = "", tp_re: Any = "", fn_name: Any = ""
    ) -> None:
        names = [tp]
        if tp_re:
            names = _REAL.get_tracepoints(_text(tp_re).encode())
        for name in map(_text, names):
            _attach(fn_name, f"tracepoint {name}")

    def attach_raw_tracepoint(self, tp: Any = "", fn_name: Any = "") -> None:
        _attach(fn_name, f"raw_tracepoint {_text(tp)}")

    def attach_uprobe(self, *where: Any, **named: Any) -> None:
        self._attach_user("uprobe", *where, **named)

    def attach_uretprobe(self, *where: Any, **named: Any) -> None:
        self._attach_user("uretprobe", *where, **named)

    @staticmethod
    def _attach_user(
        kind: str,
        name: Any = "",
        sym: Any = "",
        sym_re: Any = "",
        addr: Any = None,
        fn_name: Any = "",
        pid: int = -1,
        sym_off: int = 0,
    ) -> None:
        module = _text(name)
        if "/" not in module:
            found = _REAL.find_library(module.encode()) or module
            module = _text(found)
        symbols = [_text(sym)]
        if sym_re:
            pattern = _text(sym_re).encode()
            found = _REAL.get_user_functions(module.encode(), pattern)
            symbols = sorted({_text(one) for one in found})
        offset = f"+{sym_off:#x}" if sym_off else ""
        for symbol in symbols:
            if addr is not None and not symbol:
                symbol = f"{addr:#x}"
            elif not _has_symbol(module, symbol):
                raise Exception(f"could not determine address of {symbol}")
            _attach(fn_name, f"{kind} {module} {symbol}{offset}")

    def attach_perf_event(
        self,
        ev_type: int = -1,
        ev_config: int = -1,
        fn_name: Any = "",
        sample_period: int = 0,
        sample_freq: int = 0,
        **_: object,
    ) -> None:
        number = sample_freq or f"period={sample_period}"
        _attach(fn_name, f"perf_event {ev_type}:{ev_config} {number}")

    def attach_xdp(self, dev: Any, fn: Any, *_: object) -> None:
        _attach(fn.name, f"xdp {_text(dev)}")

    @staticmethod
    def attach_raw_socket(fn: Any, dev: Any) -> None:
        _attach(fn.name, f"socket_filter {_text(dev)}")

    def num_open_kprobes(self) -> int:
        return len(_attached)

    num_open_uprobes = num_open_tracepoints = num_open_kprobes


def _has_symbol(module: str, symbol: str) -> bool:
    try:
        _REAL._check_path_symbol(module.encode(), symbol.encode(), None, -1)
    except Exception:
        return False
    return True


class _Usdt(bcc.USDT):  # type: ignore[misc]
    """The probes of a program; they are not enabled."""

    def __init__(self, pid: Any = None, path: Any = None) -> None:
        super().__init__(pid=pid, path=path)
        self._asked: List[Tuple[str, str]] = []

    def enable_probe(self, probe: Any, fn_name: Any) -> None:
        name = _text(probe).rpartition(":")[2]
        if not any(_text(one.name) == name for one in self.enumerate_probes()):
            raise bcc.USDTException(f"failed to enable probe {name}")
        self._asked.append((name, _text(fn_name)))

    enable_probe_or_bail = enable_probe

    def attach_all(self) -> None:
        for name, function in self._asked:
            for one in self.enumerate_probes():
                if _text(one.name) == name:
                    path = os.path.realpath(_text(one.bin_path))
                    where = f"{path} {_text(one.provider)}"
                    _attach(function, f"usdt {where} {name}")

    def get_text(self) -> str:
        return ""


def _stand_in() -> None:
    for name in (
        "perf_buffer_poll",
        "perf_buffer_consume",
        "kprobe_poll",
        "ring_buffer_poll",
        "ring_buffer_consume",
        "trace_open",
        "trace_fields",
        "trace_readline",
        "trace_print",
    ):
        setattr(_Bpf, name, _write_and_end)
    # Some tools ask the class itself.
    bcc.BPF, bcc.USDT = _Bpf, _Usdt
    time.sleep = _write_and_end
    threading.Event.wait = _write_and_end  # type: ignore[assignment]
    signal.pause = _write_and_end
    select.select = _write_and_end
    _without_screen()
    signal.signal(signal.SIGALRM, _write_and_end)
    signal.alarm(_LIMIT_SECONDS)


def _without_screen() -> None:
    def wrapper(main: Any, *more: Any) -> None:
        main(_Anything(), *more)

    setattr(curses, "wrapper", wrapper)
    for name in (
        "initscr",
        "nocbreak",
        "echo",
        "endwin",
        "use_default_colors",
    ):
        setattr(curses, name, _Anything())


def main() -> None:
    global _file
    tool, _file, *arguments = sys.argv[1:]
    sys.argv = [tool, *arguments]
    _stand_in()
    try:
        runpy.run_path(tool, run_name="__main__")
    except SystemExit as ended:
        if ended.code not in (None, 0):
            _give_up(str(ended.code) if isinstance(ended.code, str) else "")
    except BaseException as error:
        _give_up(f"{type(error).__name__}: {error}")
    _write_and_end()


if __name__ == "__main__":
    main()
