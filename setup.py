# SPDX-License-Identifier: Apache-2.0
"""Install the command `opensnoop`: Python, native library, C, man page.

The Makefile knows how the native library is built; this asks it.
"""

from __future__ import annotations

import os
import subprocess
from typing import Tuple

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

from opensnooplib import __version__

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel
