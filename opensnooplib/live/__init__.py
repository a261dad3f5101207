# SPDX-License-Identifier: Apache-2.0
"""--live: a save of the C is taken into the running trace."""
