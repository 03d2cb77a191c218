/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a server of tests listens: an address, and maybe a port. Any thread. */
#ifndef PKTGEN_PEER_ADDRESS_H
#define PKTGEN_PEER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

#define PEER_PORT    5210
#define PEER_ADDRESS 64 /* bytes of its text */

struct peer_address {
	struct sockaddr_storage at;
	socklen_t len;
};

/* "127.0.0.1", "127.0.0.1:5210", "::1", "[::1]:5210". Names are not looked up, which could take
 * any time. -EINVAL. */
int peer_address_parse(const char *text, struct peer_address *address, struct xd_error *err);
/* With the port; returns text. */
const char *peer_address_text(const struct peer_address *address, char text[PEER_ADDRESS]);
/* Whether nobody outside this host reaches it. */
bool peer_address_is_local(const struct peer_address *address);

#endif
