/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of struct xd_iperf3_control share: control.c, control_server.c, control_client.c.
 */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_CONTROL_PRIVATE_H
#define XD_TRAFFIC_ENGINE_IPERF3_CONTROL_PRIVATE_H

#include "traffic/engine/iperf3/control.h"

/* Errors of iperf3: IERECVPARAMS, IEUNIMP, IEAUTHTEST. */
#define XD_IPERF3_ERROR_PARAMETERS 114u
#define XD_IPERF3_ERROR_UNKNOWN    13u
#define XD_IPERF3_ERROR_WHO        142u

/* Ends it: one line for people is in c->err. */
#define XD_IPERF3_FAIL(c, code, ...)                                                               \
	xd_iperf3_control_failed(c, xd_fail(&(c)->err, code, __VA_ARGS__))
enum xd_iperf3_event xd_iperf3_control_failed(struct xd_iperf3_control *c, int code);

static inline void
xd_iperf3_control_enter(struct xd_iperf3_control *c, enum xd_iperf3_step step, uint64_t now_us)
{
	c->step = step;
	c->since_us = now_us;
}

/* Bytes to be sent: len of them; a state; text behind its length, which is freed, and may be NULL
 * when there is no memory. */
void xd_iperf3_control_put(struct xd_iperf3_control *c, const void *data, uint32_t len);
void xd_iperf3_control_say(struct xd_iperf3_control *c, enum xd_iperf3_state state);
void xd_iperf3_control_say_json(struct xd_iperf3_control *c, char *text);

/* n bytes that arrived, or NULL while they are not all there. */
const uint8_t *xd_iperf3_control_get(struct xd_iperf3_control *c, uint64_t received, uint32_t n);
/* The same of a JSON text. *len 0: it is too long to be one, and this is its length. */
const char *xd_iperf3_control_get_json(
	struct xd_iperf3_control *c, uint64_t received, uint32_t *len);

/* The longest text of results. */
uint32_t xd_iperf3_control_longest(const struct xd_iperf3_control *c);

/* A state that is not what a step waits for: some may come at any time. */
enum xd_iperf3_event xd_iperf3_control_other(struct xd_iperf3_control *c, int state);

/* control_server.c */
enum xd_iperf3_event xd_iperf3_control_serve(
	struct xd_iperf3_control *c, uint64_t received, uint64_t now_us);
/* control_client.c */
enum xd_iperf3_event xd_iperf3_control_follow(
	struct xd_iperf3_control *c, uint64_t received, uint64_t now_us);

#endif
