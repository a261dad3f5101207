# SPDX-License-Identifier: Apache-2.0
"""What this kernel and this host can do, and the kernel's objects."""
