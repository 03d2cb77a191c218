/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending messages to the back end and waiting for its answers.
 *
 * Each step has a deadline, and looks at `cancel` at least every WAIT_SLICE_MS. A change is
 * acknowledged by the peer where REPLY_ACK was negotiated; else the call ends with a GET_FEATURES,
 * whose answer says that the peer has dealt with what came before it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "vhost_user/frontend_internal.h"

#define NS_PER_MS     1000000ull
#define WAIT_SLICE_MS 100

struct xd_vu_fe_duration
xd_vu_fe_duration(unsigned ms)
{
	struct xd_vu_fe_duration d;

	if (ms % 1000)
		snprintf(d.text, sizeof(d.text), "%u ms", ms);
	else
		snprintf(d.text, sizeof(d.text), "%u s", ms / 1000);
	return d;
}

uint64_t
xd_vu_fe_deadline_ns(const struct xd_vu_frontend *fe)
{
	return xd_clock_ns() + fe->opts.timeout_ms * NS_PER_MS;
}

static int
cancelled(const struct xd_vu_frontend *fe, struct xd_error *err)
{
	if (fe->opts.cancel && *fe->opts.cancel)
		return xd_fail(err, -ECANCELED, "cancelled");
	return 0;
}

int
xd_vu_fe_wait_some(const struct xd_vu_frontend *fe, int fd, short events, uint64_t until_ns,
	int max_ms, struct xd_error *err)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now_ns = xd_clock_ns();
	uint64_t left_ms = now_ns < until_ns ? (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	int ret = cancelled(fe, err);

	if (ret)
		return ret;
	ret = poll(&p, 1, left_ms < (uint64_t)max_ms ? (int)left_ms : max_ms);
	if (ret > 0)
		return 1;
	return left_ms ? 0 : -ETIMEDOUT;
}

int
xd_vu_fe_wait(const struct xd_vu_frontend *fe, int fd, short events, uint64_t until_ns,
	struct xd_error *err)
{
	int ret;

	do {
		ret = xd_vu_fe_wait_some(fe, fd, events, until_ns, WAIT_SLICE_MS, err);
	} while (ret == 0);
	return ret;
}

static int
no_answer(const struct xd_vu_frontend *fe, uint32_t request, struct xd_error *err)
{
	return xd_fail(err, -ETIMEDOUT, "the switch on %s did not answer %s within %s", fe->path,
		xd_vu_request_name(request), xd_vu_fe_duration(fe->opts.timeout_ms).text);
}

static int
hung_up(const struct xd_vu_frontend *fe, uint32_t request, struct xd_error *err)
{
	return xd_fail(err, -ECONNRESET,
		"the switch on %s closed the connection on %s: its log says why", fe->path,
		xd_vu_request_name(request));
}

static int
send_message(struct xd_vu_frontend *fe, const struct xd_vu_message *m, struct xd_error *err)
{
	uint64_t until_ns = xd_vu_fe_deadline_ns(fe);
	uint32_t done = 0;
	int ret;

	for (;;) {
		ret = xd_vu_send(m, fe->sock, &done);
		if (ret == 0)
			return 0;
		if (ret != -EAGAIN)
			return hung_up(fe, m->header.request, err);
		ret = xd_vu_fe_wait(fe, fe->sock, POLLOUT, until_ns, err);
		if (ret == -ETIMEDOUT)
			return no_answer(fe, m->header.request, err);
		if (ret < 0)
			return ret;
	}
}

static int
receive_upto(struct xd_vu_frontend *fe, struct xd_vu_message *m, uint32_t upto, uint32_t request,
	uint64_t until_ns, struct xd_error *err)
{
	int ret;

	for (;;) {
		ret = xd_vu_receive(m, fe->sock, upto, NULL);
		if (ret > 0)
			return 0;
		if (ret < 0)
			return hung_up(fe, request, err);
		ret = xd_vu_fe_wait(fe, fe->sock, POLLIN, until_ns, err);
		if (ret == -ETIMEDOUT)
			return no_answer(fe, request, err);
		if (ret < 0)
			return ret;
	}
}

/* The answer to request, with exactly size bytes, into m. */
static int
receive_reply(struct xd_vu_frontend *fe, struct xd_vu_message *m, uint32_t request, uint32_t size,
	struct xd_error *err)
{
	uint64_t until_ns = xd_vu_fe_deadline_ns(fe);
	struct xd_error why;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = receive_upto(fe, m, XD_VU_HEADER_BYTES, request, until_ns, err);
	if (!ret && xd_vu_check_reply(&m->header, request, size, &why))
		ret = xd_fail(err, -EPROTO, "the switch on %s: %s", fe->path, why.text);
	if (!ret)
		ret = receive_upto(fe, m, XD_VU_HEADER_BYTES + size, request, until_ns, err);
	/* No other answer brings descriptors. */
	for (unsigned i = 0; i < m->nb_fds && (ret || request != XD_VU_GET_INFLIGHT_FD); i++)
		close(xd_vu_message_take_fd(m, i));
	return ret;
}

int
xd_vu_fe_query(struct xd_vu_frontend *fe, struct xd_vu_message *m, uint32_t reply_size,
	struct xd_error *err)
{
	uint32_t request = m->header.request;
	int ret;

	m->header.flags = XD_VU_VERSION;
	ret = send_message(fe, m, err);
	return ret ? ret : receive_reply(fe, m, request, reply_size, err);
}

int
xd_vu_fe_query_u64(
	struct xd_vu_frontend *fe, uint32_t request, uint64_t *value, struct xd_error *err)
{
	struct xd_vu_message m = {.header.request = request};
	int ret = xd_vu_fe_query(fe, &m, sizeof(*value), err);

	*value = m.payload.u64;
	return ret;
}

bool
xd_vu_fe_has(const struct xd_vu_frontend *fe, enum xd_vu_protocol_feature feature)
{
	return fe->protocol_features & XD_VU_PF_BIT(feature);
}

int
xd_vu_fe_change(struct xd_vu_frontend *fe, struct xd_vu_message *m, struct xd_error *err)
{
	bool ack = xd_vu_fe_has(fe, XD_VU_PF_REPLY_ACK);
	uint32_t request = m->header.request;
	int ret;

	m->header.flags = XD_VU_VERSION | (ack ? XD_VU_FLAG_NEED_REPLY : 0);
	ret = send_message(fe, m, err);
	if (ret || !ack)
		return ret;
	ret = receive_reply(fe, m, request, sizeof(m->payload.u64), err);
	if (!ret && m->payload.u64)
		return xd_fail(err, -EINVAL, "the switch on %s refused %s: its log says why",
			fe->path, xd_vu_request_name(request));
	return ret;
}

int
xd_vu_fe_barrier(struct xd_vu_frontend *fe, struct xd_error *err)
{
	uint64_t ignored;

	return xd_vu_fe_has(fe, XD_VU_PF_REPLY_ACK)
		       ? 0
		       : xd_vu_fe_query_u64(fe, XD_VU_GET_FEATURES, &ignored, err);
}

int
xd_vu_fe_change_u64(
	struct xd_vu_frontend *fe, uint32_t request, uint64_t value, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = request, .size = sizeof(value)}, .payload.u64 = value};

	return xd_vu_fe_change(fe, &m, err);
}

int
xd_vu_fe_change_state(struct xd_vu_frontend *fe, uint32_t request, uint32_t index, uint32_t num,
	struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = request, .size = sizeof(m.payload.state)},
		.payload.state = {.index = index, .num = num},
	};

	return xd_vu_fe_change(fe, &m, err);
}

int
xd_vu_fe_change_ring_fd(
	struct xd_vu_frontend *fe, uint32_t request, uint32_t index, int fd, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = request, .size = sizeof(m.payload.u64)},
		.payload.u64 = index | (fd < 0 ? XD_VU_VRING_NO_FD : 0),
		.nb_fds = fd >= 0,
		.fds = {fd},
	};

	return xd_vu_fe_change(fe, &m, err);
}
