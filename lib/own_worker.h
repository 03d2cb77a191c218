/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers of a switch on the application's own threads. */
#ifndef XD_OWN_WORKER_H
#define XD_OWN_WORKER_H

#include <stdbool.h>

#include "base/api.h"
#include "base/error.h"

XD_API_BEGIN

struct xd_switch;
struct xd_worker;

/* Makes the calling thread a worker of the switch; queues are spread over all workers. The thread
 * then calls xd_worker_poll as often as it likes; while it does not, nothing waits for it. The
 * worker is the caller's, to be unregistered. Any thread. Fails as xd_switch_apply where a
 * port has to be made anew for one worker more, or with:
 *   -EINVAL  there is no switch
 *   -ENOSPC  it has XD_MAX_WORKERS of them
 *   -ENOMEM  no memory
 *   -EMFILE  no file descriptors are left, nor, with -ENFILE, of the system's
 */
struct xd_worker *xd_worker_register(struct xd_switch *sw, struct xd_error *err);
/* Hands the queues on to other workers and frees the worker; NULL is fine; also after
 * xd_switch_destroy. The registered thread, since that may be polling, or any once that one has
 * ended. 0; -EPERM: it is another thread's; -ENOMEM: it stays a worker, as is also logged. */
int xd_worker_unregister(struct xd_worker *worker);
/* One turn over the worker's queues; returns frames received. The registered thread. After
 * xd_switch_destroy there is nothing to do, and it returns 0. */
unsigned xd_worker_poll(struct xd_worker *worker);
/*
 * For sleeping. xd_worker_fd is a descriptor for the program's own epoll, the same for as long as
 * the worker lives, not to be read or closed; a negative errno: there are none left. xd_worker_arm
 * has every queue wake it: true: wait until the descriptor is readable, or for *timeout_ms (-1: for
 * ever; timeout_ms may be NULL, and is not to be exceeded where hooks have ticks), then poll.
 * False: poll on, because frames are there already, or a port cannot wake anybody. When to sleep is
 * the program's choice, whatever idle says; between arming and polling nothing waits for the
 * thread. The registered thread.
 */
int xd_worker_fd(struct xd_worker *worker);
bool xd_worker_arm(struct xd_worker *worker, int *timeout_ms);

XD_API_END

#endif
