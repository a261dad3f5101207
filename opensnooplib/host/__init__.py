# SPDX-License-Identifier: Apache-2.0
"""What this host and its kernel have, found out by trying."""
