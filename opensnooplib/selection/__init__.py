# SPDX-License-Identifier: Apache-2.0
"""Which opens were asked for, as conditions in C."""
