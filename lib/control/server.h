/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC over a Unix stream socket: requests are JSON texts, one per line; each answer is one
 * line. A client that does not read its answers is read from no further, and one that sends more
 * than XD_RPC_MAX_REQUEST bytes without a newline gets an error and the rest of its line ignored.
 * Of texts that are not lines, one that is too long ends the connection.
 *
 * One thread: the one that runs the loop.
 */
#ifndef XD_CONTROL_SERVER_H
#define XD_CONTROL_SERVER_H

#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "control/framing.h"
#include "control/rpc.h"

#define XD_SERVER_MAX_CLIENTS 64 /* the one idle longest makes room for a new one */
/* Bytes of answers that clients have not taken yet. When there are more, the client that was idle
 * longest, of those that have some, is hung up on. */
#define XD_SERVER_MAX_PENDING (32u << 20)

struct xd_server;

struct xd_server_opts {
	const char *path;
	const char *group; /* "": leave it */
	mode_t mode;
	const struct xd_rpc_method *methods; /* of JSON-RPC 2.0, in lines */
	/* Or, in place of them: answers one text. The answer is free()d; NULL: hang up. */
	char *(*answer)(void *ctx, const char *text, size_t len);
	enum xd_framing_kind framing; /* of the texts for it */
	void *ctx;                    /* of the methods, or of answer */
	struct xd_loop *loop;
	const struct xd_log *log; /* NULL: silent */
};

/* Listens, and makes the socket again when somebody has removed it; see xd_listen for the errors.
 * Requests are answered once the loop runs. */
struct xd_server *xd_server_create(const struct xd_server_opts *opts, struct xd_error *err);
/* Hangs up, and removes the socket. */
void xd_server_destroy(struct xd_server *server); /* NULL is fine */

#endif
