# SPDX-License-Identifier: Apache-2.0
"""How long a compile may take."""

# A compile takes 0.3 s on a host and 7 s in an emulator.
COMPILE_TIMEOUT_SECONDS = 120
