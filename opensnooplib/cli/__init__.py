# SPDX-License-Identifier: Apache-2.0
"""From words on the command line to Options."""
