# SPDX-License-Identifier: Apache-2.0
"""Groups of open(2)'s flags, by the word that -f takes for each."""

from __future__ import annotations

# The flags of each group; an open needs one of them.
FLAG_GROUPS = {
    "write": ("O_WRONLY", "O_RDWR"),
    "create": ("O_CREAT", "O_TMPFILE"),
}
