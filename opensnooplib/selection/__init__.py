# SPDX-License-Identifier: Apache-2.0
"""The selection of opens, as conditions in C."""
