/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The udp engine: messages in UDP datagrams between pairs of ports, or between one port and
 * anybody. What a host sends faster than the other takes is lost, and counted: bandwidth is of what
 * came.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_UDP_H
#define XD_TRAFFIC_ENGINE_UDP_UDP_H

#include "traffic/engine/message/hosts.h"
#include "traffic/engine/message/message.h"

#define XD_UDP_STREAMS_MAX 10000u /* of a pair of ports */
#define XD_UDP_FRAME_MIN   128u   /* bytes: of a frame that is the longest */

extern const struct xd_engine xd_udp_engine;

struct xd_udp_run_opts {
	struct xd_message_opts message;
	struct xd_message_hosts hosts; /* but for streams, verify and touch: the messages' are */
	double wait_s;                 /* for an answer */
	bool until_stopped;            /* being told to stop is the end, of a port that listens */
};

/* In row.own; JSON: udp. What a port alone cannot know is null. */
struct xd_udp_figures {
	struct xd_message_figures message; /* of one port that sends: what it sent */
	unsigned datagrams;                /* of a message */
	char counted[16];                  /* where messages are: "receiver", "sender" */
	uint64_t sent_messages;            /* within the time; or requests */
	double sent_bps;
	uint64_t lost_messages; /* or requests without an answer in time */
	double loss_ratio;      /* of those sent */
	bool has_jitter;
	double jitter_ns;                /* RFC 3550's, of datagrams that say when they were sent */
	uint64_t all_sent, all_received; /* until all had come */
	bool is_marked, has_order;       /* datagrams have a number; and some came */
	uint64_t reordered, duplicated;  /* datagrams */
	uint64_t late;                   /* answers that came when they were lost already */
	uint64_t fragments;              /* frames with a part of a datagram, sent */
	uint64_t not_reassembled; /* datagrams of which parts came: overlaps, no time, no room */
	uint64_t strange;         /* datagrams of no stream or of another length */
	uint64_t wrong_frames;    /* a checksum or a length */
	uint64_t impaired_lost, impaired_dup, impaired_reordered; /* frames; made by --impair */
};

/* A row for each size, test and trial. -EINVAL; -EHOSTUNREACH: nobody has the address to connect
 * to; else as xd_rate_run. */
int xd_udp_run(struct xd_gen *gen, const struct xd_udp_run_opts *opts, struct xd_error *err);

#endif
