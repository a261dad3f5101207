# SPDX-License-Identifier: Apache-2.0
"""What one run of the tool does, from start to end."""
