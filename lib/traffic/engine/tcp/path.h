/* SPDX-License-Identifier: BSD-3-Clause */
/* What rows of engines over TCP say of how the segments went. */
#ifndef XD_TRAFFIC_ENGINE_TCP_PATH_H
#define XD_TRAFFIC_ENGINE_TCP_PATH_H

#include "traffic/result/result.h"

struct xd_tcp_path {
	unsigned mss;              /* bytes of payload in a full segment */
	double segment_bytes;      /* of payload in a frame that was sent with any, on average */
	uint64_t retransmitted;    /* segments */
	double limited_receiver;   /* share of the time that what was sent waited for its window, */
	double limited_congestion; /* for the congestion window, */
	double limited_core;       /* for us */
	uint64_t wrong_frames;     /* that came: a checksum, a length */
	uint64_t failed;           /* connections that ended with an error */
	uint64_t impaired_lost, impaired_dup, impaired_reordered; /* segments; made by --impair */
};

#define XD_TCP_PATH_FIGURE(type, member, name, kind_, ...)                                         \
	{                                                                                          \
		.key = #name, .kind = kind_,                                                       \
		.offset = offsetof(struct xd_row, own) + offsetof(type, member.name), __VA_ARGS__  \
	}

/* Those of the other end of the same connections are added. */
void xd_tcp_path_merge(struct xd_tcp_path *path, const struct xd_tcp_path *far);

/* Rows of these figures in an engine's own ones, of which member is a struct xd_tcp_path. has_: as
 * struct xd_figure has it. */
#define XD_TCP_PATH_FIGURES(type, member, has_)                                                    \
	XD_TCP_PATH_FIGURE(type, member, mss, XD_FIGURE_UNSIGNED, .has = has_),                    \
		XD_TCP_PATH_FIGURE(type, member, segment_bytes, XD_FIGURE_REAL, .has = has_,       \
			.head = "segment", .unit = "B"),                                           \
		XD_TCP_PATH_FIGURE(type, member, retransmitted, XD_FIGURE_COUNT, .has = has_,      \
			.head = "resent", .unit = "segments"),                                     \
		XD_TCP_PATH_FIGURE(type, member, limited_receiver, XD_FIGURE_REAL, .has = has_,    \
			.head = "receiver", .unit = "%", .scale = 0.01),                           \
		XD_TCP_PATH_FIGURE(type, member, limited_congestion, XD_FIGURE_REAL, .has = has_,  \
			.head = "congestion", .unit = "%", .scale = 0.01),                         \
		XD_TCP_PATH_FIGURE(type, member, limited_core, XD_FIGURE_REAL, .has = has_,        \
			.head = "core", .unit = "%", .scale = 0.01),                               \
		XD_TCP_PATH_FIGURE(type, member, wrong_frames, XD_FIGURE_COUNT),                   \
		XD_TCP_PATH_FIGURE(type, member, failed, XD_FIGURE_COUNT),                         \
		XD_TCP_PATH_FIGURE(type, member, impaired_lost, XD_FIGURE_COUNT),                  \
		XD_TCP_PATH_FIGURE(type, member, impaired_dup, XD_FIGURE_COUNT),                   \
		XD_TCP_PATH_FIGURE(type, member, impaired_reordered, XD_FIGURE_COUNT)

#endif
