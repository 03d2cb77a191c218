/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine udp, messages in datagrams: its options and its help. */
#include <errno.h>

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/udp/udp.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

#define PORT_DEFAULT    5001
#define MESSAGE_DEFAULT "32k" /* as qperf's udp_bw */
#define WAIT_DEFAULT_S  0.2

static const struct option_row options[] = {
	OPTION_PORT,
	OPTIONS_MESSAGE(MESSAGE_DEFAULT),
	OPTION_STREAMS(XD_UDP_STREAMS_MAX, "port numbers that each pair sends from, to 10k (1)"),
	OPTION_COMPARE,
	OPTION_WAIT("of latency: seconds until a message without answer is lost (0.2)"),
	{"size", "SIZE", take_size, .both = true,
		.help = "longest frame on the wire, bytes without FCS (1514); what is longer goes\n"
			"in fragments"},
	OPTIONS_ADDRESS,
	OPTION_CONNECT,
	OPTION_PEER,
	{"udp-port", "N", take_host_port, .both = true,
		.help = "that is sent to, or listened on (5001)"},
	OPTION_IMPAIR,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static void
defaults(struct options *o)
{
	option_message_defaults(o, MESSAGE_DEFAULT);
	o->host.port = PORT_DEFAULT;
	o->wait_s = WAIT_DEFAULT_S;
}

static int
check(struct options *o, struct xd_error *err)
{
	int rc = option_message_check(o, err);

	if (!rc)
		rc = option_frame_check(o, XD_UDP_FRAME_MIN, err);
	if (!rc && options_ends(o) == 1 && o->message.way != XD_MESSAGE_FORWARD)
		rc = xd_fail(err, -EINVAL,
			"--direction %s needs two ports: what somebody else's end sends is its "
			"own business",
			xd_message_way_name(o->message.way));
	return rc;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_udp_run_opts opts = {
		.message = option_message(o),
		.hosts = option_hosts(o),
		.wait_s = o->wait_s,
	};

	opts.until_stopped = option_until_stopped(o, &opts.message);
	return xd_udp_run(gen, &opts, err);
}

const struct engine engine_udp = {
	.results = &xd_udp_engine,
	.summary = "messages of 1 B to 128 MiB over UDP: bandwidth, loss, latency, jitter",
	.arguments = " --port PORT [--port PORT]...",
	.intro =
		"Even ports send datagrams to odd ones, as fast as they go: what the receiver or "
		"a\n"
		"switch does not take is lost, and bandwidth is of the messages that came. What "
		"is\n"
		"longer than a frame goes in fragments, and what is longer than a datagram (65507\n"
		"bytes, of IPv6 65527) in several, which each row says. Of latency, a message is\n"
		"sent when the one before was answered, or is lost.\n"
		"With one port the other end is somebody else's: --connect ADDRESS, or it listens\n"
		"until it is interrupted, or --time is over.\n",
	.examples = "  crossdock-pktgen udp " AB " \\\n"
		    "      --messages '1:128M:*2' --verify\n"
		    "  crossdock-pktgen udp " AB " \\\n"
		    "      --messages 1 --test latency --switch /run/crossdock/control.sock\n"
		    "  crossdock-pktgen udp " AB " \\\n"
		    "      --streams 8 --direction both --fail-if 'lost_messages>0'\n",
	.options = options,
	.sizes = "1514",
	.hosts = true,
	.takes_one_port = true,
	.defaults = defaults,
	.check = check,
	.run = run,
	.show = table_message_row,
	.report = {.title = "UDP messages",
		.protocol = "udp",
		.figures = report_message_figures,
		.draws_no_times = true},
};
