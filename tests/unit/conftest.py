# SPDX-License-Identifier: Apache-2.0
"""What the unit tests share."""

from __future__ import annotations

import pytest

from tests.unit.native import Native, built_library


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The native code as it stands in the checkout."""
    return Native(built_library(tmp_path_factory.mktemp("native")))
