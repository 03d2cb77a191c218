/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of a test: who it is, where it has come to, what it found. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/one_line.h"
#include "crossdock.h"
#include "peer.h"
#include "report/load.h"
#include "traffic/result/result_json.h"

#define GREET_S 5.0

/* What the other end says goes to people, in one line. */
static const char *
plain(const json_t *text, char *to, size_t size)
{
	const char *said = json_string_value(text);

	snprintf(to, size, "%s", said ? said : "no reason given");
	xd_one_line(to);
	return to;
}

/* ---- What comes while a row runs ---- */

static int
take_point(struct peer *peer, const json_t *value, struct xd_error *err)
{
	const char *name = json_string_value(value);

	if (peer->nb_at == sizeof(peer->at) / sizeof(peer->at[0]))
		return xd_fail(err, -EPROTO, "it goes on without waiting for this end");
	for (unsigned i = 0; name && i < XD_MESSAGE_POINTS; i++) {
		if (strcmp(name, xd_message_point_name((enum xd_message_point)i)))
			continue;
		peer->at[peer->nb_at++] = (enum xd_message_point)i;
		return 0;
	}
	return xd_fail(err, -EPROTO, "it has come to a point that there is not");
}

int
peer_take(struct peer *peer, json_t *object, struct xd_error *err)
{
	json_t *value;
	char why[192];

	if ((value = json_object_get(object, "at")))
		return take_point(peer, value, err);
	if ((value = json_object_get(object, "row"))) {
		if (peer->link.far || peer->row || !json_is_object(value))
			return xd_fail(err, -EPROTO, "a row came that nobody waits for");
		peer->row = json_incref(value);
		return 0;
	}
	if ((value = json_object_get(object, "stop"))) {
		if (peer->fault.code)
			return xd_fail(err, -EPROTO, "it stops twice");
		xd_fail(&peer->fault, -ECANCELED, "%s stopped: %s", peer->name,
			plain(value, why, sizeof(why)));
		peer->cancel = true;
		return 0;
	}
	return xd_fail(err, -EPROTO, "it says what this protocol has no word for");
}

static void
stop(void *ctx, const char *why)
{
	struct peer *peer = ctx;

	if (peer->closed || peer->stop_said)
		return;
	peer->stop_said = true;
	peer_line_write(&peer->line, json_pack("{s:s%}", "stop", why, strlen(why)), NULL);
}

/* The other end is told why, and both hand over what they have. */
static void
end_of_time(struct peer *peer)
{
	xd_fail(&peer->fault, -ETIMEDOUT, "%s has had the longest time that one has: %g s",
		peer->name, peer->most_s);
	peer->cancel = true;
	stop(peer, peer->fault.text);
}

static void
look(void *ctx)
{
	struct peer *peer = ctx;
	struct xd_error err = {0};
	json_t *object;
	int rc = 0;

	if (peer->idle)
		peer->idle(peer->idle_ctx);
	if (xd_gen_cancelled(peer->outer))
		peer->cancel = true;
	if (peer->end_ns && xd_clock_ns() > peer->end_ns && !peer->fault.code)
		end_of_time(peer);
	while (!peer->closed && (rc = peer_line_read(&peer->line, &object, &err)) > 0) {
		rc = peer_take(peer, object, &err);
		json_decref(object);
		if (rc)
			break;
	}
	if (rc >= 0 || peer->closed)
		return;
	peer->closed = true;
	peer->cancel = true;
	if (peer->fault.code)
		return;
	if (rc == -ECONNRESET)
		xd_fail(&peer->fault, rc, "%s has gone: %s", peer->name, err.text);
	else
		xd_fail(&peer->fault, rc, "%s: %s", peer->name, err.text);
}

/* ---- The link of engines ---- */

/* An end that takes nothing any more may have said why before. */
static int
write_to(struct peer *peer, json_t *object, struct xd_error *err)
{
	struct xd_error why = {0};
	int rc = peer_line_write(&peer->line, object, &why);

	if (!rc)
		return 0;
	look(peer);
	if (peer->fault.code)
		return xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	return xd_fail(err, rc, "%s has gone: %s", peer->name, why.text);
}

static int
say(struct peer *peer, json_t *object, struct xd_error *err)
{
	if (!peer->closed && !peer->fault.code)
		return write_to(peer, object, err);
	json_decref(object);
	return xd_fail(err, peer->fault.code, "%s", peer->fault.text);
}

static int
tell(void *ctx, enum xd_message_point point, struct xd_error *err)
{
	return say(ctx, json_pack("{s:s}", "at", xd_message_point_name(point)), err);
}

static int
told(void *ctx, enum xd_message_point point, struct xd_error *err)
{
	struct peer *peer = ctx;

	look(peer);
	if (peer->fault.code)
		return xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	if (!peer->nb_at)
		return 0;
	if (peer->at[0] != point)
		return xd_fail(err, -EPROTO, "%s is at \"%s\", and should be at \"%s\"", peer->name,
			xd_message_point_name(peer->at[0]), xd_message_point_name(point));
	peer->at[0] = peer->at[--peer->nb_at];
	return 1;
}

/* Also to an end that has stopped: it waits for what there is. */
static int
give(void *ctx, const struct xd_row *row, struct xd_error *err)
{
	struct peer *peer = ctx;
	json_t *object;

	if (peer->closed)
		return xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	object = json_pack("{s:o}", "row", xd_row_json(row, peer->engines));
	return object ? write_to(peer, object, err)
		      : xd_fail(err, -ENOMEM, "%s: no memory for a row", peer->name);
}

static int
take(void *ctx, struct xd_row *row, double wait_s, struct xd_error *err)
{
	struct peer *peer = ctx;
	struct xd_error why = {0};
	json_t *object;
	int rc = 0;

	look(peer);
	while (!peer->row && !peer->closed && !rc) {
		rc = peer_line_wait(&peer->line, wait_s, NULL, &object, &why);
		if (rc < 0)
			break;
		rc = peer_take(peer, object, &why);
		json_decref(object);
	}
	if (!peer->row && peer->fault.code)
		return xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	if (!peer->row)
		return xd_fail(err, rc ? rc : -ECONNRESET, "%s: %s", peer->name, why.text);
	rc = report_load_row(peer->name, peer->row, row, err);
	json_decref(peer->row);
	peer->row = NULL;
	return rc;
}

/* ---- What engines run on ---- */

static void
on_progress(void *ctx, const char *what, double share)
{
	struct peer *peer = ctx;

	look(peer);
	if (!peer->link.far)
		xd_gen_progress(peer->outer, what, share);
}

static int
on_row(void *ctx, const struct xd_row *row)
{
	struct peer *peer = ctx;

	peer->rows++;
	return peer->link.far ? 0 : peer->outer->row(peer->outer->ctx, row);
}

void
peer_init(struct peer *peer, int fd, const char *name, bool far, const struct xd_gen *gen,
	const struct xd_engine *const *engines)
{
	peer_line_init(&peer->line, fd);
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->link = (struct xd_message_link){
		.far = far,
		.tell = tell,
		.told = told,
		.give = give,
		.take = take,
		.stop = stop,
		.look = look,
		.ctx = peer,
	};
	peer->outer = gen;
	peer->engines = engines;
	peer->gen = *gen;
	peer->gen.cancel = &peer->cancel;
	peer->gen.progress = on_progress;
	peer->gen.row = on_row;
	peer->gen.ctx = peer;
}

void
peer_fini(struct peer *peer)
{
	json_decref(peer->row);
	peer->row = NULL;
	peer_line_fini(&peer->line);
}

/* ---- Before a test ---- */

void
peer_refuse(struct peer_line *line, const char *text)
{
	peer_line_write(line, json_pack("{s:s%}", "error", text, strlen(text)), NULL);
}

int
peer_ask(struct peer *peer, double seconds, json_t **object, struct xd_error *err)
{
	struct xd_error why = {0};
	char said[192];
	int rc = peer_line_wait(&peer->line, seconds, peer->outer->cancel, object, &why);

	if (rc == -EINTR)
		return xd_fail(err, rc, "%s", why.text);
	if (rc < 0)
		return xd_fail(err, rc, "%s: %s", peer->name, why.text);
	if (!json_object_get(*object, "error"))
		return 0;
	plain(json_object_get(*object, "error"), said, sizeof(said));
	json_decref(*object);
	*object = NULL;
	return xd_fail(err, -ECANCELED, "%s: %s", peer->name, said);
}

static int
check_greeting(const struct peer *peer, const json_t *said, struct xd_error *err)
{
	const char *protocol = json_string_value(json_object_get(said, "protocol"));
	const json_t *version = json_object_get(said, "version");
	char release[64];

	if (!protocol || strcmp(protocol, PEER_PROTOCOL) || !json_is_integer(version))
		return xd_fail(err, -EPROTO, "%s speaks another protocol: is it crossdock-pktgen?",
			peer->name);
	if (json_integer_value(version) == PEER_VERSION)
		return 0;
	return xd_fail(err, -EPROTO,
		"%s speaks version %lld of the protocol (crossdock-pktgen %s), this end version %d "
		"(%s): use the same release at both",
		peer->name, (long long)json_integer_value(version),
		plain(json_object_get(said, "release"), release, sizeof(release)), PEER_VERSION,
		xd_version());
}

int
peer_greet(struct peer *peer, struct xd_error *err)
{
	json_t *said = NULL;
	int rc;

	/* Whether it went is seen by the answer: who is busy says so, and closes. */
	peer_line_write(&peer->line,
		json_pack("{s:s,s:i,s:s}", "protocol", PEER_PROTOCOL, "version", PEER_VERSION,
			"release", xd_version()),
		NULL);
	rc = peer_ask(peer, GREET_S, &said, err);
	if (!rc)
		rc = check_greeting(peer, said, err);
	json_decref(said);
	return rc;
}
