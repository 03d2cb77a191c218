/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iperf3's protocol, as iperf 3.0 to 3.2x speak it: there is no specification but its sources.
 *
 * The client opens a control connection and begins it with a cookie. From then on the server says
 * with single bytes, signed, which state it is in, and the client follows; parameters and results
 * are JSON behind a length of four bytes. Then the client opens the test's connections to the same
 * port, each of which begins with the cookie.
 *
 *     server                     client
 *                                cookie
 *     PARAM_EXCHANGE             parameters
 *     CREATE_STREAMS             a connection, or a datagram (datagram.h), for each stream
 *     TEST_START, TEST_RUNNING   bytes, either way; when the time is over, TEST_END
 *     EXCHANGE_RESULTS           results
 *     results
 *     DISPLAY_RESULTS            IPERF_DONE
 */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_PROTOCOL_H
#define XD_TRAFFIC_ENGINE_IPERF3_PROTOCOL_H

#define XD_IPERF3_PORT        5201
#define XD_IPERF3_COOKIE      37            /* bytes, the last of which is zero */
#define XD_IPERF3_STREAMS_MAX 128u          /* each way; iperf3's own limit */
#define XD_IPERF3_TIME_MAX    86400u        /* seconds; the same */
#define XD_IPERF3_BLOCK_MAX   (1u << 20)    /* bytes; the same */
#define XD_IPERF3_MSS_MIN     88u           /* bytes; Linux's, without its options */
#define XD_IPERF3_MSS_MAX     (9u * 1024)   /* the same of iperf3 */
#define XD_IPERF3_JSON_MAX    (256u * 1024) /* bytes: results of all streams are a sixth of it */
#define XD_IPERF3_OUTPUT_MAX  (4u << 20)    /* bytes more, of what a server has shown */

enum xd_iperf3_state {
	XD_IPERF3_SERVER_ERROR = -2, /* two numbers of four bytes follow: iperf3's own, and errno */
	XD_IPERF3_ACCESS_DENIED = -1,
	XD_IPERF3_TEST_START = 1,
	XD_IPERF3_TEST_RUNNING = 2,
	XD_IPERF3_TEST_END = 4,
	XD_IPERF3_PARAM_EXCHANGE = 9,
	XD_IPERF3_CREATE_STREAMS = 10,
	XD_IPERF3_SERVER_TERMINATE = 11,
	XD_IPERF3_CLIENT_TERMINATE = 12,
	XD_IPERF3_EXCHANGE_RESULTS = 13,
	XD_IPERF3_DISPLAY_RESULTS = 14,
	XD_IPERF3_IPERF_DONE = 16,
};

#endif
