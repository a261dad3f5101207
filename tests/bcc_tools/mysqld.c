/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of a database: has the USDT probes mysql:query__start and
 * mysql:query__done, and answers a query each 50 ms, in 2 ms.
 */
#include <unistd.h>

#ifdef __x86_64__
#define ARGUMENT "8@%q0"
#else
#define ARGUMENT "8@%x0"
#endif

/* The note of sys/sdt.h: its header, addresses and names. */
#define PROBE(name, argument)                                                  \
	asm volatile(                                                          \
		"990: nop\n"                                                   \
		".pushsection .note.stapsdt, \"\", \"note\"\n"                 \
		".balign 4\n"                                                  \
		".4byte 8, 992f - 991f, 3\n"                                   \
		".asciz \"stapsdt\"\n"                                         \
		"991: .8byte 990b, base_of_probes, 0\n"                        \
		".asciz \"mysql\"\n"                                           \
		".asciz \"" #name                                              \
		"\"\n"                                                         \
		".asciz \"" ARGUMENT                                           \
		"\"\n"                                                         \
		"992: .balign 4\n"                                             \
		".popsection\n" ::"r"(argument)                                \
		: "memory")

asm(".pushsection .stapsdt.base, \"a\"\n"
    "base_of_probes: .space 1\n"
    ".popsection\n");

int main(void)
{
	for (;;) {
		char query[] = "SELECT 1"; /* on the stack: in memory */
		PROBE(query__start, query);
		usleep(2000);
		PROBE(query__done, 0L);
		usleep(50000);
	}
}
