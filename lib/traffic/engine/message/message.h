/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What engines that send messages have in common: what is asked for, what a row says of it, and the
 * bytes that messages are made of.
 *
 * Bandwidth counts messages of which the last byte has arrived in order. Latency sends one message
 * after the other, each answered by one of the same size.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_MESSAGE_H
#define XD_TRAFFIC_ENGINE_MESSAGE_MESSAGE_H

#include <stddef.h>

#include "traffic/frames/sizes.h"
#include "traffic/result/result.h"
#include "traffic/trial/gen.h"

#define XD_MESSAGE_MAX (128u << 20) /* bytes */

enum xd_message_test { XD_MESSAGE_BANDWIDTH, XD_MESSAGE_LATENCY, XD_MESSAGE_TESTS };

/* From even ports to odd ones, back, or both at once. */
enum xd_message_way { XD_MESSAGE_FORWARD, XD_MESSAGE_REVERSE, XD_MESSAGE_BOTH };

struct xd_message_opts {
	struct xd_sizes sizes; /* of messages; a row for each, without mixes */
	bool tests[XD_MESSAGE_TESTS];
	enum xd_message_way way; /* of bandwidth */
	unsigned streams;        /* of each pair of ports */
	double time_s, warmup_s;
	unsigned trials;
	bool verify; /* each byte is compared with what was sent */
	enum xd_touch touch;
};

/* The first member of what an engine has in row.own. */
struct xd_message_figures {
	char test[16]; /* "bandwidth", "latency" */
	char way[16];  /* "forward", "reverse", "both" */
	uint64_t message_bytes;
	unsigned streams; /* in all */
	bool verified;
	uint64_t wrong_bytes; /* null unless it was verified */
	uint64_t messages;    /* complete; of latency, with their answers */
	double messages_s;
	double bps; /* bit/s of them */
};

#define XD_MESSAGE_FIGURE(name, kind_, ...)                                                        \
	{                                                                                          \
		.key = #name, .kind = kind_,                                                       \
		.offset =                                                                          \
			offsetof(struct xd_row, own) + offsetof(struct xd_message_figures, name),  \
		.size = sizeof(((struct xd_message_figures *)0)->name), __VA_ARGS__                \
	}

/* Rows of these figures, to begin an engine's list with. */
#define XD_MESSAGE_FIGURES                                                                         \
	XD_MESSAGE_FIGURE(test, XD_FIGURE_TEXT, .role = XD_FIGURE_ASKED),                          \
		XD_MESSAGE_FIGURE(way, XD_FIGURE_TEXT, .head = "way", .role = XD_FIGURE_ASKED),    \
		XD_MESSAGE_FIGURE(message_bytes, XD_FIGURE_COUNT, .head = "message", .unit = "B",  \
			.role = XD_FIGURE_ASKED_SIZE),                                             \
		XD_MESSAGE_FIGURE(                                                                 \
			streams, XD_FIGURE_UNSIGNED, .head = "streams", .role = XD_FIGURE_ASKED),  \
		XD_MESSAGE_FIGURE(verified, XD_FIGURE_FLAG, .role = XD_FIGURE_ASKED),              \
		XD_MESSAGE_FIGURE(wrong_bytes, XD_FIGURE_COUNT, .has = xd_message_is_verified),    \
		XD_MESSAGE_FIGURE(messages, XD_FIGURE_COUNT),                                      \
		XD_MESSAGE_FIGURE(messages_s, XD_FIGURE_REAL, .head = "messages", .unit = "1/s"),  \
		XD_MESSAGE_FIGURE(                                                                 \
			bps, XD_FIGURE_REAL, .head = "bandwidth", .unit = "Gbit/s", .scale = 1e9)

bool xd_message_is_verified(const struct xd_row *row);

/* For --fail-if: xd_condition_figure, of rows that begin with these figures. */
bool xd_message_gbps(const struct xd_row *row, double *value);
bool xd_message_rate(const struct xd_row *row, double *value); /* messages a second */
bool xd_message_wrong_bytes(const struct xd_row *row, double *value);

/* Runs a row for each trial of each size in each test that is asked for, until one fails or gen is
 * told to stop. Returns what the last one did. */
int xd_message_run_rows(const struct xd_gen *gen, const struct xd_message_opts *opts,
	int (*run_row)(void *ctx, enum xd_message_test test, uint64_t bytes, unsigned trial,
		struct xd_error *err),
	void *ctx, struct xd_error *err);
/* Those that the other end counted in the same row are added. */
void xd_message_merge(struct xd_message_figures *f, const struct xd_message_figures *far);
/* "forward", ... */
const char *xd_message_way_name(enum xd_message_way way);
const char *xd_message_test_name(enum xd_message_test test);

/* What a row says of round trips, in nanoseconds. */
void xd_message_times(struct xd_row *row, const struct xd_histogram *h);

#endif
