# SPDX-License-Identifier: Apache-2.0
"""The C that BCC gets: the files, the #defines, the headers."""
