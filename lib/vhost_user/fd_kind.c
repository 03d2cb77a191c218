/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at a descriptor by what the kernel alone says of it: the name of its link in /proc, and its
 * seals. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vhost_user/fd_kind.h"

#define NAME_BYTES 64 /* of a file, for people; the end of a longer one is left out */

static const char *const kind_names[] = {
	[XD_VU_FD_NONE] = "nothing",
	[XD_VU_FD_EVENT] = "an eventfd",
	[XD_VU_FD_MEMORY] = ("shared memory (memfd, tmpfs or hugetlbfs); if the front "
			     "end is trusted, set memory=any for the port"),
};

/* What /proc says that the descriptor is; without anything that would forge a line of the log. */
static void
name_of(int fd, char name[NAME_BYTES])
{
	char path[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, NAME_BYTES - 1);
	if (n < 0) {
		snprintf(name, NAME_BYTES, "unknown (%s)", strerror(errno));
		return;
	}
	name[n] = '\0';
	for (ssize_t i = 0; i < n; i++) {
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
	}
}

bool
xd_vu_fd_is(int fd, enum xd_vu_fd_kind kind)
{
	char name[NAME_BYTES];

	if (kind == XD_VU_FD_MEMORY)
		return fcntl(fd, F_GET_SEALS) >= 0;
	name_of(fd, name);
	return !strcmp(name, "anon_inode:[eventfd]");
}

int
xd_vu_fd_check(int fd, enum xd_vu_fd_kind kind, const char *what, struct xd_error *err)
{
	char name[NAME_BYTES];

	if (xd_vu_fd_is(fd, kind))
		return 0;
	name_of(fd, name);
	return xd_fail(err, -EPROTO, "%s with %s, not %s", what, name, kind_names[kind]);
}
