# SPDX-License-Identifier: Apache-2.0
"""USDT probes: where they are in a file, and C that reads their arguments.

A note in the file says where each argument is at each location of a probe: in
a register, in memory, or a constant (sdt.h of systemtap). BCC reads the notes.
It can't make the C for a probe that the kernel must enable by a number in the
file, its semaphore, unless a process is given; so the C is made here.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Any, NamedTuple

from opensnooplib.base.errors import SourceError
from opensnooplib.base.suggestions import did_you_mean

# What BCC calls for bpf_usdt_readarg(N, ctx, &to) in a program. Where a probe
# has several locations, the low bits of the address, which no mapping changes,
# tell which it is. The barriers keep clang from computing with an address in
# struct pt_regs, which the verifier refuses.
_READ_ARGUMENT = """\
#include <uapi/linux/ptrace.h>
static __always_inline int _bpf_readarg_{program}_{number}(
	struct pt_regs *ctx, void *to, size_t size)
{{
	s64 value = 0;
	switch (PT_REGS_IP(ctx) & 4095) {{
{cases}	}}
	__builtin_memcpy(to, &value, size < 8 ? size : 8);
	return 0;
}}
"""
_CASE = "	case {at}: {{ {read} break; }}\n"
_BARRIER = 'asm volatile("" ::: "memory");'
_TYPES = {
    (size, signed): f"{'s' if signed else 'u'}{8 * size}"
    for size in (1, 2, 4, 8)
    for signed in (False, True)
}


class Probe(NamedTuple):
    """A USDT probe of one file."""

    path: str
    offsets: list[int]  # in the file, of its locations
    semaphore: int  # the offset in the file of its semaphore; 0: it has none
    c_text: str  # that reads its arguments


def find(bcc: Any, program: str, words: list[str]) -> Probe:
    """The probe for a program: path, provider, name. Raises SourceError.

    `bcc` is the module.
    """
    said = f'USDT({", ".join(words)})'
    if len(words) != 3:
        raise SourceError(
            f"{said}: three words are needed, as in "
            'USDT("/usr/bin/python3", python, function__entry)'
        )
    path, provider, name = words
    try:
        context = bcc.USDT(path=path)
        probes = {
            (one.provider.decode(), one.name.decode()): one
            for one in context.enumerate_probes()
        }
    except (bcc.USDTException, OSError):
        raise SourceError(f"{said}: cannot read the file {path}") from None
    probe = probes.get((provider, name))
    if probe is None:
        known = [one for group, one in probes if group == provider]
        raise SourceError(
            f"{said}: {path} has no such probe"
            + did_you_mean(name, known, f", and {len(probes)} others")
        )
    at = [probe.get_location(i) for i in range(probe.num_locations)]
    distinct = {one.address & 4095: one for one in at}
    segments = _segments(path)
    text = "".join(
        _READ_ARGUMENT.format(
            program=program,
            number=number + 1,
            cases="".join(
                _CASE.format(
                    at=low, read=_read(one.get_argument(number), said)
                )
                for low, one in distinct.items()
            ),
        )
        for number in range(probe.num_arguments)
    )
    offsets = [_offset(segments, one.address) for one in at]
    semaphore = probe.semaphore and _offset(segments, probe.semaphore)
    return Probe(path, offsets, semaphore, text)


def _read(argument: Any, said: str) -> str:
    """C that sets `value`. `argument` is a USDTProbeArgument of BCC's."""
    if hasattr(argument, "constant"):
        return f"value = {argument.constant}LL;"
    kind = _TYPES[argument.size, argument.signed]
    register = argument.base_register_name.decode()
    if not hasattr(argument, "deref_offset"):
        return f"value = ({kind})ctx->{register}; {_BARRIER}"
    if hasattr(argument, "deref_ident"):
        raise SourceError(
            f"{said}: one of its arguments is a global variable, which can't "
            "be read here: use another probe"
        )
    address = f"ctx->{register} + {argument.deref_offset}"
    if hasattr(argument, "index_register_name"):
        index = argument.index_register_name.decode()
        address += f" + ctx->{index} * {getattr(argument, 'scale', 1)}"
    return (
        f"u64 from = {address}; {_BARRIER} {kind} there = 0; "
        "bpf_probe_read_user(&there, sizeof(there), (void *)from); "
        "value = there;"
    )


# Where a part of the file is mapped: its offset in the file, its address, and
# its size; see elf(5). Its kind is PT_LOAD, which is 1.
_Segment = tuple[int, int, int]


def _segments(path: str) -> list[_Segment]:
    with open(path, "rb") as file:
        header = file.read(64)
        start, size, count = unpack_from("=32xQ14xHH", header)
        file.seek(start)
        table = file.read(size * count)
    parts = [unpack_from("=I4xQQ8xQ", table, i * size) for i in range(count)]
    return [(at, to, size) for kind, at, to, size in parts if kind == 1]


def _offset(segments: list[_Segment], at: int) -> int:
    """The offset in the file of an address in it."""
    for offset, address, size in segments:
        if address <= at < address + size:
            return at - address + offset
    return at
