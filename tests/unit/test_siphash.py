# SPDX-License-Identifier: Apache-2.0
"""bpf_src/extra/siphash.h against the vectors of SipHash's authors."""

from __future__ import annotations

from pathlib import Path

from tests.unit.native import CHECKOUT, run_c

# vectors.h of https://github.com/veorq/SipHash, vectors_sip128: the bytes
# 00, 01, 02, ... under the key 00 01 ... 0f.
VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    7: "a1f1ebbed8dbc153c0b84aa61ff08239",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    63: "5150d1772f50834a503e069a973fbd7c",
}

_PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/limits.h>
typedef uint32_t u32;
typedef uint64_t u64;
#define HASH_KEY_0 0x0706050403020100ULL
#define HASH_KEY_1 0x0f0e0d0c0b0a0908ULL
#define bpf_probe_read_kernel(to, size, from) memcpy(to, from, size)
#define keep_in_one_register(variable) asm volatile("" : "+r"(variable))
#include "HEADER"

int main(void)
{
	union { u64 aligned; char bytes[PATH_MAX]; } text = {};
	u64 hash[2];

	for (int i = 0; i < PATH_MAX; i++)
		text.bytes[i] = (char)i;
	for (u32 size = 0; size < 64; size++) {
		siphash_text(hash, text.bytes, size);
		for (int i = 0; i < 16; i++)
			printf("%02x", ((unsigned char *)hash)[i]);
		puts("");
	}
}
"""


def test_vectors(tmp_path: Path) -> None:
    header = str(CHECKOUT / "bpf_src" / "extra" / "siphash.h")
    lines = run_c(tmp_path, _PROGRAM.replace("HEADER", header)).splitlines()
    for size, expected in VECTORS.items():
        assert lines[size] == expected
    assert len(set(lines)) == 64
