# SPDX-License-Identifier: Apache-2.0
"""The compile room, in which BCC compiles, loads and attaches programs."""
