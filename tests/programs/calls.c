/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls a function again and again: calls PAUSE_US
 *
 * counted(0), counted(1), ... return twice their argument. Each passes the USDT
 * probe calls:made, which has a semaphore, with the number and a text as its
 * arguments. It begins with a line of input, ends when there is no more, and
 * then writes how many calls it made.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARGUMENTS "-4@%k0 8@%q1"
#else
#define ARGUMENTS "-4@%x0 8@%x1"
#endif

__attribute__((section(".probes"))) volatile unsigned short made_semaphore;

__attribute__((noinline)) int counted(int number)
{
	char text[] = "said"; /* on the stack: in memory by now */

	if (made_semaphore)
		/* The note of sys/sdt.h: its header, addresses and names. */
		asm volatile(
			"990: nop\n"
			".pushsection .note.stapsdt, \"\", \"note\"\n"
			".balign 4\n"
			".4byte 8, 992f - 991f, 3\n"
			".asciz \"stapsdt\"\n"
			"991: .8byte 990b, base_of_probes, made_semaphore\n"
			".asciz \"calls\"\n"
			".asciz \"made\"\n"
			".asciz \"" ARGUMENTS
			"\"\n"
			"992: .balign 4\n"
			".popsection\n"
			".pushsection .stapsdt.base, \"a\"\n"
			"base_of_probes: .space 1\n"
			".popsection\n" ::"r"(number),
			"r"(text)
			: "memory");
	return 2 * number;
}

int main(int argc, char **argv)
{
	struct pollfd input = {.fd = 0, .events = POLLIN};
	int pause_us = argc > 1 ? atoi(argv[1]) : 0;
	char line[2];
	int number = 0;

	if (read(0, line, 2) <= 0)
		return 1;
	while (poll(&input, 1, 0) == 0) {
		if (counted(number) != 2 * number)
			return 1;
		number++;
		if (pause_us)
			usleep((unsigned int)pause_us);
	}
	printf("%d\n", number);
	return 0;
}
