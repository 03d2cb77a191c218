/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pid file as Open vSwitch's programs read it: the process that it names holds a write lock on it
 * (fcntl(2)), which ends with the process. Any thread; but nobody else in the process may open and
 * close the file, which would drop the lock.
 */
#ifndef XD_UNIXCTL_PID_FILE_H
#define XD_UNIXCTL_PID_FILE_H

#include "base/error.h"
#include "base/limits.h"

struct xd_pid_file {
	int fd; /* -1: none */
	char path[XD_PATH_MAX];
};

/* Takes the place of a file that nobody holds. -EADDRINUSE: the process that it names runs;
 * -ENAMETOOLONG; or the errno of the call that failed. */
int xd_pid_file_create(struct xd_pid_file *file, const char *path, struct xd_error *err);
void xd_pid_file_remove(struct xd_pid_file *file); /* idempotent */

#endif
