# SPDX-License-Identifier: Apache-2.0
"""The frontend of opensnoop: a folder for each stage that the data passes.

prompt/     the words of the command line
source/     the C that BCC gets
host/       what this host and its kernel have
compile/    the compile room
trace/      the trace room
rows/       from the fields of struct event to columns
summary/    counts instead of rows
recording/  --record and --replay
live/       saves of the C, taken into the running trace
inside/     what became of the C, and what is wrong with it
native/     the C library: perf rings, records, rows
"""

__version__ = "0.1.0"
