#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Other kernels: run a command on one of them, in a copy of the checkout.

    vm.py run --kernel 6.1 -- ./opensnoop.py --doctor
    vm.py run --kernel 7.2                              run a shell there
    vm.py test                                          run the kernel tests
    vm.py test-all                                      write docs/test-all.md
    vm.py bench                                         compare with peers
    vm.py coverage                                      write docs/coverage.md
    vm.py bcc-tools                                     write docs/bcc-tools.md
    vm.py build                                         only build the images

Needs root, and the packages debootstrap, qemu-system-x86, busybox-static,
cpio and e2fsprogs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from typing import Any, List, Optional

import all_tests
import bcc_table
import coverage_table
import images
import kernel_tests
import machine


def main() -> int:
    options = _parse()
    signal.signal(signal.SIGTERM, _leave)
    try:
        status: int = options.do(options)
    except images.ImageError as error:
        print(f"vm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _leave(number: int, _frame: Any) -> None:
    sys.exit(128 + number)


def _run(options: argparse.Namespace) -> int:
    image = images.get(images.suite_of(options.kernel))
    if options.share and not os.path.isdir(options.share):
        raise images.ImageError(f"--share {options.share}: no such folder")
    settings = _settings(options)._replace(not_alone=True, share=options.share)
    words: List[str] = options.command
    if not words:
        return machine.shell(image, settings)
    # One word is a shell command, as with ssh; several are taken as they are.
    command = words[0] if len(words) == 1 else shlex.join(words)
    return machine.run(
        image, command, settings, sys.stdout.buffer, sys.stderr.buffer
    )


def _bench(options: argparse.Namespace) -> int:
    """Run one machine after the other: measuring needs all processors."""
    worst = 0
    settings = _settings(options)._replace(headers=True)  # peers need them
    for kernel in options.kernel:
        image = images.get(images.suite_of(kernel))
        print(f"## {image.suite}, Linux {image.release}\n", flush=True)
        command = "tests/bench/bench.py --quick peers"
        status = machine.run(
            image, command, settings, sys.stdout.buffer, sys.stderr.buffer
        )
        print(flush=True)
        worst = max(worst, status)
    return worst


def _settings(options: argparse.Namespace) -> machine.Settings:
    return machine.Settings(
        options.timeout, options.silence, options.headers, options.append
    )


def _test(options: argparse.Namespace) -> int:
    suites = [images.suite_of(kernel) for kernel in options.kernel]
    boots = kernel_tests.boots(suites, options.pytest, options.append)
    results = kernel_tests.run(boots, _settings(options))
    print(kernel_tests.table(results))
    return 0 if all(result.has_passed for result in results) else 1


def _test_all(options: argparse.Namespace) -> int:
    suites = [images.suite_of(kernel) for kernel in options.kernel]
    return all_tests.run(suites, _settings(options))


def _coverage(options: argparse.Namespace) -> int:
    suites = [images.suite_of(kernel) for kernel in options.kernel]
    return coverage_table.run(suites, _settings(options))


def _bcc_tools(options: argparse.Namespace) -> int:
    suites = [images.suite_of(kernel) for kernel in options.kernel]
    return bcc_table.run(suites, _settings(options))


def _build(options: argparse.Namespace) -> int:
    for kernel in options.kernel:
        image = images.get(images.suite_of(kernel))
        print(f"{image.suite} {image.release} {image.folder}")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a command, or a shell")
    run.set_defaults(do=_run)
    _add_settings(run, 600)
    run.add_argument(
        "--kernel",
        default="6.1",
        help="a version (5.10, 6.1, …) or a Debian suite (default 6.1)",
    )
    run.add_argument(
        "--share",
        default="",
        metavar="FOLDER",
        help="this host's folder becomes /bench/shared there",
    )
    run.add_argument(
        "command",
        nargs="*",
        metavar="CMD",
        help="one word is a shell command; default: a shell",
    )
    test = commands.add_parser("test", help="run the kernel tests")
    test.set_defaults(do=_test)
    # There is no limit for slow hosts: each test that passes prints a line.
    _add_settings(test, None, silence=600)
    _add_kernels(test)
    test.add_argument(
        "--pytest",
        default=kernel_tests.CHOSEN,
        metavar="ARGUMENTS",
        help="of pytest (default: all tests that depend on the kernel)",
    )
    everything = commands.add_parser("test-all", help="write docs/test-all.md")
    everything.set_defaults(do=_test_all)
    _add_settings(everything, None, silence=1200)
    _add_kernels(everything)
    bench = commands.add_parser(
        "bench", help="measure opensnoop and its peers"
    )
    bench.set_defaults(do=_bench)
    _add_settings(bench, 3000)
    _add_kernels(bench)
    covered = commands.add_parser("coverage", help="write docs/coverage.md")
    covered.set_defaults(do=_coverage)
    _add_settings(covered, 1500)
    _add_kernels(covered)
    bcc_tools = commands.add_parser(
        "bcc-tools", help="write docs/bcc-tools.md"
    )
    bcc_tools.set_defaults(do=_bcc_tools)
    _add_settings(bcc_tools, None, silence=1200)
    _add_kernels(bcc_tools)
    build = commands.add_parser("build", help="build missing images")
    build.set_defaults(do=_build)
    _add_kernels(build)
    return parser.parse_args()


def _add_settings(
    parser: argparse.ArgumentParser,
    timeout: Optional[float],
    silence: Optional[float] = None,
) -> None:
    parser.add_argument(
        "--timeout",
        type=float,
        default=timeout,
        metavar="SECONDS",
        help="stop it after this time, with exit status 124 (default "
        f"{timeout or 'never'})",
    )
    parser.add_argument(
        "--silence",
        type=float,
        default=silence,
        metavar="SECONDS",
        help="the same after this time without output (default "
        f"{silence or 'never'})",
    )
    parser.add_argument(
        "--headers",
        action="store_true",
        help="don't hide the kernel's headers",
    )
    parser.add_argument(
        "--append",
        default="",
        metavar="OPTIONS",
        help="add to the kernel's command line: lockdown=confidentiality",
    )


def _add_kernels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kernel",
        nargs="+",
        default=list(images.SUITES),
        help="only on these",
    )


if __name__ == "__main__":
    sys.exit(main())
