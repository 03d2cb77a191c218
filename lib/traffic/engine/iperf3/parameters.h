/* SPDX-License-Identifier: BSD-3-Clause */
/* What an iperf3 client asks for: the JSON that it sends first. Any thread. */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_PARAMETERS_H
#define XD_TRAFFIC_ENGINE_IPERF3_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "traffic/engine/iperf3/protocol.h"

struct xd_iperf3_test {
	bool udp;
	bool reverse, both; /* the server sends; both do */
	bool no_delay;
	bool wide;            /* datagrams are counted with 64 bits */
	bool output;          /* the server tells what it has shown */
	unsigned streams;     /* each way */
	unsigned time_s;      /* 0: until so many bytes or blocks are sent */
	unsigned omit_s;      /* seconds before them that are not counted */
	uint64_t bytes;       /* 0: no limit */
	uint64_t blocks;      /* the same */
	uint32_t block_bytes; /* 0: not said */
	uint32_t window;      /* bytes; 0: as it is */
	uint32_t mss;         /* bytes, most of a segment; 0: as the link has it */
	uint32_t tos;         /* of IPv4, and traffic class of IPv6, of what streams send */
	uint64_t rate_bps;    /* bit/s of each stream; 0: as fast as it goes */
	char version[24];     /* of the client; empty: not said */
};

/* Reads len bytes of JSON. -EPROTO: it is none; -EOPNOTSUPP: it asks for what there is not;
 * -EINVAL: for a number that is out of range. The text is for people, at either end. */
int xd_iperf3_test_read(
	struct xd_iperf3_test *test, const char *json, size_t len, struct xd_error *err);
/* The same as text, to be freed; NULL: no memory. */
char *xd_iperf3_test_write(const struct xd_iperf3_test *test);

/* Bytes that all streams of one way are to send in all; 0: no limit. */
static inline uint64_t
xd_iperf3_test_limit(const struct xd_iperf3_test *test)
{
	return test->blocks ? test->blocks * test->block_bytes : test->bytes;
}

/* Streams of both ways. */
static inline unsigned
xd_iperf3_test_streams(const struct xd_iperf3_test *test)
{
	return test->both ? 2 * test->streams : test->streams;
}

#endif
