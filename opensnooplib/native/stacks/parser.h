/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser: the process of the scout that reads what any user may have written:
 * the mappings of processes, and the files that they have mapped. It has no
 * rights, and can't open anything: it gets descriptors from the opener, and
 * sends answers to the trace.
 */
#pragma once

#include "stacks/elf_functions.h"

/* In the opener and in the parser: a socket to the other one. */
#define OPENER_PARSER_FD 1

/* A message to the opener, when it has passed a request on. */
struct parser_message {
	uint8_t id_size; /* 0: the request is answered */
	/* Else: pass the debug file of this build ID, or an empty message. */
	unsigned char id[BUILD_ID_MAX];
};

/*
 * Answer the requests that the opener passes on, as `user` + 1, whom no other
 * process should have; 0: as before. libdw and the C++ library must be loaded.
 */
_Noreturn void parser_run(uint32_t user);
