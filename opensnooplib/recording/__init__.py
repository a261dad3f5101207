# SPDX-License-Identifier: Apache-2.0
"""Recordings: the file that --record writes and --replay reads."""
