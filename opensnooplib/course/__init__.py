# SPDX-License-Identifier: Apache-2.0
"""The course of docs/course: its lessons, and the judge of what a learner
writes."""
