/* SPDX-License-Identifier: BSD-3-Clause */
/* What an iperf3 test looks like: iperf3's own lines, or its JSON. */
#ifndef PKTGEN_IPERF3_SHOW_H
#define PKTGEN_IPERF3_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "traffic/engine/iperf3/run.h"

#define IPERF3_SHOWN 4 /* is added to a stream's number: iperf3 shows its socket's, from 5 on */

#define IPERF3_SAID 1024 /* bytes that are said at once, at most */
#define IPERF3_KEPT (160 * 1024)

struct iperf3_show {
	FILE *out;
	char server[64];        /* whom a client connects to, as it was given */
	const char *title;      /* before each line; NULL: none; */
	const char *timestamps; /* before that the time, as strftime(3) has it; NULL: none */
	const char *extra;      /* in JSON; NULL: none */
	char format;            /* of rates: "kmgt" bits, "KMGT" bytes; 0: bits, as large as fit */
	bool verbose;
	bool in_line; /* the last line has no end yet */
	bool keeps;   /* what is shown from here on, for a client that wants to have it: */
	char *kept;
	size_t nb_kept; /* bytes, without the last one, which is zero */
	unsigned intervals;
	json_t *json;   /* the intervals so far */
	char *document; /* the last one */
};

/* Writes lines, or a part of one. */
void iperf3_say(struct iperf3_show *show, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins to keep it, or ends that. */
void iperf3_keep(struct iperf3_show *show, bool keeps);

/* With -V alone: who this is; when the test began, and of its connection; what is asked for; and
 * what both ends used, of streams that this one sends or of the others. */
void iperf3_say_who(struct iperf3_show *show);
void iperf3_say_time(struct iperf3_show *show, const struct xd_iperf3_run *run);
void iperf3_say_connection(struct iperf3_show *show, const struct xd_iperf3_run *run);
void iperf3_say_test(struct iperf3_show *show, const struct xd_iperf3_run *run);
void iperf3_say_processors(struct iperf3_show *show, const struct xd_iperf3_run *run, bool sends);

/* For lines, and for JSON, of which a document is written when a test ends; ctx is show. */
struct xd_iperf3_watch iperf3_text(struct iperf3_show *show);
struct xd_iperf3_watch iperf3_json(struct iperf3_show *show);
void iperf3_show_fini(struct iperf3_show *show);

/* What an end says of a stream, its own or what the other end told. */
struct iperf3_end {
	uint64_t bytes;
	double seconds;
	bool known;
};

/* Of the sender, or of the receiver. */
static inline struct iperf3_end
iperf3_end_of(const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s, bool sender)
{
	if (s->sends == sender)
		return (struct iperf3_end){s->total.bytes, run->time_s, true};
	return (struct iperf3_end){
		s->peer.bytes, s->peer.seconds > 0 ? s->peer.seconds : run->time_s, s->told};
}

static inline uint64_t
iperf3_retransmits(const struct xd_iperf3_stream *s)
{
	if (s->sends)
		return s->total.retransmits;
	return s->peer.retransmits > 0 ? (uint64_t)s->peer.retransmits : 0;
}

/* Datagrams of a stream by its receiver, and how many there were by its sender, or else by it. */
struct iperf3_datagrams {
	uint64_t packets;
	int64_t lost;
	double jitter_s;
};

static inline struct iperf3_datagrams
iperf3_datagrams_of(const struct xd_iperf3_stream *s)
{
	if (s->sends)
		return (struct iperf3_datagrams){
			s->total.packets, (int64_t)s->peer.lost, s->peer.jitter_s};
	return (struct iperf3_datagrams){
		s->told && s->peer.packets ? s->peer.packets : s->total.packets, s->total.lost,
		s->jitter_s};
}

#endif
