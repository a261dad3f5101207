# SPDX-License-Identifier: Apache-2.0
"""Plans and other values as parameters of tests, alone and in pairs.

Of pairs, make test takes each value at least once. The rest is marked
`matrix`, for make test-all. Plans that hook functions, which some hosts
refuse, are marked `one_kernel`: make test-kernels tests them.
"""

from __future__ import annotations

from typing import Any, Iterable, List

import pytest

from opensnooplib.plan_list import PLANS
from tests.kernel.kernel_hooks import kind_of, why_no_hooks_for


def plans(some: Iterable[str] = PLANS) -> List[Any]:
    return [pytest.param(plan, marks=_marks(plan)) for plan in some]


def plans_with(others: Iterable[Any]) -> List[Any]:
    """Each of `others` with one plan that this kernel has hooks for."""
    here = [plan for plan in PLANS if not why_no_hooks_for(plan)]
    elsewhere = [plan for plan in PLANS if plan not in here]
    return [*pairs(here, others), *pairs(elsewhere, others, is_matrix=True)]


def pairs(
    values: Iterable[Any], others: Iterable[Any], is_matrix: bool = False
) -> List[Any]:
    """All pairs; a tuple among the others stands for several parameters."""
    values, others = list(values), list(others)
    chosen = {
        (i % len(values), i % len(others))
        for i in range(max(len(values), len(others)))
        if values and not is_matrix
    }
    params = []
    for i, value in enumerate(values):
        for j, other in enumerate(others):
            both = (value, *(other if isinstance(other, tuple) else (other,)))
            marks = _marks(value)
            if (i, j) not in chosen:
                marks.append(pytest.mark.matrix)
            name = "-".join(map(_name, both))
            params.append(pytest.param(*both, marks=marks, id=name))
    return params


def first(count: int, values: Iterable[Any]) -> List[Any]:
    """The first `count` values; the rest is left to make test-all."""
    return [
        pytest.param(value, marks=[pytest.mark.matrix] if i >= count else [])
        for i, value in enumerate(values)
    ]


def _marks(value: Any) -> List[pytest.MarkDecorator]:
    is_function_s = value in PLANS and kind_of(value) != "tracepoint"
    return [pytest.mark.one_kernel] if is_function_s else []


def _name(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
