/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of server, the far end of tests that others run with --peer: its options and its help. */
#include <errno.h>

#include "option_table.h"
#include "peer/server.h"
#include "traffic/frames/units.h"

#define MOST_S 3600

static int
take_listen(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct peer_server_opts *own = o->own;

	(void)row;
	return peer_address_parse(text, &own->listen, err);
}

static int
take_once(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct peer_server_opts *own = o->own;

	(void)row;
	(void)text;
	(void)err;
	own->once = true;
	return 0;
}

static int
take_most(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct peer_server_opts *own = o->own;
	int rc = xd_units_seconds(text, &own->most_s, err);

	if (!rc && own->most_s <= 0)
		rc = xd_fail(err, -EINVAL, "--%s %s: some seconds", row->name, text);
	return rc;
}

static const struct option_row options[] = {
	OPTION_PORT,
	{"listen", "ADDRESS[:PORT]", take_listen,
		.help = "where clients connect to (127.0.0.1:5210); others than the loopback's\n"
			"let anybody in who reaches them"},
	{"once", NULL, take_once, .help = "end after the first client"},
	{"max-time", "S", take_most, .help = "the longest that a client is served (3600)"},
	{"size", "SIZE", take_size, .help = "longest frame, bytes without FCS (1514)"},
	OPTIONS_PLACE,
	{"quiet", NULL, take_quiet, .help = "no lines about clients"},
	{"help", NULL, take_help, .help = "this"},
	{"version", NULL, take_version, .help = "the version"},
	{NULL},
};

static void
defaults(struct options *o)
{
	struct peer_server_opts *own = o->own;

	peer_address_parse("127.0.0.1", &own->listen, NULL);
	own->most_s = MOST_S;
}

static int
check(struct options *o, struct xd_error *err)
{
	if (2 * o->nb_ports > XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "server has up to %u ports, not %u",
			XD_GEN_PORTS_MAX / 2, o->nb_ports);
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	return peer_server_run(o, gen, o->own, err);
}

static const struct xd_engine results = {.name = "server"};

const struct engine engine_server = {
	.results = &results,
	.summary = "the far end of tests that others run with --peer",
	.arguments = " --port PORT [--port PORT]...",
	.intro =
		"One end of a test whose other end is another process, here or on another host:\n"
		"crossdock-pktgen tcp, udp, rr, ping and rate with --peer ADDRESS connect to it,\n"
		"say what to run, and get its figures. Each of its ports is the other half of the\n"
		"client's port of the same place. One client is served at a time, until it is\n"
		"interrupted.\n"
		"The control connection is TCP, without authentication or encryption: listen on\n"
		"other addresses than the loopback's only in a network that you trust.\n",
	.examples = "  crossdock-pktgen server --port virtio:/tmp/b.sock\n"
		    "  crossdock-pktgen tcp --port virtio:/tmp/a.sock --peer 127.0.0.1 \\\n"
		    "      --messages '1:128M:*2' --verify\n"
		    "  crossdock-pktgen server --port dpdk:0000:00:05.0 --listen 10.0.0.2 --once\n",
	.options = options,
	.sizes = "1514",
	.takes_one_port = true,
	.own_bytes = sizeof(struct peer_server_opts),
	.defaults = defaults,
	.check = check,
	.run = run,
};
