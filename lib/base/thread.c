/* SPDX-License-Identifier: BSD-3-Clause */
/* See thread.h: a new thread has the signal mask of the one that starts it. */
#include <signal.h>

#include "base/thread.h"

int
xd_thread_start(pthread_t *id, size_t stack_bytes, void *(*run)(void *ctx), void *ctx)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t detached;
	int ret;

	pthread_attr_init(&attr);
	if (stack_bytes)
		pthread_attr_setstacksize(&attr, stack_bytes);
	if (!id)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(id ? id : &detached, &attr, run, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}
