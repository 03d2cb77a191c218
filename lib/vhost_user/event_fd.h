/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eventfds that workers write to and the front end reads from: call descriptors.
 *
 * A write must never wait, and the front end, which has the same open file, can bring its counter
 * to the top and take O_NONBLOCK off again at any time. It has to do so itself, as 2^64
 * notifications do not come about; then a write would wait until somebody reads.
 * xd_vu_event_fd_drain() is that somebody. What remains: from when the front end has done so until
 * the next look (see backend_rings.c), one worker may wait.
 */
#ifndef XD_VHOST_USER_EVENT_FD_H
#define XD_VHOST_USER_EVENT_FD_H

#include <stdbool.h>

#include "base/error.h"

/* Has writes to an eventfd (see fd_kind.h) not wait. 0, or a negative errno: it cannot be written
 * to. Control. */
int xd_vu_event_fd_use(int fd, struct xd_error *err);
/* Of an eventfd that is full: reads it, which ends a write that waits, and returns true. Never
 * waits itself. A negative fd is fine. Any thread. */
bool xd_vu_event_fd_drain(int fd);

#endif
