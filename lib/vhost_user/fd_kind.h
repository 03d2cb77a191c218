/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a descriptor is that a front end handed over, found out without waiting for anybody.
 *
 * Whatever asks the file itself (fstat, read, poll, mmap, close) is answered by whoever is behind
 * it, and that can be the front end: a file system of its own, a full pipe, a socket. So a
 * descriptor has to prove first, by what the kernel alone knows of it, that it is of a kind whose
 * operations end by themselves:
 *
 *   eventfd  the name that /proc/self/fd gives its link. A path begins with '/', names of files
 *            without one are the kernel's choice, and nobody else chooses this one. Needs /proc.
 *   memory   F_GET_SEALS answers for shmem (memfd, tmpfs) and hugetlbfs, and for nothing else.
 *
 * Any thread.
 */
#ifndef XD_VHOST_USER_FD_KIND_H
#define XD_VHOST_USER_FD_KIND_H

#include <stdbool.h>

#define XD_VU_FD_NAME                                                                              \
	64 /* bytes of a file's name, for people; the rest of a longer one is left out */

enum xd_vu_fd_kind { XD_VU_FD_NONE, XD_VU_FD_EVENT, XD_VU_FD_MEMORY };

bool xd_vu_fd_is(int fd, enum xd_vu_fd_kind kind);
const char *xd_vu_fd_kind_name(enum xd_vu_fd_kind kind); /* "an eventfd" */
/* What /proc says that the descriptor is, without anything that would forge a line of the log. */
void xd_vu_fd_name(int fd, char name[XD_VU_FD_NAME]);

#endif
