# SPDX-License-Identifier: Apache-2.0
"""The commands: one run of the tool does one of them, from start to end."""
