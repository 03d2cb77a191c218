/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors that workers write to and the front end reads from: call and error descriptors.
 *
 * A write must never wait, and the front end, which has the same open file, can let it fill up and
 * take O_NONBLOCK off again at any time. So only two kinds are taken (specification, "Support for
 * platforms other than Linux"):
 *
 *   pipe     opened once more by us, with an open file of our own: nobody else can change how that
 *            behaves. For reading, too, so that a reader who goes raises no SIGPIPE.
 *   eventfd  cannot be opened once more. Its counter can be brought to the top by the front end
 *            alone, as 2^64 notifications do not come about; then a write would wait until somebody
 *            reads. xd_vu_event_fd_drain() is that somebody. What remains: from when the front end
 *            has done so until the next look (see backend.c), one worker may wait.
 *
 * Sockets and everything else are refused: they can be made to wait for good.
 */
#ifndef XD_VHOST_USER_EVENT_FD_H
#define XD_VHOST_USER_EVENT_FD_H

#include <stdbool.h>

#include "base/error.h"

/* Takes fd over and returns the descriptor to write to, or a negative errno with fd closed:
 * -EPROTO: neither eventfd nor pipe, or of open and fcntl. Control. */
int xd_vu_event_fd_take(int fd, struct xd_error *err);
/* Of an eventfd that is full: reads it, which ends a write that waits, and returns true. Never
 * waits itself. Any thread. */
bool xd_vu_event_fd_drain(int fd);

#endif
