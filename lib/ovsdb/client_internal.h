/* SPDX-License-Identifier: BSD-3-Clause */
/* What the client's files share: client.c is the connection, session.c what is said over it. */
#ifndef XD_OVSDB_CLIENT_INTERNAL_H
#define XD_OVSDB_CLIENT_INTERNAL_H

#include "ovsdb/client.h"
#include "ovsdb/message.h"
#include "ovsdb/stream.h"

/* Ids of requests; each is asked once in a connection, but transactions, which count up, and
 * probes. */
enum { ID_SCHEMA = 1, ID_LOCK, ID_MONITOR, ID_PROBE, ID_TRANSACT };

struct xd_ovsdb_client {
	struct xd_ovsdb_client_opts opts;
	struct xd_ovsdb_replica replica;
	struct xd_ovsdb_stream *stream; /* NULL: waiting to connect again */
	struct xd_ovsdb_reader reader;
	struct xd_watch *watch;
	struct xd_timer *timer; /* until the next try, or the next look for silence */
	char *out;              /* what the server has not taken yet: */
	size_t out_len, out_room;
	uint32_t backoff_ms;
	bool connected, locked, monitored;
	bool waits;         /* for the lock, which was logged */
	bool probed;        /* asked for a sign since something came */
	bool broken;        /* a message to it was lost: the connection is of no use */
	bool slow;          /* that it does not answer was logged */
	uint64_t heard_ns;  /* something came, or was asked last: the loop's time */
	json_int_t pending; /* id of the transaction under way, or 0 */
	json_int_t next_id;
	char told[400]; /* the last line about what went wrong */
};

/* ---- client.c ---- */

/* Sends a message with the next flush; takes it. -ENOMEM, or -E2BIG: the server does not read. */
int xd_ovsdb_client_say(struct xd_ovsdb_client *client, json_t *message, struct xd_error *err);
/* The same of a request; takes params. */
int xd_ovsdb_client_ask(struct xd_ovsdb_client *client, const char *method, json_int_t id,
	json_t *params, struct xd_error *err);

/* ---- session.c ---- */

/* The first request of a connection. */
int xd_ovsdb_session_begin(struct xd_ovsdb_client *client, struct xd_error *err);
/* Takes all messages that are whole. An error ends the connection. */
int xd_ovsdb_session_take(struct xd_ovsdb_client *client, struct xd_error *err);

#endif
