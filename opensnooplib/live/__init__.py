# SPDX-License-Identifier: Apache-2.0
"""--live: the C is reloaded into the running trace when it is saved."""
