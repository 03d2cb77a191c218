/* SPDX-License-Identifier: BSD-3-Clause */
/* The server's steps of a control connection. */
#include <errno.h>

#include "base/bytes.h"
#include "traffic/engine/iperf3/control_private.h"

static enum xd_iperf3_event
take_cookie(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	const uint8_t *cookie = xd_iperf3_control_get(c, received, XD_IPERF3_COOKIE);

	if (!cookie)
		return XD_IPERF3_NOTHING;
	if (cookie[XD_IPERF3_COOKIE - 1] != 0)
		return XD_IPERF3_FAIL(
			c, -EPROTO, "a connection does not begin as an iperf3 client's does");
	memcpy(c->cookie, cookie, XD_IPERF3_COOKIE);
	xd_iperf3_control_say(c, XD_IPERF3_PARAM_EXCHANGE);
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_PARAMETERS, now_us);
	return XD_IPERF3_NOTHING;
}

static void
refuse_parameters(struct xd_iperf3_control *c, int code)
{
	uint8_t numbers[8];

	xd_iperf3_control_say(c, XD_IPERF3_SERVER_ERROR);
	xd_put32(numbers, code == -EPROTO ? XD_IPERF3_ERROR_PARAMETERS : XD_IPERF3_ERROR_UNKNOWN);
	xd_put32(numbers + 4, (uint32_t)-code);
	xd_iperf3_control_put(c, numbers, sizeof(numbers));
}

static enum xd_iperf3_event
take_parameters(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	uint32_t len;
	const char *json = xd_iperf3_control_get_json(c, received, &len);
	int rc;

	if (!json)
		return XD_IPERF3_NOTHING;
	if (len == 0)
		rc = xd_fail(&c->err, -EPROTO,
			"the client's parameters are %u bytes, and at most %u are taken",
			xd_get32((const uint8_t *)json), XD_IPERF3_JSON_MAX);
	else
		rc = xd_iperf3_test_read(&c->test, json, len, &c->err);
	if (rc) {
		refuse_parameters(c, rc);
		return xd_iperf3_control_failed(c, rc);
	}
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_STREAMS, now_us);
	xd_iperf3_control_say(c, XD_IPERF3_CREATE_STREAMS);
	return XD_IPERF3_CREATE;
}

static enum xd_iperf3_event
take_end(struct xd_iperf3_control *c, int state, uint64_t now_us)
{
	if (state != XD_IPERF3_TEST_END)
		return xd_iperf3_control_other(c, state);
	xd_iperf3_control_enter(c, XD_IPERF3_STEP_FIGURES, now_us);
	return XD_IPERF3_FIGURES;
}

static enum xd_iperf3_event
take_done(struct xd_iperf3_control *c, int state)
{
	if (state != XD_IPERF3_IPERF_DONE)
		return xd_iperf3_control_other(c, state);
	c->step = XD_IPERF3_STEP_OVER;
	return XD_IPERF3_NOTHING;
}

enum xd_iperf3_event
xd_iperf3_control_serve(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	const uint8_t *byte;

	if (c->step == XD_IPERF3_STEP_COOKIE)
		return take_cookie(c, received, now_us);
	if (c->step == XD_IPERF3_STEP_PARAMETERS)
		return take_parameters(c, received, now_us);
	byte = xd_iperf3_control_get(c, received, 1);
	if (!byte)
		return XD_IPERF3_NOTHING;
	if (c->step == XD_IPERF3_STEP_RUNNING)
		return take_end(c, (int8_t)*byte, now_us);
	if (c->step == XD_IPERF3_STEP_DISPLAY)
		return take_done(c, (int8_t)*byte);
	return xd_iperf3_control_other(c, (int8_t)*byte);
}
