# SPDX-License-Identifier: Apache-2.0
"""native/base/hash_map: values by keys."""

from __future__ import annotations

from pathlib import Path

from tests.unit.native import SOURCES, run_c

_MAIN = """
#include "base/hash_map.h"
#include <stdio.h>

static unsigned int forgotten;

static void forget(void *value)
{
	forgotten += *(unsigned int *)value;
}

int main(void)
{
	struct hash_map map = {0};

	if (hash_map_find(&map, "", 0))
		return 1;
	for (int round = 0; round < 2; round++) {
		for (unsigned long i = 0; i < 50000; i++) {
			unsigned int *value;

			if (hash_map_find(&map, &i, sizeof(i)))
				return 2;
			value = hash_map_add(&map, &i, sizeof(i), sizeof(i));
			if (*value)
				return 3;
			*value = 1;
		}
		/* Another key, though it begins as another one does. */
		if (hash_map_find(&map, (unsigned long[2]){0}, 16))
			return 4;
		if (!hash_map_find(&map, (unsigned long[2]){0}, 8))
			return 5;
		printf("%zu\\n", map.count);
		hash_map_clear(&map, forget);
	}
	printf("%u %zu\\n", forgotten, map.count);
	return 0;
}
"""


def test_values_by_keys(tmp_path: Path) -> None:
    flags = ["-g", "-fsanitize=address,undefined"]
    flags += ["-fno-sanitize-recover=all", str(SOURCES / "base/hash_map.c")]
    printed = run_c(tmp_path, _MAIN, *flags)
    assert printed.splitlines() == ["50000", "50000", "100000 0"]
