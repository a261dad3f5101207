# SPDX-License-Identifier: Apache-2.0
"""A recording, shown as a trace would be."""
