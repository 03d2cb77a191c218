/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine tcp, messages over connections: its options and its help. */
#include <errno.h>
#include <string.h>

#include "option_table.h"
#include "table_parts.h"
#include "traffic/engine/tcp/tcp.h"
#include "traffic/frames/units.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

#define PORT_DEFAULT   5001
#define WINDOW_DEFAULT (1u << 20)
#define WINDOW_MIN     2920u
#define WINDOW_MAX     (1u << 30)
#define FOREVER_S      (10 * 365 * 86400.0)
#define FRAME_MIN      314 /* bytes: an MSS of 200 over IPv6, and a bit */

static const char *const tests[] = {"bandwidth", "latency", "all", NULL};
static const char *const ways[] = {"forward", "reverse", "both", NULL};
static const char *const families[] = {"ipv4", "ipv6", NULL};
static const char *const message_sizes[] = {"1:128M:*2", "64k", NULL};

/* options.own is this. */
struct own {
	struct xd_tcp_run_opts run;
	unsigned nb_addresses;
};

static int
take_messages(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	struct xd_sizes *sizes = &own->run.message.sizes;
	int rc = xd_sizes_parse(text, 1, XD_MESSAGE_MAX, sizes, err);

	(void)row;
	for (unsigned i = 0; i < sizes->n && !rc; i++)
		if (sizes->mix[i].n > 1)
			rc = xd_fail(err, -EINVAL,
				"--messages %s: one size at a time, such as 1,64k or 1:128M:*2",
				sizes->mix[i].name);
	return rc;
}

static int
take_test(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct own *own = o->own;

	if (i < 0)
		return i;
	own->run.message.tests[XD_MESSAGE_BANDWIDTH] = i != XD_MESSAGE_LATENCY;
	own->run.message.tests[XD_MESSAGE_LATENCY] = i != XD_MESSAGE_BANDWIDTH;
	return 0;
}

static int
take_message_way(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct own *own = o->own;

	if (i < 0)
		return i;
	own->run.message.way = (enum xd_message_way)i;
	return 0;
}

static int
take_family(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct own *own = o->own;

	if (i < 0)
		return i;
	own->run.v6 = i == 1;
	return 0;
}

static int
take_streams(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	uint64_t n;
	int rc = xd_units_count(text, 1, XD_TCP_STREAMS_MAX, &n, err);

	(void)row;
	if (!rc)
		own->run.message.streams = (unsigned)n;
	return rc;
}

static int
take_window(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	struct xd_sizes sizes;
	int rc = xd_sizes_parse(text, WINDOW_MIN, WINDOW_MAX, &sizes, err);

	(void)row;
	if (!rc && (sizes.n != 1 || sizes.mix[0].n != 1))
		rc = xd_fail(err, -EINVAL, "--window %s: one size, such as 1M", text);
	if (!rc)
		own->run.window = sizes.mix[0].bytes[0];
	return rc;
}

static int
take_tcp_port(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	uint64_t n;
	int rc = xd_units_count(text, 1, 65000, &n, err);

	(void)row;
	if (!rc)
		own->run.port = (uint16_t)n;
	return rc;
}

static int
take_connect(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	own->run.has_peer = true;
	return xd_respond_target_parse(text, &own->run.peer, err);
}

static int
take_address(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	return option_host(text, own->run.addresses, &own->nb_addresses, err);
}

static int
take_nagle(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	(void)text;
	(void)err;
	own->run.nagle = true;
	return 0;
}

static int
take_compare(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	(void)text;
	(void)err;
	own->run.message.verify = true;
	return 0;
}

static const struct option_row options[] = {
	OPTION_PORT,
	{"messages", "SIZES", take_messages, .help = "bytes: 1  64k  1,1k,1M  1:128M:*2 (64k)",
		.words = message_sizes},
	{"test", "WORD", take_test,
		.help = "bandwidth; latency: one message, then its answer; all (bandwidth)",
		.words = tests},
	{"direction", "WORD", take_message_way,
		.help = "forward: even ports send to odd ones; reverse; both (forward)",
		.words = ways},
	{"streams", "N", take_streams, .help = "connections of each pair of ports, to 100k (1)"},
	{"verify", NULL, take_compare, .help = "compare each byte received with what was sent"},
	{"nagle", NULL, take_nagle, .help = "wait with small segments (off, as TCP_NODELAY)"},
	{"window", "SIZE", take_window, .help = "bytes that a connection receives at once (1M)"},
	{"size", "SIZE", take_size,
		.help = "longest frame on the wire, bytes without FCS (1514); it gives the MSS"},
	{"family", "WORD", take_family, .help = "ipv4 or ipv6, of addresses not given (ipv4)",
		.words = families},
	{"address", "LIST", take_address,
		.help = "of a port, in the order of --port (198.18.0.N or 2001:2::N, N from 1)"},
	{"connect", "ADDRESS", take_connect,
		.help = "with one port: somebody else's end, which listens"},
	{"tcp-port", "N", take_tcp_port, .help = "that is connected to, or listened on (5001)"},
	OPTION_IMPAIR,
	OPTION_TOUCH,
	OPTION_TIME,
	OPTION_WARMUP,
	OPTION_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static void
defaults(struct options *o)
{
	struct own *own = o->own;

	own->run = (struct xd_tcp_run_opts){
		.message = {.tests = {[XD_MESSAGE_BANDWIDTH] = true}, .streams = 1},
		.window = WINDOW_DEFAULT,
		.port = PORT_DEFAULT,
	};
	xd_sizes_parse("64k", 1, XD_MESSAGE_MAX, &own->run.message.sizes, NULL);
}

static int
check(struct options *o, struct xd_error *err)
{
	const struct own *own = o->own;

	if (own->nb_addresses > o->nb_ports)
		return xd_fail(err, -EINVAL, "--address is given %u times for %u port%s",
			own->nb_addresses, o->nb_ports, o->nb_ports == 1 ? "" : "s");
	if (o->nb_ports != 1 && o->nb_ports % 2)
		return xd_fail(err, -EINVAL,
			"tcp has one port, or pairs of them: give an even number, not %u",
			o->nb_ports);
	if (own->run.has_peer && o->nb_ports > 1)
		return xd_fail(err, -EINVAL,
			"--connect goes with one port; of two, the second is connected to");
	if (o->traffic.sizes.n != 1 || o->traffic.sizes.mix[0].n != 1 ||
		o->traffic.sizes.mix[0].bytes[0] < FRAME_MIN)
		return xd_fail(err, -EINVAL,
			"--size is the longest frame: one size from %u, such as 1514", FRAME_MIN);
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		if (o->traffic.impair[i].delay_us > 0 || o->impair_all.delay_us > 0)
			return xd_fail(err, -EINVAL,
				"--impair: delay_us is not for tcp; give loss, dup or reorder");
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	struct xd_tcp_run_opts opts = own->run;

	opts.message.time_s = o->time_s;
	opts.message.warmup_s = o->warmup_s;
	opts.message.trials = o->trials;
	opts.message.touch = o->traffic.touch;
	opts.frame_bytes = o->traffic.sizes.mix[0].bytes[0];
	opts.impair = o->traffic.impair;
	opts.timeout_s = o->timeout_ms / 1000.0;
	opts.until_stopped = o->nb_ports == 1 && !opts.has_peer && !options_given(o, "time");
	if (opts.until_stopped)
		opts.message.time_s = FOREVER_S;
	return xd_tcp_run(gen, &opts, err);
}

static void
show(struct table *table, const struct xd_row *row)
{
	if (row->timed)
		table_message_times_row(table, row);
	else
		table_own_row(table, row);
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
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.run = run,
	.show = show,
	.report = {.title = "TCP messages"},
};
