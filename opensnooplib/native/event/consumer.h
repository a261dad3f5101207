/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumer: a function that is handed records one by one, oldest first.
 */
#ifndef OPENSNOOP_CONSUMER_H
#define OPENSNOOP_CONSUMER_H

#include "event/record.h"

enum verdict {
	CONSUMED,
	CONSUMED_ENOUGH, /* stop after this record */
	NOT_CONSUMED,	 /* stop, and begin with this record next time */
};

typedef enum verdict (*record_consumer)(void *context,
					const struct record *record);

#endif
