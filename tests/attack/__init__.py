# SPDX-License-Identifier: Apache-2.0
"""Attacks on a trace by a user without privileges. The tests need root."""
