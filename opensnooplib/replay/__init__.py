# SPDX-License-Identifier: Apache-2.0
"""Replays: a recording, shown as its trace would have been."""
