# SPDX-License-Identifier: Apache-2.0
"""Tests of single modules. They need no root."""
