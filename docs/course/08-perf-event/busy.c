// SPDX-License-Identifier: Apache-2.0
//
// busy NAME [run|jump]: a thread called NAME stays in this function, or sleeps.

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A loop of one instruction, which jumps to itself: so there is one stack. */
#define LOOP()                                                                 \
	for (;;)                                                               \
	__asm__ volatile("")

void run(void)
{
	LOOP();
}

void jump(void)
{
	LOOP();
}

static void *stay(void *arg)
{
	char **argv = arg;

	prctl(PR_SET_NAME, argv[1]);
	if (!argv[2])
		pause();
	else if (!strcmp(argv[2], "run"))
		run();
	else
		jump();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2)
		return 2;
	/* It ends with the program that started it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_create(&thread, NULL, stay, argv);
	pthread_join(thread, NULL);
	return 0;
}
