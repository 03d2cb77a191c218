/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lock that one process holds for as long as it uses something, in a file that nobody else can
 * open: whoever can open a file or directory can lock it, and keep others waiting. So the file is
 * our own, with no permissions for anybody else, and nothing here waits. Any thread.
 */
#ifndef XD_BASE_LOCK_FILE_H
#define XD_BASE_LOCK_FILE_H

#include "base/error.h"

/* Makes the file and locks it; the descriptor that holds the lock, which ends with the process at
 * the latest. -EWOULDBLOCK: another process holds it; -EPERM: somebody else has put a file there;
 * -ELOOP: a symbolic link; or the errno of the call that failed. */
int xd_lock_file(const char *path, struct xd_error *err);
/* Removes the file and lets go of the lock. lock < 0 is fine. */
void xd_unlock_file(int lock, const char *path);

#endif
