# SPDX-License-Identifier: Apache-2.0
"""The tests: a folder for each kind, by what it needs to run."""
