/* SPDX-License-Identifier: GPL-2.0 */
/* The clock, and the exit of a program that cannot run: here and in bench/. */
#ifndef NVME_MPATH_UTIL_H
#define NVME_MPATH_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* of errno.h, which shows it with _GNU_SOURCE only */
extern char *program_invocation_short_name;

/* In seconds. */
static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline void fail(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(err));
	exit(2);
}

#endif
