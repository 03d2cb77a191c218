/* SPDX-License-Identifier: BSD-3-Clause */
/* Keep-alive: tcp(7). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "socket.h"

#define IDLE_S     5
#define BETWEEN_S  1
#define PROBES     5
#define UNACKED_MS 10000

void
peer_socket_watch(int fd)
{
	static const struct {
		int level, name, value;
	} all[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, BETWEEN_S},
		{IPPROTO_TCP, TCP_KEEPCNT, PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		setsockopt(fd, all[i].level, all[i].name, &all[i].value, sizeof(all[i].value));
}
