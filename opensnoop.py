#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""opensnoop: show every file that is opened on this host, and by whom.

The tool runs as root, so nothing is imported from a directory that the
environment names or that others can write to. With -IS, Python finds only its
own modules; _isolate() adds those of opensnoop and the system's packages, and
checks who can write there.
"""

import os
import stat
import sys

_FOLDER = os.path.dirname(os.path.realpath(__file__))
# User IDs whose files are trusted: root, the user who called sudo, and the
# owner of this file, who can change it anyway. In a user namespace, / may have
# another owner than 0.
_TRUSTED = {"0", str(os.geteuid()), os.environ.get("SUDO_UID")}
_TRUSTED |= {str(os.stat(path).st_uid) for path in ("/", __file__)}
_known: "dict[tuple[str, bool], str]" = {}


def _has_other_writers(path: str, group: int) -> bool:
    """Can others write to `path`, which `group` can write to?"""
    import grp  # seldom needed
    import pwd

    try:
        if "system.posix_acl_access" in os.listxattr(path):
            return True
    except OSError:
        pass  # a file system without access control lists
    users = pwd.getpwall()
    members = {user.pw_name for user in users if user.pw_gid == group}
    members.update(*(g.gr_mem for g in grp.getgrall() if g.gr_gid == group))
    trusted = {user.pw_name for user in users if str(user.pw_uid) in _TRUSTED}
    return not members <= trusted


def _look_at(path: str, is_above: bool) -> str:
    parent = os.path.dirname(path)
    why = "" if parent == path else _why_unsafe(parent, is_above=True)
    if why:
        return why
    try:
        found = os.lstat(path)
    except OSError:
        return _why_unsafe(parent)  # whoever can write there can create it
    if str(found.st_uid) not in _TRUSTED:
        return f"{path} belongs to uid {found.st_uid}: chown it to root"
    if stat.S_ISLNK(found.st_mode):
        return _why_unsafe(os.path.realpath(path), is_above)
    writers = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if is_above and found.st_mode & stat.S_ISVTX:
        return ""  # others can add to it, but not replace what is in it
    if writers == stat.S_IWGRP and not _has_other_writers(path, found.st_gid):
        return ""
    return (
        f"others can write to {path}: run chmod go-w on it" if writers else ""
    )


def _why_unsafe(folder: str, is_above: bool = False) -> str:
    """How others could put a file into `folder`, an absolute path, or "".

    `is_above`: all that matters is whether they could replace what is in it.
    """
    key = folder, is_above
    if key not in _known:
        _known[key] = _look_at(folder, is_above)
    return _known[key]


def _refuse_unsafe(folder: str) -> None:
    """End the tool if others could change the modules in this directory."""
    folder = os.path.abspath(folder)
    byte_code = os.path.join(folder, "__pycache__")
    why = _why_unsafe(folder) or _why_unsafe(byte_code)
    if why:
        sys.exit(
            f"opensnoop: refusing to run code that others can change: {why}"
        )


def _path_hook(folder: str) -> None:
    """Refuse unsafe directories: Python calls this before it imports there."""
    _refuse_unsafe(folder)
    raise ImportError("safe: on to the next hook")


def _isolate() -> None:
    """Make all imports from now on safe."""
    package = os.path.join(_FOLDER, "opensnooplib")
    for folder in (package, os.path.join(package, "native")):
        _refuse_unsafe(folder)
    if not (sys.flags.isolated and sys.flags.no_site):
        sys.path.insert(0, _FOLDER)
        from opensnooplib.base.environment import original

        flags = "-ISB" if sys.dont_write_bytecode else "-IS"
        words = [sys.executable, flags, __file__, *sys.argv[1:]]
        os.execve(sys.executable, words, original())
    # Byte code of root's is not left among a user's files. With -I, Python
    # ignores the environment variable, so it is read here.
    sys.dont_write_bytecode |= os.stat(_FOLDER).st_uid != os.geteuid() or bool(
        os.environ.get("PYTHONDONTWRITEBYTECODE")
    )
    for folder in sys.path:
        _refuse_unsafe(folder)
    sys.path_hooks.insert(0, _path_hook)  # type: ignore[arg-type]
    sys.path.append(_FOLDER)
    import site

    for folder in site.getsitepackages():
        if not _why_unsafe(folder):
            site.addsitedir(folder)


_isolate()

# pylint: disable=wrong-import-position
import signal  # noqa: E402

# Ctrl-C ends the process without a traceback, until there is something to
# clean up.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from opensnooplib.base.errors import OpensnoopError  # noqa: E402
from opensnooplib.kernel import limits, ran_out  # noqa: E402
from opensnooplib.base.messages import Messages  # noqa: E402
from opensnooplib.cli import arguments, interpreter  # noqa: E402
from opensnooplib.commands import trace_opens  # noqa: E402
from opensnooplib.options import Options  # noqa: E402
from opensnooplib.trace.ending_signals import EndedEarly  # noqa: E402


def _keep_standard_descriptors() -> None:
    """Open descriptors 0 to 2 if they are closed, or files would get them."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)


def _run(options: Options, messages: Messages) -> int:
    """Do what the options ask for, and import no more than that needs."""
    if options.output.replay is not None:
        from opensnooplib.replay import stored_opens

        return stored_opens.run(options, messages)
    interpreter.use_one_with_bcc(os.path.abspath(__file__))
    limits.raise_limits()
    if options.course.lesson is not None:
        from opensnooplib.commands import lesson

        return lesson.run(options, messages)
    if options.probe.btf:
        from opensnooplib.kernel import btf_file

        btf_file.use(options.probe.btf)
    if options.output.doctor:
        from opensnooplib.commands import doctor

        return doctor.run(options)
    if options.probe.ebpf:
        from opensnooplib.commands import show_source

        return show_source.run(options)
    if options.probe.disasm or (
        options.probe.verifier_log and not options.probe.live
    ):
        from opensnooplib.commands import show_program

        return show_program.run(options, messages)
    return trace_opens.run(options, messages)


def main() -> int:
    """Do what the arguments ask for. Returns the exit status."""
    _keep_standard_descriptors()
    # SIGCHLD may be ignored by inheritance: the kernel then doesn't keep the
    # exit status of children.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    verbose = False
    messages = Messages()
    try:
        options = arguments.parse(sys.argv[1:])
        verbose = options.output.verbose
        messages = Messages(
            options.output.quiet, verbose, options.output.color_mistakes
        )
        return _run(options, messages)
    except OpensnoopError as error:
        messages.report(ran_out.explained(error) or error)
        return error.exit_status
    except EndedEarly:
        messages.report(OpensnoopError("interrupted before the trace began"))
        return 0
    except Exception as error:  # a bug in the tool itself
        if verbose:
            raise
        bug = OpensnoopError(
            f"internal error: {type(error).__name__}: {error}; please report "
            "it with the output of -v"
        )
        messages.report(ran_out.explained(error) or bug)
        return 1


if __name__ == "__main__":
    sys.exit(main())
