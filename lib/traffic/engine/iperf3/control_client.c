/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's steps of a control connection: what the server says, it does. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/iperf3/control_private.h"

/* What it is told in a step, and what comes of it. */
static const struct order {
	enum xd_iperf3_step step, next;
	enum xd_iperf3_state state;
	enum xd_iperf3_event event;
} orders[] = {
	{XD_IPERF3_STEP_PARAMETERS, XD_IPERF3_STEP_CREATE, XD_IPERF3_PARAM_EXCHANGE,
		XD_IPERF3_NOTHING},
	{XD_IPERF3_STEP_CREATE, XD_IPERF3_STEP_STREAMS, XD_IPERF3_CREATE_STREAMS, XD_IPERF3_CREATE},
	{XD_IPERF3_STEP_STREAMS, XD_IPERF3_STEP_START, XD_IPERF3_TEST_START, XD_IPERF3_START},
	{XD_IPERF3_STEP_START, XD_IPERF3_STEP_RUNNING, XD_IPERF3_TEST_RUNNING, XD_IPERF3_RUN},
	{XD_IPERF3_STEP_EXCHANGE, XD_IPERF3_STEP_FIGURES, XD_IPERF3_EXCHANGE_RESULTS,
		XD_IPERF3_FIGURES},
	{XD_IPERF3_STEP_DISPLAY, XD_IPERF3_STEP_OVER, XD_IPERF3_DISPLAY_RESULTS, XD_IPERF3_REPORT},
};

/* What a server's error number is in words; the numbers are iperf3's. */
static enum xd_iperf3_event
server_error(struct xd_iperf3_control *c, uint32_t number, uint32_t code)
{
	static const struct {
		uint32_t number;
		const char *text;
	} errors[] = {
		{5, "the test is too long for it"},
		{6, "it has not so many streams"},
		{7, "it has no such block size"},
		{XD_IPERF3_ERROR_UNKNOWN, "it has no such test"},
		{20, "it has no datagrams of that size"},
		{27, "so much bandwidth is more than it allows"},
		{37, "the test is longer than it allows"},
		{XD_IPERF3_ERROR_PARAMETERS, "it did not understand the parameters"},
		{131, "it has no such protocol"},
		{XD_IPERF3_ERROR_WHO, "it wants to know who asks"},
		{202, "it cannot listen for streams"},
	};

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == number)
			return XD_IPERF3_FAIL(c, -EREMOTEIO,
				"the server refuses: %s (error %u%s%s)", errors[i].text, number,
				code ? ": " : "", code ? strerror((int)(code & 0xfff)) : "");
	return XD_IPERF3_FAIL(c, -EREMOTEIO, "the server refuses, with iperf3's error %u", number);
}

/* Behind the state: two numbers, or one when who asks is not let in. */
static enum xd_iperf3_event
take_error(struct xd_iperf3_control *c, uint64_t received)
{
	const uint32_t before = c->read;
	const uint8_t *number = xd_iperf3_control_get(c, received, 4),
		      *code = xd_iperf3_control_get(c, received, 4);

	if (number && xd_get32(number) == XD_IPERF3_ERROR_WHO)
		return server_error(c, XD_IPERF3_ERROR_WHO, 0);
	if (number && code)
		return server_error(c, xd_get32(number), xd_get32(code));
	c->read = before - 1; /* the state is looked at again with them */
	return XD_IPERF3_NOTHING;
}

enum xd_iperf3_event
xd_iperf3_control_follow(struct xd_iperf3_control *c, uint64_t received, uint64_t now_us)
{
	const uint8_t *byte = xd_iperf3_control_get(c, received, 1);
	const int state = byte ? (int8_t)*byte : 0;

	if (!byte)
		return XD_IPERF3_NOTHING;
	if (state == XD_IPERF3_SERVER_ERROR)
		return take_error(c, received);
	for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct order *order = &orders[i];

		if (order->step != c->step || (int)order->state != state)
			continue;
		if (c->step == XD_IPERF3_STEP_PARAMETERS)
			xd_iperf3_control_say_json(c, xd_iperf3_test_write(&c->test));
		if (order->event == XD_IPERF3_REPORT)
			xd_iperf3_control_say(c, XD_IPERF3_IPERF_DONE);
		xd_iperf3_control_enter(c, order->next, now_us);
		return order->event;
	}
	return xd_iperf3_control_other(c, state);
}
