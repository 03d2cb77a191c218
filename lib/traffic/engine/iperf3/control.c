/* SPDX-License-Identifier: BSD-3-Clause */
/* A control connection's bytes, and the steps that both roles have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/iperf3/control_private.h"

#define REST    (XD_IPERF3_JSON_MAX + 128) /* bytes of a test beside its results, at most */
#define GRACE_S 40.0 /* of a running test, beyond its time: as iperf3's servers have it */

enum xd_iperf3_event
xd_iperf3_control_failed(struct xd_iperf3_control *c, int code)
{
	c->step = XD_IPERF3_STEP_OVER;
	c->err.code = code;
	return XD_IPERF3_FAILED;
}

/* ---- Bytes ---- */

static bool
reserve(struct xd_iperf3_bytes *b, uint32_t bytes)
{
	uint32_t room = b->room ? b->room : 512;
	uint8_t *data;

	while (room < bytes)
		room *= 2;
	if (room == b->room)
		return true;
	data = realloc(b->data, room);
	if (!data)
		return false;
	memset(data + b->room, 0, room - b->room);
	b->data = data;
	b->room = room;
	return true;
}

void
xd_iperf3_control_put(struct xd_iperf3_control *c, const void *data, uint32_t len)
{
	if (!reserve(&c->out, c->out.len + len)) {
		c->too_much = true;
		return;
	}
	memcpy(c->out.data + c->out.len, data, len);
	c->out.len += len;
}

void
xd_iperf3_control_say(struct xd_iperf3_control *c, enum xd_iperf3_state state)
{
	const int8_t byte = (int8_t)state;

	xd_iperf3_control_put(c, &byte, 1);
}

void
xd_iperf3_control_say_json(struct xd_iperf3_control *c, char *text)
{
	uint8_t head[4];

	if (!text) {
		c->too_much = true;
		return;
	}
	xd_put32(head, (uint32_t)strlen(text));
	xd_iperf3_control_put(c, head, sizeof(head));
	xd_iperf3_control_put(c, text, (uint32_t)strlen(text));
	free(text);
}

uint32_t
xd_iperf3_control_longest(const struct xd_iperf3_control *c)
{
	return XD_IPERF3_JSON_MAX + (!c->server && c->test.output ? XD_IPERF3_OUTPUT_MAX : 0);
}

const uint8_t *
xd_iperf3_control_get(struct xd_iperf3_control *c, uint64_t received, uint32_t n)
{
	if (received > c->in.room || received < (uint64_t)c->read + n)
		return NULL;
	c->read += n;
	return c->in.data + c->read - n;
}

const char *
xd_iperf3_control_get_json(struct xd_iperf3_control *c, uint64_t received, uint32_t *len)
{
	const uint32_t before = c->read;
	const uint8_t *head = xd_iperf3_control_get(c, received, 4), *text;

	if (!head)
		return NULL;
	*len = xd_get32(head);
	if (*len == 0 || *len > xd_iperf3_control_longest(c)) {
		*len = 0;
		return (const char *)head;
	}
	text = xd_iperf3_control_get(c, received, *len);
	if (!text)
		c->read = before;
	return (const char *)text;
}

static enum xd_iperf3_event
unknown(struct xd_iperf3_control *c, int state)
{
	return XD_IPERF3_FAIL(c, -EPROTO,
		"the peer said %d, which no iperf 3 says here: it is something else, or of a "
		"version that is not known (3.0 to 3.20 are)",
		state);
}

enum xd_iperf3_event
xd_iperf3_control_other(struct xd_iperf3_control *c, int state)
{
	if (c->server && state == XD_IPERF3_CLIENT_TERMINATE)
		return XD_IPERF3_FAIL(c, -ECONNABORTED, "the client has ended the test early");
	if (!c->server && state == XD_IPERF3_SERVER_TERMINATE)
		return XD_IPERF3_FAIL(c, -ECONNABORTED, "the server has ended the test early");
	if (!c->server && state == XD_IPERF3_ACCESS_DENIED)
		return XD_IPERF3_FAIL(
			c, -EBUSY, "the server is busy running a test; try again later");
	return unknown(c, state);
}

/* ---- Both ---- */

static enum xd_iperf3_event
take_results(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	uint32_t len;
	const char *json = xd_iperf3_control_get_json(c, received, &len);

	if (!json)
		return XD_IPERF3_NOTHING;
	if (len == 0)
		return XD_IPERF3_FAIL(c, -EPROTO,
			"the peer's results are longer than %u bytes, or empty",
			xd_iperf3_control_longest(c));
	if (xd_iperf3_results_read(&c->peer, json, len, &c->err))
		return xd_iperf3_control_failed(c, c->err.code);
	c->peer_reports = true;
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_DISPLAY, now_us);
	return c->server ? XD_IPERF3_REPORT : XD_IPERF3_NOTHING;
}

static enum xd_iperf3_event
take_next(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	if (c->step == XD_IPERF3_STEP_OVER || c->step == XD_IPERF3_STEP_FIGURES)
		return XD_IPERF3_NOTHING;
	if (c->too_much)
		return XD_IPERF3_FAIL(c, -EPROTO,
			"the peer sends more on its control connection than iperf3 does");
	if (c->step == XD_IPERF3_STEP_RESULTS)
		return take_results(c, received, now_us);
	return c->server ? xd_iperf3_control_serve(c, received, now_us)
			 : xd_iperf3_control_follow(c, received, now_us);
}

enum xd_iperf3_event
xd_iperf3_control_next(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	enum xd_iperf3_event event;
	uint32_t read;

	do {
		read = c->read;
		event = take_next(c, received, now_us);
	} while (event == XD_IPERF3_NOTHING && c->read != read);
	return event;
}

void
xd_iperf3_control_take(
	struct xd_iperf3_control *c, uint64_t offset, const uint8_t *from, uint32_t len)
{
	const uint32_t most = REST + xd_iperf3_control_longest(c);

	if (offset > most || len > most - offset || !reserve(&c->in, (uint32_t)offset + len)) {
		c->too_much = true;
		return;
	}
	memcpy(c->in.data + offset, from, len);
}

enum xd_iperf3_event
xd_iperf3_control_closed(struct xd_iperf3_control *c, const char *how)
{
	if (c->step == XD_IPERF3_STEP_OVER)
		return XD_IPERF3_NOTHING;
	/* A client may leave without a last word when it knows all. */
	if (c->server && c->step == XD_IPERF3_STEP_DISPLAY) {
		c->step = XD_IPERF3_STEP_OVER;
		return XD_IPERF3_NOTHING;
	}
	return XD_IPERF3_FAIL(c, -ECONNRESET, "the %s has ended the control connection: %s",
		c->server ? "client" : "server", how);
}

enum xd_iperf3_event
xd_iperf3_control_late(struct xd_iperf3_control *c, uint64_t now_us)
{
	static const char *const what[XD_IPERF3_STEPS] = {
		[XD_IPERF3_STEP_COOKIE] = "who it is",
		[XD_IPERF3_STEP_PARAMETERS] = "what it wants",
		[XD_IPERF3_STEP_CREATE] = "what it does",
		[XD_IPERF3_STEP_STREAMS] = "that all streams are there",
		[XD_IPERF3_STEP_START] = "that the test runs",
		[XD_IPERF3_STEP_RUNNING] = "that the test is over",
		[XD_IPERF3_STEP_EXCHANGE] = "that the test is over for it, too",
		[XD_IPERF3_STEP_FIGURES] = "",
		[XD_IPERF3_STEP_RESULTS] = "what it counted",
		[XD_IPERF3_STEP_DISPLAY] = "goodbye",
	};
	double limit_s = c->patience_s;

	if (c->step == XD_IPERF3_STEP_OVER || c->step == XD_IPERF3_STEP_FIGURES)
		return XD_IPERF3_NOTHING;
	if (c->step == XD_IPERF3_STEP_RUNNING) {
		limit_s = (double)c->test.time_s + c->test.omit_s + GRACE_S;
		if (!c->server || !c->test.time_s)
			return XD_IPERF3_NOTHING;
	}
	if (now_us < c->since_us || (double)(now_us - c->since_us) < limit_s * 1e6)
		return XD_IPERF3_NOTHING;
	return XD_IPERF3_FAIL(c, -ETIMEDOUT, "the %s did not say within %.0f s %s",
		c->server ? "client" : "server", limit_s, what[c->step]);
}

void
xd_iperf3_control_start(struct xd_iperf3_control *c, uint64_t now_us)
{
	xd_iperf3_control_say(c, XD_IPERF3_TEST_START);
	xd_iperf3_control_say(c, XD_IPERF3_TEST_RUNNING);
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_RUNNING, now_us);
}

void
xd_iperf3_control_end(struct xd_iperf3_control *c, uint64_t now_us)
{
	xd_iperf3_control_say(c, XD_IPERF3_TEST_END);
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_EXCHANGE, now_us);
}

void
xd_iperf3_control_figures(struct xd_iperf3_control *c, uint64_t now_us)
{
	if (c->server)
		xd_iperf3_control_say(c, XD_IPERF3_EXCHANGE_RESULTS);
	else
		xd_iperf3_control_say_json(c, xd_iperf3_results_write(&c->own));
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_RESULTS, now_us);
}

void
xd_iperf3_control_answer(struct xd_iperf3_control *c)
{
	xd_iperf3_control_say_json(c, xd_iperf3_results_write(&c->own));
	xd_iperf3_control_say(c, XD_IPERF3_DISPLAY_RESULTS);
}

void
xd_iperf3_control_quit(struct xd_iperf3_control *c)
{
	if (c->step == XD_IPERF3_STEP_OVER)
		return;
	xd_iperf3_control_say(
		c, c->server ? XD_IPERF3_SERVER_TERMINATE : XD_IPERF3_CLIENT_TERMINATE);
	c->step = XD_IPERF3_STEP_OVER;
}

void
xd_iperf3_control_init(struct xd_iperf3_control *c, bool server, double patience_s, uint64_t now_us)
{
	c->server = server;
	c->patience_s = patience_s;
	xd_iperf3_control_enter(
		c, server ? XD_IPERF3_STEP_COOKIE : XD_IPERF3_STEP_PARAMETERS, now_us);
	if (!server)
		xd_iperf3_control_put(c, c->cookie, XD_IPERF3_COOKIE);
}

void
xd_iperf3_control_fini(struct xd_iperf3_control *c)
{
	xd_iperf3_results_fini(&c->own);
	xd_iperf3_results_fini(&c->peer);
	free(c->in.data);
	free(c->out.data);
	c->in = c->out = (struct xd_iperf3_bytes){0};
}
