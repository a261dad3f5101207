# SPDX-License-Identifier: Apache-2.0
"""Tests of the whole tool, on the running kernel. They need root."""
