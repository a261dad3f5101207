# SPDX-License-Identifier: Apache-2.0
"""--summary and --top: counts instead of rows."""
