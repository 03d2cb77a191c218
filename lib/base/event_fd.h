/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eventfds that are written to here and read by another process: call descriptors.
 *
 * A write must not wait, and whoever has the same open file can bring its counter to the top and
 * take O_NONBLOCK off at any time. It has to do so itself, as 2^64 notifications do not come about;
 * then a write waits until somebody reads. Nothing says before a write that it will not wait:
 * eventfds know no RWF_NOWAIT for writes. So whoever must not wait has a guard (guard.h), which is
 * that somebody, and all others leave the write to a thread that may wait (reaper.h).
 */
#ifndef XD_BASE_EVENT_FD_H
#define XD_BASE_EVENT_FD_H

#include <stdbool.h>

#include "base/error.h"

#define XD_EVENT_FDS_MAX 32

/* Has writes to an eventfd not wait, as long as nobody else changes that. 0, or a negative errno:
 * it cannot be written to. Control. */
int xd_event_fd_use(int fd, struct xd_error *err);
/* Whether it is full: nobody has read the notifications before. Never waits. Any thread. */
bool xd_event_fd_is_full(int fd);
/* Of an eventfd that is full: reads it, which ends a write that waits, and returns true. Never
 * waits itself. A negative fd is fine. Any thread. */
bool xd_event_fd_drain(int fd);
/* The same of at most XD_EVENT_FDS_MAX, looked at together: true if any was full. */
bool xd_event_fd_drain_any(const int *fds, unsigned n);

#endif
