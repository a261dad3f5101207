# SPDX-License-Identifier: Apache-2.0
"""Which opens are wanted, and who decides it: the kernel or the reader."""
