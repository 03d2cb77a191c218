/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at a descriptor by what the kernel alone says of it: the name of its link in /proc, and its
 * seals. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vhost_user/fd_kind.h"

const char *
xd_vu_fd_kind_name(enum xd_vu_fd_kind kind)
{
	static const char *const names[] = {
		[XD_VU_FD_NONE] = "nothing",
		[XD_VU_FD_EVENT] = "an eventfd",
		[XD_VU_FD_MEMORY] = "shared memory (memfd, tmpfs or hugetlbfs)",
	};

	return names[kind];
}

void
xd_vu_fd_name(int fd, char name[XD_VU_FD_NAME])
{
	char path[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, XD_VU_FD_NAME - 1);
	if (n < 0) {
		snprintf(name, XD_VU_FD_NAME, "unknown (%s)", strerror(errno));
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
	char name[XD_VU_FD_NAME];

	if (kind == XD_VU_FD_MEMORY)
		return fcntl(fd, F_GET_SEALS) >= 0;
	xd_vu_fd_name(fd, name);
	return !strcmp(name, "anon_inode:[eventfd]");
}
