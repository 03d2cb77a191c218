/* SPDX-License-Identifier: BSD-3-Clause */
/* iperf3's control connection: both roles against each other, and each against peers that are
 * something else, say too much, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/iperf3/control.h"

#define COOKIE     "abcdefghijklmnopqrstuvwxyz234567abcd"
#define PATIENCE_S 10
#define SECOND_US  1000000ull

/* Two ends, and how much of what each says has arrived at the other. */
struct pair {
	struct xd_iperf3_control client, server;
	uint32_t to_server, to_client;
};

static void
begin(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->client.cookie, COOKIE, XD_IPERF3_COOKIE);
	p->client.test = (struct xd_iperf3_test){
		.streams = 2, .time_s = 3, .block_bytes = 1000, .rate_bps = 5000000};
	xd_iperf3_control_init(&p->client, false, PATIENCE_S, 0);
	xd_iperf3_control_init(&p->server, true, PATIENCE_S, 0);
}

static void
end(struct pair *p)
{
	xd_iperf3_control_fini(&p->client);
	xd_iperf3_control_fini(&p->server);
}

/* Carries up to n bytes of what one says to the other, and returns what comes of them. */
static enum xd_iperf3_event
carry(const struct xd_iperf3_control *from, struct xd_iperf3_control *to, uint32_t *at, uint32_t n)
{
	uint32_t len = from->out.len - *at;

	len = len < n ? len : n;
	if (len)
		xd_iperf3_control_take(to, *at, from->out.data + *at, len);
	*at += len;
	return xd_iperf3_control_next(to, *at, 0);
}

/* Until one of them has something to do. */
static enum xd_iperf3_event
run(struct pair *p, uint32_t n, bool *server)
{
	enum xd_iperf3_event event;

	for (unsigned i = 0; i < 10000; i++) {
		*server = i % 2 == 0;
		event = *server ? carry(&p->client, &p->server, &p->to_server, n)
				: carry(&p->server, &p->client, &p->to_client, n);
		if (event != XD_IPERF3_NOTHING)
			return event;
	}
	return XD_IPERF3_NOTHING;
}

static void
expect(struct pair *p, uint32_t n, bool of_server, enum xd_iperf3_event event)
{
	bool server;

	assert_int_equal(run(p, n, &server), event);
	assert_int_equal(server, of_server);
}

static void
fill_results(struct xd_iperf3_results *r, unsigned first)
{
	r->n = 2;
	r->has_retransmits = true;
	r->cpu[0] = 12.5;
	strcpy(r->congestion, "reno");
	for (unsigned i = 0; i < 2; i++)
		r->streams[i] = (struct xd_iperf3_told){.id = i ? 3 : 1,
			.bytes = (1ull << 40) + first + i,
			.retransmits = i ? -1 : 7,
			.jitter_s = 0.25,
			.lost = 3,
			.packets = 1000,
			.seconds = 2.5};
}

/* And lets it go. text: what is expected; NULL: anything. */
static void
check_output(struct xd_iperf3_results *r, const char *text)
{
	if (text)
		assert_string_equal(r->output, text);
	xd_iperf3_results_fini(r);
}

/* A whole test, whatever pieces it arrives in. */
static void
test_whole(void **state)
{
	static const uint32_t pieces[] = {1, 2, 7, 100, 100000};

	(void)state;
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const uint32_t n = pieces[i];
		struct pair p;
		bool server;

		begin(&p);
		expect(&p, n, true, XD_IPERF3_CREATE);
		assert_string_equal(p.server.cookie, COOKIE);
		assert_int_equal(p.server.test.streams, 2);
		assert_int_equal(p.server.test.time_s, 3);
		assert_int_equal(p.server.test.block_bytes, 1000);
		assert_int_equal(p.server.test.rate_bps, 5000000);
		assert_false(p.server.test.udp);
		expect(&p, n, false, XD_IPERF3_CREATE);
		xd_iperf3_control_start(&p.server, 0);
		expect(&p, n, false, XD_IPERF3_START);
		expect(&p, n, false, XD_IPERF3_RUN);
		assert_int_equal(run(&p, n, &server), XD_IPERF3_NOTHING);
		xd_iperf3_control_end(&p.client, 0);
		expect(&p, n, true, XD_IPERF3_FIGURES);
		fill_results(&p.server.own, 100);
		xd_iperf3_control_figures(&p.server, 0);
		expect(&p, n, false, XD_IPERF3_FIGURES);
		fill_results(&p.client.own, 200);
		xd_iperf3_control_figures(&p.client, 0);
		expect(&p, n, true, XD_IPERF3_REPORT);
		assert_memory_equal(&p.server.peer, &p.client.own, sizeof(p.server.peer));
		if (i % 2)
			p.server.own.output = strdup(i == 1 ? "a\n\x1b[1mb\n" : "{\"a\": 1}");
		p.server.own.output_json = i == 3;
		xd_iperf3_control_answer(&p.server);
		expect(&p, n, false, XD_IPERF3_REPORT);
		check_output(&p.client.peer, i == 1   ? "a\n?[1mb\n"
					     : i == 3 ? "{\n \"a\": 1\n}"
						      : NULL);
		check_output(&p.server.own, NULL);
		assert_memory_equal(&p.client.peer, &p.server.own, sizeof(p.client.peer));
		assert_int_equal(run(&p, n, &server), XD_IPERF3_NOTHING);
		assert_int_equal(p.server.step, XD_IPERF3_STEP_OVER);
		assert_int_equal(p.client.step, XD_IPERF3_STEP_OVER);
		end(&p);
	}
}

/* ---- What a client meets ---- */

/* A client that is told these bytes: what becomes of it, in words. */
static enum xd_iperf3_event
told(struct xd_iperf3_control *c, const void *bytes, uint32_t n)
{
	enum xd_iperf3_event event;

	memset(c, 0, sizeof(*c));
	c->test = (struct xd_iperf3_test){.streams = 1, .time_s = 1, .block_bytes = 1000};
	xd_iperf3_control_init(c, false, PATIENCE_S, 0);
	xd_iperf3_control_take(c, 0, bytes, n);
	do {
		event = xd_iperf3_control_next(c, n, 0);
	} while (event != XD_IPERF3_NOTHING && event != XD_IPERF3_FAILED);
	return event;
}

static void
test_servers(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t n;
		int code;
		const char *text;
	} answers[] = {
		{"\xff", 1, -EBUSY, "the server is busy running a test; try again later"},
		{"\x09\xff", 2, -EBUSY, "the server is busy running a test"},
		{"\x09\xfe\0\0\0\x6\0\0\0\0", 10, -EREMOTEIO, "it has not so many streams"},
		{"\x09\xfe\0\0\0\xca\0\0\0\x62", 10, -EREMOTEIO, "Address already in use"},
		{"\x09\xfe\0\0\0\x8e", 6, -EREMOTEIO, "it wants to know who asks"},
		{"\x09\xfe\0\0\x9\x8e\0\0\0\0", 10, -EREMOTEIO, "iperf3's error 2446"},
		{"\x09\x0b", 2, -ECONNABORTED, "the server has ended the test early"},
		{"\x0a", 1, -EPROTO, "the peer said 10, which no iperf 3 says here"},
		{"HTTP/1.1 400", 12, -EPROTO, "the peer said 72"},
		{"\x09\x0a\x02", 3, -EPROTO, "the peer said 2"},
	};
	struct xd_iperf3_control c;

	(void)state;
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(told(&c, answers[i].bytes, answers[i].n), XD_IPERF3_FAILED);
		assert_int_equal(c.err.code, answers[i].code);
		if (!strstr(c.err.text, answers[i].text))
			fail_msg("\"%s\" says nothing of \"%s\"", c.err.text, answers[i].text);
		assert_int_equal(c.step, XD_IPERF3_STEP_OVER);
		xd_iperf3_control_fini(&c);
	}
	/* An error whose numbers are still to come. */
	assert_int_equal(told(&c, "\x09\xfe\0\0", 4), XD_IPERF3_NOTHING);
	assert_int_equal(xd_iperf3_control_closed(&c, "closed"), XD_IPERF3_FAILED);
	xd_iperf3_control_fini(&c);
}

/* ---- What a server meets ---- */

/* A server that gets the cookie and then JSON of a length that is said to be another. */
static enum xd_iperf3_event
asked(struct xd_iperf3_control *c, const char *json, uint32_t said)
{
	uint8_t bytes[1024] = COOKIE;
	const uint32_t n = XD_IPERF3_COOKIE + 4 + (uint32_t)strlen(json);
	enum xd_iperf3_event event;

	xd_put32(bytes + XD_IPERF3_COOKIE, said);
	memcpy(bytes + XD_IPERF3_COOKIE + 4, json, strlen(json));
	memset(c, 0, sizeof(*c));
	xd_iperf3_control_init(c, true, PATIENCE_S, 0);
	xd_iperf3_control_take(c, 0, bytes, n);
	event = xd_iperf3_control_next(c, n, 0);
	assert_true(c->in.room <= 4096);
	return event;
}

static void
test_clients(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *text;
	} wrong[] = {
		{"[1]", -EPROTO, "no JSON object"},
		{"{\"tcp\":", -EPROTO, "no JSON object"},
		{"{\"sctp\":true}", -EOPNOTSUPP, "there is TCP and UDP"},
		{"{\"tcp\":true,\"parallel\":129}", -EINVAL, "\"parallel\""},
		{"{\"tcp\":true,\"parallel\":-1}", -EINVAL, "\"parallel\""},
		{"{\"tcp\":true,\"parallel\":1.5}", -EINVAL, "\"parallel\""},
		{"{\"tcp\":true,\"time\":\"9\"}", -EINVAL, "\"time\""},
		{"{\"tcp\":true,\"time\":1e300}", -EINVAL, "\"time\""},
		{"{\"tcp\":true,\"len\":1048577}", -EINVAL, "\"len\""},
		{"{\"udp\":true,\"len\":8}", -EINVAL, "datagrams of 8 bytes"},
		{"{\"reverse\":true,\"bidirectional\":true}", -EINVAL, "both ways"},
	};
	static const uint32_t lengths[] = {0, XD_IPERF3_JSON_MAX + 1, 100000000, UINT32_MAX};
	struct xd_iperf3_control c;

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(asked(&c, wrong[i].json, (uint32_t)strlen(wrong[i].json)),
			XD_IPERF3_FAILED);
		assert_int_equal(c.err.code, wrong[i].code);
		if (!strstr(c.err.text, wrong[i].text))
			fail_msg("\"%s\" says nothing of \"%s\"", c.err.text, wrong[i].text);
		/* PARAM_EXCHANGE, SERVER_ERROR, two numbers. */
		assert_int_equal(c.out.len, 10);
		assert_int_equal(c.out.data[1], 0xfe);
		xd_iperf3_control_fini(&c);
	}
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(asked(&c, "{}", lengths[i]), XD_IPERF3_FAILED);
		assert_int_equal(c.err.code, -EPROTO);
		xd_iperf3_control_fini(&c);
	}
	/* One that is still to come. */
	assert_int_equal(asked(&c, "{\"tcp\":tr", 12), XD_IPERF3_NOTHING);
	xd_iperf3_control_fini(&c);
	assert_int_equal(asked(&c, "{}", 2), XD_IPERF3_CREATE);
	assert_int_equal(c.test.block_bytes, 131072);
	assert_int_equal(c.test.streams, 1);
	xd_iperf3_control_fini(&c);
}

static void
test_no_cookie(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: 10.0.0.1:5201\r\n\r\n";
	struct xd_iperf3_control c = {0};

	(void)state;
	xd_iperf3_control_init(&c, true, PATIENCE_S, 0);
	xd_iperf3_control_take(&c, 0, (const uint8_t *)text, sizeof(text) - 1);
	assert_int_equal(xd_iperf3_control_next(&c, sizeof(text) - 1, 0), XD_IPERF3_FAILED);
	assert_non_null(strstr(c.err.text, "does not begin as an iperf3 client's does"));
	xd_iperf3_control_fini(&c);
}

static void
test_too_much(void **state)
{
	static uint8_t bytes[65536];
	struct xd_iperf3_control c = {0};
	uint64_t at = 0;

	(void)state;
	xd_iperf3_control_init(&c, true, PATIENCE_S, 0);
	for (; at < (8u << 20); at += sizeof(bytes))
		xd_iperf3_control_take(&c, at, bytes, sizeof(bytes));
	xd_iperf3_control_take(&c, UINT64_MAX - 5, bytes, 100);
	assert_true(c.in.room <= (1u << 20));
	assert_int_equal(xd_iperf3_control_next(&c, at, 0), XD_IPERF3_FAILED);
	assert_non_null(strstr(c.err.text, "sends more"));
	xd_iperf3_control_fini(&c);
}

/* ---- Peers that say nothing ---- */

static void
test_late(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	assert_int_equal(xd_iperf3_control_late(&p.server, 9 * SECOND_US), XD_IPERF3_NOTHING);
	assert_int_equal(xd_iperf3_control_late(&p.server, 10 * SECOND_US), XD_IPERF3_FAILED);
	assert_string_equal(p.server.err.text, "the client did not say within 10 s who it is");
	assert_int_equal(xd_iperf3_control_late(&p.client, 11 * SECOND_US), XD_IPERF3_FAILED);
	assert_int_equal(p.client.err.code, -ETIMEDOUT);
	end(&p);

	/* A test has its own time, and grace. */
	begin(&p);
	expect(&p, 1000, true, XD_IPERF3_CREATE);
	expect(&p, 1000, false, XD_IPERF3_CREATE);
	xd_iperf3_control_start(&p.server, 0);
	expect(&p, 1000, false, XD_IPERF3_START);
	expect(&p, 1000, false, XD_IPERF3_RUN);
	assert_int_equal(xd_iperf3_control_late(&p.server, 42 * SECOND_US), XD_IPERF3_NOTHING);
	assert_int_equal(xd_iperf3_control_late(&p.server, 43 * SECOND_US), XD_IPERF3_FAILED);
	assert_int_equal(xd_iperf3_control_late(&p.client, 43 * SECOND_US), XD_IPERF3_NOTHING);
	xd_iperf3_control_end(&p.client, 43 * SECOND_US);
	assert_int_equal(xd_iperf3_control_late(&p.client, 53 * SECOND_US), XD_IPERF3_FAILED);
	end(&p);
}

static void
test_quit(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(&p);
		expect(&p, 1000, true, XD_IPERF3_CREATE);
		expect(&p, 1000, false, XD_IPERF3_CREATE);
		xd_iperf3_control_quit(i ? &p.client : &p.server);
		expect(&p, 1000, i, XD_IPERF3_FAILED);
		assert_non_null(strstr((i ? &p.server : &p.client)->err.text, "early"));
		end(&p);
	}
	begin(&p);
	assert_int_equal(xd_iperf3_control_closed(&p.server, "reset"), XD_IPERF3_FAILED);
	assert_string_equal(
		p.server.err.text, "the client has ended the control connection: reset");
	assert_int_equal(xd_iperf3_control_closed(&p.server, "reset"), XD_IPERF3_NOTHING);
	end(&p);
}

/* ---- JSON ---- */

static int
read_results(const char *json)
{
	static struct xd_iperf3_results results;

	return xd_iperf3_results_read(&results, json, strlen(json), NULL);
}

#define CPU    "\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":1,"
#define STREAM "\"id\":1,\"bytes\":5,\"retransmits\":0,\"jitter\":0,\"errors\":0"

static void
test_results(void **state)
{
	char *json;

	(void)state;
	assert_int_equal(read_results("{" CPU "\"sender_has_retransmits\":1,\"streams\":[]}"), 0);
	assert_int_equal(read_results("{" CPU "\"sender_has_retransmits\":18446744073709551615,"
				      "\"streams\":[{" STREAM ",\"packets\":0}]}"),
		0);
	assert_int_equal(
		read_results("{" CPU "\"sender_has_retransmits\":1,\"streams\":[{" STREAM "}]}"),
		-EPROTO);
	assert_int_equal(read_results("{" CPU "\"streams\":[]}"), -EPROTO);
	assert_int_equal(read_results("{" CPU "\"sender_has_retransmits\":1}"), -EPROTO);
	assert_int_equal(read_results("{\"streams\":[]}"), -EPROTO);
	assert_int_equal(read_results("7"), -EPROTO);
	/* More streams than there are. */
	json = calloc(1, 65536);
	assert_non_null(json);
	strcpy(json, "{" CPU "\"sender_has_retransmits\":1,\"streams\":[{}");
	for (unsigned i = 0; i < 2 * XD_IPERF3_STREAMS_MAX; i++)
		strcat(json, ",{}");
	strcat(json, "]}");
	assert_int_equal(read_results(json), -EPROTO);
	free(json);
}

static void
test_parameters(void **state)
{
	const struct xd_iperf3_test tests[] = {
		{.udp = true,
			.wide = true,
			.streams = 128,
			.time_s = 86400,
			.block_bytes = 1400,
			.rate_bps = 1000000000000000,
			.version = "3.12"},
		{.reverse = true,
			.no_delay = true,
			.streams = 1,
			.bytes = 1ull << 50,
			.omit_s = 3,
			.block_bytes = 1,
			.window = 65536,
			.mss = 9216,
			.tos = 255,
			.version = "3.12"},
		{.both = true, .streams = 3, .blocks = 77, .block_bytes = 1u << 20},
	};
	static const char *const wrong[] = {"{\"MSS\": 87}", "{\"MSS\": 9217}", "{\"TOS\": 256}",
		"{\"TOS\": -1}", "{\"TOS\": \"x\"}"};
	struct xd_iperf3_test read;
	char *json;

	(void)state;
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		json = xd_iperf3_test_write(&tests[i]);
		assert_non_null(json);
		assert_int_equal(xd_iperf3_test_read(&read, json, strlen(json), NULL), 0);
		assert_memory_equal(&read, &tests[i], sizeof(read));
		free(json);
	}
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
			xd_iperf3_test_read(&read, wrong[i], strlen(wrong[i]), NULL), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_no_cookie),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_quit),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
