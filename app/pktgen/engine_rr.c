/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine rr, transactions over TCP and UDP: its options and its help. */
#include <errno.h>
#include <string.h>

#include "expect.h"
#include "option_table.h"
#include "table_parts.h"
#include "traffic/engine/message/message.h"
#include "traffic/engine/rr/rr.h"
#include "traffic/frames/units.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

#define PORT_DEFAULT 5002
#define WAIT_DEFAULT 0.2 /* seconds: as long as TCP waits at least before it sends again */
#define WAIT_MIN     0.001
#define FOREVER_S    (10 * 365 * 86400.0)

static const char *const tests[] = {"tcp_rr", "tcp_crr", "udp_rr", "all", NULL};
static const char *const outstandings[] = {"1", "1,16", "1:256:*2", NULL};

/* options.own is this. */
struct own {
	bool tests[XD_RR_TESTS];
	struct xd_sizes outstanding;
	uint32_t request_bytes, response_bytes;
	double wait_s;
};

static int
take_rr_test(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct own *own = o->own;

	if (i < 0)
		return i;
	for (int k = 0; k < XD_RR_TESTS; k++)
		own->tests[k] = i == k || i == XD_RR_TESTS;
	return 0;
}

static bool
is_mixed(const struct xd_sizes *sizes)
{
	bool mixed = false;

	for (unsigned i = 0; i < sizes->n; i++)
		mixed |= sizes->mix[i].n > 1;
	return mixed;
}

static int
take_outstanding(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	if (!xd_sizes_parse(text, 1, XD_RR_OUTSTANDING_MAX, &own->outstanding, NULL) &&
		!is_mixed(&own->outstanding))
		return 0;
	return xd_fail(err, -EINVAL, "--%s %s: numbers from 1 to %u, such as 1,16 or 1:256:*2",
		row->name, text, XD_RR_OUTSTANDING_MAX);
}

static int
take_bytes(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	struct xd_sizes sizes;
	int rc = xd_sizes_parse(text, 1, XD_MESSAGE_MAX, &sizes, err);

	if (!rc && (sizes.n != 1 || is_mixed(&sizes)))
		rc = xd_fail(err, -EINVAL, "--%s %s: one size, such as 1 or 64k", row->name, text);
	if (rc)
		return rc;
	*(strcmp(row->name, "request") ? &own->response_bytes : &own->request_bytes) =
		sizes.mix[0].bytes[0];
	return 0;
}

static int
take_answer_wait(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	int rc = xd_units_seconds(text, &own->wait_s, err);

	if (!rc && own->wait_s < WAIT_MIN - 1e-12)
		rc = xd_fail(err, -EINVAL, "--%s %s: at least 1ms", row->name, text);
	return rc;
}

static const struct option_row options[] = {
	OPTION_PORT,
	{"test", "WORD", take_rr_test, .both = true,
		.help = "tcp_rr; tcp_crr: a connection each; udp_rr; all (tcp_rr)", .words = tests},
	{"outstanding", "N", take_outstanding, .both = true,
		.help = "requests of a stream on their way, to 256: 1  1,16  1:256:*2 (1)",
		.words = outstandings},
	{"request", "SIZE", take_bytes, .both = true, .help = "bytes of a request (1)"},
	{"response", "SIZE", take_bytes, .both = true, .help = "bytes of its answer (1)"},
	OPTION_STREAMS(XD_TCP_STREAMS_MAX, "streams of each pair of ports, to 100k (1)"),
	OPTION_COMPARE,
	OPTIONS_TCP,
	OPTIONS_ADDRESS,
	OPTION_CONNECT,
	OPTION_PEER,
	{"rr-port", "N", take_host_port, .both = true,
		.help = "of TCP or UDP: that is connected to, or listened on (5002)"},
	{"wait", "S", take_answer_wait, .both = true,
		.help = "seconds until an answer of udp_rr is lost (0.2)"},
	OPTION_IMPAIR,
	OPTION_TOUCH,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static void
defaults(struct options *o)
{
	struct own *own = o->own;

	*own = (struct own){.tests = {[XD_RR_TCP] = true},
		.request_bytes = 1,
		.response_bytes = 1,
		.wait_s = WAIT_DEFAULT};
	xd_sizes_parse("1", 1, XD_RR_OUTSTANDING_MAX, &own->outstanding, NULL);
	option_message_defaults(o, "1");
	o->host.port = PORT_DEFAULT;
}

static int
check(struct options *o, struct xd_error *err)
{
	const struct own *own = o->own;
	const unsigned tests_asked = own->tests[XD_RR_TCP] + own->tests[XD_RR_CONNECT];
	int rc = option_message_check(o, err);

	if (!rc)
		rc = option_frame_check(o, OPTION_TCP_FRAME_MIN, err);
	if (!rc && options_ends(o) == 1 && !o->host.has_peer &&
		tests_asked + own->tests[XD_RR_UDP] > 1)
		rc = xd_fail(err, -EINVAL, "a port that listens does so for one --test");
	return rc;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	struct xd_rr_run_opts opts = {
		.hosts = option_hosts(o),
		.outstanding = own->outstanding,
		.request_bytes = own->request_bytes,
		.response_bytes = own->response_bytes,
		.wait_s = own->wait_s,
		.time_s = o->time_s,
		.warmup_s = o->warmup_s,
		.trials = o->trials,
	};

	memcpy(opts.tests, own->tests, sizeof(opts.tests));
	opts.until_stopped = options_ends(o) == 1 && !o->host.has_peer && !options_given(o, "time");
	if (opts.until_stopped)
		opts.time_s = FOREVER_S;
	return xd_rr_run(gen, &opts, err);
}

/* A trial for each test and number of outstanding requests. */
static double
seconds(const struct options *o)
{
	const struct own *own = o->own;
	unsigned rows = 0;

	for (int i = 0; i < XD_RR_TESTS; i++)
		if (own->tests[i])
			rows += i == XD_RR_CONNECT ? 1 : own->outstanding.n;
	return rows * o->trials * (o->warmup_s + o->time_s + EXPECT_TRIAL_S);
}

const struct engine engine_rr = {
	.results = &xd_rr_engine,
	.summary = "transactions as netperf's TCP_RR, TCP_CRR and UDP_RR, with percentiles",
	.arguments = " --port PORT [--port PORT]...",
	.intro =
		"A request and its answer are a transaction. Even ports ask and odd ports answer;\n"
		"with one port the other end is somebody else's: --connect ADDRESS, or it answers\n"
		"until it is interrupted, or --time is over. netperf -b N has N + 1 outstanding\n"
		"requests, -r REQ,RSP are --request and --response. tcp_crr opens and closes a\n"
		"connection for each; its time is from opening until both ends have closed it.\n",
	.examples = "  crossdock-pktgen rr " AB " \\\n"
		    "      --test all --switch /run/crossdock/control.sock\n"
		    "  crossdock-pktgen rr " AB " \\\n"
		    "      --outstanding 1:256:*2 --request 64 --response 1k\n"
		    "  crossdock-pktgen rr --port virtio:/tmp/a.sock --address 10.0.0.1 \\\n"
		    "      --connect 10.0.0.2 --rr-port 7 --test udp_rr\n",
	.options = options,
	.sizes = "1514",
	.hosts = true,
	.takes_one_port = true,
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.run = run,
	.seconds = seconds,
	.show = table_rr_row,
	.report = {.title = "Transactions"},
};
