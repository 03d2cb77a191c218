/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the far half of tests for those who connect, one after the other. Control. */
#ifndef PKTGEN_PEER_SERVER_H
#define PKTGEN_PEER_SERVER_H

#include "address.h"
#include "options.h"

struct peer_server_opts {
	struct peer_address listen;
	bool once;     /* until the first client is served */
	double most_s; /* that a client is served */
};

/* Serves until gen->cancel. -EADDRINUSE, -EADDRNOTAVAIL, ...: it cannot listen; with `once`, what
 * became of the client; -ENOMEM. */
int peer_server_run(const struct options *o, struct xd_gen *gen,
	const struct peer_server_opts *opts, struct xd_error *err);

#endif
