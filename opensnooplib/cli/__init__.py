# SPDX-License-Identifier: Apache-2.0
"""The command line: its words are parsed, and checked, into Options."""
