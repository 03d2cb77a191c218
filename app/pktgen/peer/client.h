/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a test that has its options and keeps its results: --peer. Control. */
#ifndef PKTGEN_PEER_CLIENT_H
#define PKTGEN_PEER_CLIENT_H

#include "options.h"

struct peer;

/* Connects to o->peer and has it begin the far half. ports: what it says of its ports, of which it
 * has as many as this end. NULL: -ECONNREFUSED, -ETIMEDOUT, -ECONNRESET, -EPROTO, -ECANCELED (it
 * refuses), -EINTR, -ENOMEM. */
struct peer *peer_client_open(const struct options *o, const struct xd_gen *gen,
	const struct xd_engine *const *sections, struct xd_result_port *ports,
	struct xd_error *err);
void peer_client_close(struct peer *peer); /* NULL is fine */

/* Runs the near half. As the engine's run; -ECONNRESET, -EPROTO, -ECANCELED: the other end cannot
 * go on. */
int peer_client_run(struct peer *peer, const struct options *o, struct xd_error *err);

#endif
