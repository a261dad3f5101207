# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the unit tests."""

from __future__ import annotations

import pytest

from tests.unit.native import Native, built_library


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The native code of the checkout, built."""
    return Native(built_library(tmp_path_factory.mktemp("native")))
