/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads of our own in somebody else's process: signals are for the application's threads. */
#ifndef XD_BASE_THREAD_H
#define XD_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts a thread that is sent no signals. stack_bytes 0: as large as the process has them. id
 * NULL: it is detached, and nobody waits for it. 0 or an errno, as pthread_create. Any thread.
 */
int xd_thread_start(pthread_t *id, size_t stack_bytes, void *(*run)(void *ctx), void *ctx);

#endif
