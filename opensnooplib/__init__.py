# SPDX-License-Identifier: Apache-2.0
"""The frontend of opensnoop: a module for each stage that the data passes."""

__version__ = "0.1.0"
