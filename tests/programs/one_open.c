// SPDX-License-Identifier: Apache-2.0
/*
 * Opens one file in one way, as the proof of the tool does:
 *
 *	one_open WAY PATH
 *
 * Prints the result, a descriptor or a negative errno.
 */
#include <stdio.h>

#include "proof/test_open.h"

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: one_open WAY PATH\n");
		return 2;
	}
	printf("%d\n", test_open(argv[1], argv[2]));
	return 0;
}
