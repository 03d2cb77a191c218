/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two ends of an iperf3 test tell each other when it is over, as JSON. Any thread. */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_RESULTS_H
#define XD_TRAFFIC_ENGINE_IPERF3_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "traffic/engine/iperf3/protocol.h"

/* What an end says of a stream: of what it sent when it sent it, else of what it received. */
struct xd_iperf3_told {
	unsigned id;
	uint64_t bytes;
	int64_t retransmits; /* -1: it does not know */
	double jitter_s;
	uint64_t lost, packets; /* datagrams */
	double seconds;         /* 0: not said; from the start to the end, by its own clock */
};

struct xd_iperf3_results {
	double cpu[3];        /* percent of a core: all, user, system */
	bool has_retransmits; /* of what it sent */
	char congestion[24];  /* empty: not said */
	char *output;         /* of a server: what it has shown; NULL: not said */
	bool output_json;     /* that is JSON, not lines */
	unsigned n;
	struct xd_iperf3_told streams[2 * XD_IPERF3_STREAMS_MAX];
};

void xd_iperf3_results_fini(struct xd_iperf3_results *results);
/* Reads len bytes of JSON. -EPROTO: it is none, or lacks something; to be released in any case. */
int xd_iperf3_results_read(
	struct xd_iperf3_results *results, const char *json, size_t len, struct xd_error *err);
/* The same as text, to be freed; NULL: no memory. */
char *xd_iperf3_results_write(const struct xd_iperf3_results *results);

#endif
