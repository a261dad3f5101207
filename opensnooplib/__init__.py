# SPDX-License-Identifier: Apache-2.0
"""The frontend of opensnoop: a folder for each concern, lower ones first.

base/       what all of it uses
kernel/     what this host and its kernel have
source/     the C that BCC gets
rows/       from the fields of struct event to columns
selection/  which opens are wanted, and who decides it
cli/        the words of the command line
explain/    messages of the compiler and the verifier, in plain words
recording/  the file of --record
summary/    counts instead of rows
compile/    the compile room
trace/      the trace room
live/       saves of the C, reloaded into the running trace
course/     the lessons of docs/course, and their judge
replay/     --replay
commands/   what a run can be besides a trace
native/     the C library: perf rings, records, rows

tests/layers.py says which folder may use which.
"""

__version__ = "0.1.0"
