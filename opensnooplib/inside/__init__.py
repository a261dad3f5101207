# SPDX-License-Identifier: Apache-2.0
"""What became of the C: the program, its maps, and what is wrong with it."""
