/* SPDX-License-Identifier: BSD-3-Clause */
/* How a control connection's socket is set. */
#ifndef PKTGEN_PEER_SOCKET_H
#define PKTGEN_PEER_SOCKET_H

#define XD_PEER_CORES 1024 /* numbers of cores that are believed */

/* Small messages leave at once, and a host that has gone without a word is noticed in some ten
 * seconds. */
void peer_socket_watch(int fd);

#endif
