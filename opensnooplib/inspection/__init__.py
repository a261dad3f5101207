# SPDX-License-Identifier: Apache-2.0
"""Views into loaded programs and maps."""
