/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind all ports and what they send each other, and lanes that run them for a while: what a
 * row is measured on. Control. */
#ifndef XD_TRAFFIC_ENGINE_UDP_BENCH_H
#define XD_TRAFFIC_ENGINE_UDP_BENCH_H

#include "traffic/engine/message/lanes.h"
#include "traffic/engine/udp/talk.h"
#include "traffic/engine/udp/udp.h"

struct xd_udp_end {
	struct xd_udp_host host;
	struct xd_udp_talk talk;
};

struct xd_udp_bench {
	struct xd_gen *gen;
	const struct xd_udp_run_opts *opts;
	const struct xd_message_pattern *pattern;
	enum xd_message_test test;
	uint64_t message_bytes;
	uint16_t own_port;       /* the first that streams begin from */
	struct xd_udp_end *ends; /* by port */
	struct xd_message_lanes lanes;
	struct xd_udp_talk_counts begun; /* what was counted when what is measured began */
};

/* gen to own_port are set. -EINVAL, -EBUSY, -ENOMEM. */
int xd_udp_bench_create(struct xd_udp_bench *b, struct xd_error *err);
/* Also after it failed. */
void xd_udp_bench_destroy(struct xd_udp_bench *b);

/* Makes all streams. -EINVAL, -EHOSTUNREACH, or as xd_message_lanes_run. */
int xd_udp_bench_connect(struct xd_udp_bench *b, struct xd_error *err);
/* Nothing more is sent, and what is on its way is waited for: of both ends, which come to that
 * point. As xd_message_meet. */
int xd_udp_bench_settle(struct xd_udp_bench *b, enum xd_message_point point, struct xd_error *err);
/* Forgets what was counted, at both ends; then they may send, and what is measured begins: of all
 * counts, times and jitter at once. As xd_message_meet. */
int xd_udp_bench_begin(struct xd_udp_bench *b, struct xd_error *err);
/* Of all hosts, messages where they are counted. */
struct xd_udp_talk_counts xd_udp_bench_counts(const struct xd_udp_bench *b);
/* What the host behind a port does. */
enum xd_udp_role xd_udp_bench_role(const struct xd_udp_bench *b, unsigned port);

#endif
