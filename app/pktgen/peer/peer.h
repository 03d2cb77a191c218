/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other end of a test, which is another process, behind a control connection: what both the
 * client (--peer) and the server (`server`) have of it.
 *
 * One JSON object goes in each line. Both ends first say who they are:
 *   {"protocol": "crossdock-pktgen", "version": 1, "release": ...}
 * The client then says what to run, and the server what it runs it with:
 *   {"test": "tcp", "ports": 1, "options": [["messages", "64k"], ["verify", null], ...]}
 *   {"ports": [{"name": ..., "memory": ..., "core": ...}]}
 * For each row both say where they are ({"at": "begin"}: message/link.h), and the server what it
 * found ({"row": ...}, as a result file has it). Whoever cannot go on says why: {"stop": ...}; who
 * does not even begin: {"error": ...}.
 *
 * Control; in a lane's progress, the lane's thread.
 */
#ifndef PKTGEN_PEER_PEER_H
#define PKTGEN_PEER_PEER_H

#include "line.h"
#include "traffic/engine/message/link.h"
#include "traffic/trial/gen.h"

#define PEER_PROTOCOL "crossdock-pktgen"
#define PEER_VERSION  2
#define PEER_NAME     96

struct peer {
	struct peer_line line;
	char name[PEER_NAME]; /* "server 127.0.0.1:5210" */
	struct xd_message_link link;
	struct xd_gen gen; /* that engines run on: its cancel is this: */
	volatile bool cancel;
	const struct xd_gen *outer;             /* of whose ports and cores it is */
	const struct xd_engine *const *engines; /* of results */
	/* Points that the other end has come to, and this one not yet: it may be at the next
	 * already. */
	unsigned nb_at;
	enum xd_message_point at[2];
	json_t *row;             /* that came; or NULL */
	struct xd_error fault;   /* why it cannot go on, or has gone; code 0: it can */
	bool closed;             /* nothing more comes */
	bool stop_said;          /* by us */
	uint64_t end_ns;         /* of tests; 0: there is none */
	double most_s;           /* until then, from its beginning */
	unsigned rows;           /* that this end has measured */
	void (*idle)(void *ctx); /* called with each look; or NULL */
	void *idle_ctx;
};

/* Takes the connection's descriptor over. engines: as xd_row_json has them. It stays where it is in
 * memory. */
void peer_init(struct peer *peer, int fd, const char *name, bool far, const struct xd_gen *gen,
	const struct xd_engine *const *engines);
void peer_fini(struct peer *peer);

/* Says who we are, and waits for the same. As peer_line_wait; -EPROTO: it is something else, or of
 * another version; -EBUSY, -ECANCELED: it refuses, and says why. */
int peer_greet(struct peer *peer, struct xd_error *err);
/* The next object that begins a test, or answers. -ECANCELED: it is {"error": ...}; else as
 * peer_line_wait. The name is in the error. */
int peer_ask(struct peer *peer, double seconds, json_t **object, struct xd_error *err);
/* Sends {"error": text}, whatever becomes of it. */
void peer_refuse(struct peer_line *line, const char *text);

/* ---- Its parts ---- */

/* Takes in an object of a row that runs. -EPROTO. */
int peer_take(struct peer *peer, json_t *object, struct xd_error *err);

#endif
