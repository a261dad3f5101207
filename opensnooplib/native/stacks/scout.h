/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scout: a helper that reads the mappings of processes, and the functions of
 * the files that they have mapped. It is two processes: opener.h, parser.h.
 */
#pragma once

#include <stdbool.h>

#include "stacks/mapped_file.h"

enum scout_question {
	SCOUT_FUNCTION, /* at `offset` of the file: see elf_function_put() */
	SCOUT_MAPPINGS, /* of file.pid */
};

struct scout_request {
	enum scout_question question;
	bool returns;
	bool with_line;
	uint64_t offset;
	int64_t changed; /* the file's modification time, in ns; the opener's */
	struct mapped_file file;
};

/* The most bytes of what elf_function_put() writes. */
#define SCOUT_TEXT_BOUND 1400

/*
 * The answer about a function. That about mappings is text: those lines of
 * proc_pid_maps(5) that are code; none if there are too many.
 */
struct scout_function {
	int64_t changed; /* as above; 0: the file couldn't be opened */
	char text[SCOUT_TEXT_BOUND]; /* "": not known */
};

/* The most mappings of code that a process may have. */
#define SCOUT_MAPPINGS_MAX 2048
