# SPDX-License-Identifier: Apache-2.0
"""The time that a compile may take."""

# A compile takes 0.3 s on a host and 7 s in an emulator.
COMPILE_TIMEOUT_SECONDS = 120
