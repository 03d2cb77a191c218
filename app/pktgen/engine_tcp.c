/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine tcp, messages over connections: its options and its help. */

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/tcp/tcp.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

#define PORT_DEFAULT    5001
#define MESSAGE_DEFAULT "64k"

struct own {
	bool nagle;
};

static int
take_nagle(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	(void)text;
	(void)err;
	own->nagle = true;
	return 0;
}

static const struct option_row options[] = {
	OPTION_PORT,
	OPTIONS_MESSAGE(MESSAGE_DEFAULT),
	OPTION_STREAMS(XD_TCP_STREAMS_MAX, "connections of each pair of ports, to 100k (1)"),
	OPTION_COMPARE,
	{"nagle", NULL, take_nagle, .both = true,
		.help = "wait with small segments (off, as TCP_NODELAY)"},
	OPTIONS_TCP,
	OPTIONS_ADDRESS,
	OPTION_CONNECT,
	OPTION_PEER,
	{"tcp-port", "N", take_host_port, .both = true,
		.help = "that is connected to, or listened on (5001)"},
	OPTION_IMPAIR,
	OPTION_TOUCH,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static void
defaults(struct options *o)
{
	option_message_defaults(o, MESSAGE_DEFAULT);
	o->host.port = PORT_DEFAULT;
}

static int
check(struct options *o, struct xd_error *err)
{
	int rc = option_message_check(o, err);

	return rc ? rc : option_frame_check(o, OPTION_TCP_FRAME_MIN, err);
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	struct xd_tcp_run_opts opts = {
		.message = option_message(o),
		.hosts = option_hosts(o),
	};

	opts.hosts.nagle = own->nagle;
	opts.until_stopped = option_until_stopped(o, &opts.message);
	return xd_tcp_run(gen, &opts, err);
}

const struct engine engine_tcp = {
	.results = &xd_tcp_engine,
	.summary = "messages of 1 B to 128 MiB over TCP: bandwidth, messages/s, latency",
	.arguments = " --port PORT [--port PORT]...",
	.intro =
		"Even ports connect to odd ones, and messages go through their connections. A\n"
		"message counts when its last byte has arrived in order. Frames of up to 64 KiB\n"
		"are left to be cut where a port takes them (virtio:PATH,tso=on), and each row\n"
		"says what was sent again and what kept the connections from sending more.\n"
		"With one port the other end is somebody else's: --connect ADDRESS, or it listens\n"
		"until it is interrupted, or --time is over.\n",
	.examples = "  crossdock-pktgen tcp " AB " \\\n"
		    "      --messages '1:128M:*2' --verify\n"
		    "  crossdock-pktgen tcp " AB " \\\n"
		    "      --messages 1 --test latency --switch /run/crossdock/control.sock\n"
		    "  crossdock-pktgen tcp --port virtio:/tmp/a.sock,tso=on \\\n"
		    "      --port virtio:/tmp/b.sock,tso=on --streams 8 --direction both\n",
	.options = options,
	.sizes = "1514",
	.takes_one_port = true,
	.hosts = true,
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.run = run,
	.show = table_message_row,
	.report = {.title = "TCP messages",
		.protocol = "tcp",
		.figures = report_message_figures,
		.draws_no_times = true},
};
