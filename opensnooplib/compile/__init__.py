# SPDX-License-Identifier: Apache-2.0
"""The compile room: BCC compiles, loads, attaches, and is gone."""
