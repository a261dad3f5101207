# SPDX-License-Identifier: Apache-2.0
"""Groups of open(2)'s flags, by the word that -f takes for each."""

from __future__ import annotations

# Any of these.
FLAG_GROUPS = {
    "write": ("O_WRONLY", "O_RDWR"),
    "create": ("O_CREAT", "O_TMPFILE"),
}
