# SPDX-License-Identifier: Apache-2.0
"""From the fields of struct event to columns and rows."""
