# SPDX-License-Identifier: Apache-2.0
"""Fuzzing of the native code: harnesses, seeds, and a short run of each."""
