/* SPDX-License-Identifier: BSD-3-Clause */
/* What the client asks a server to run: the engine and those options that both ends have to know,
 * as texts of the command line, which the server takes and checks as its own. Any thread. */
#ifndef PKTGEN_PEER_TEST_H
#define PKTGEN_PEER_TEST_H

#include <jansson.h>

#include "options.h"

/* {"test": ..., "ports": N, "options": [...]}; NULL without memory. */
json_t *peer_test_json(const struct options *o);
/* The far end's options, of a server's ports and its timeout; strings are test's and the
 * server's. -EINVAL, -ENOMEM; options_fini in any case. */
int peer_test_options(const json_t *test, const struct options *server,
	const struct xd_message_link *link, struct options *o, struct xd_error *err);

#endif
