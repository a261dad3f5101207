# SPDX-License-Identifier: Apache-2.0
"""What a compiler or the verifier says, in plain words."""
