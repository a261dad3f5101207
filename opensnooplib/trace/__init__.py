# SPDX-License-Identifier: Apache-2.0
"""The trace room: rings are read, and records become rows."""
