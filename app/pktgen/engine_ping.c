/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine ping, echo requests to a host: its options and its help. */
#include <errno.h>
#include <string.h>

#include "expect.h"
#include "option_table.h"
#include "traffic/engine/ping/path.h"
#include "traffic/engine/ping/ping.h"

struct own {
	const char *addresses, *to; /* argv's; NULL: not given */
};

/* To be checked where addresses are all known. */
static int
take_addresses(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_respond_host host;
	struct own *own = o->own;

	(void)row;
	own->addresses = text;
	return xd_respond_host_init(&host, 0, text, err);
}

static int
take_to(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	(void)err;
	own->to = text;
	return 0;
}

static const struct option_row options[] = {
	OPTION_PORT,
	{"to", "ADDRESS", take_to, .both = true,
		.help = "of the host: 10.0.0.2  fd00::2 (of our own other end 198.18.0.2)"},
	OPTION_PEER,
	{"address", "LIST", take_addresses, .both = true,
		.help = "of the port: 10.0.0.1,fd00::1\n"
			"(fe80::58:80ff:fe00:0 alone, which it has in any case)"},
	{"size", "SIZES", take_size, .both = true,
		.help = "bytes of frame without FCS: 98  98,1514  98:1514:*2 (98, ping's 56)"},
	{"count", "N", take_count, .both = true, .help = "requests (10)"},
	{"interval", "S", take_pause, .both = true, .help = "seconds between them (1)"},
	OPTION_WAIT("seconds until one without a reply is lost (1)"),
	OPTION_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static void
defaults(struct options *o)
{
	o->interval_s = o->wait_s = 1;
	o->count = 10;
}

static int
check(struct options *o, struct xd_error *err)
{
	struct xd_respond_host host;
	struct xd_ping_path path;
	struct own *own = o->own;
	int rc;

	if (o->nb_ports > 2)
		return xd_fail(err, -EINVAL,
			"ping has one port, or two: the host behind the second is pinged; %u are "
			"given",
			o->nb_ports);
	if (o->nb_ports > 1 && (o->peer || o->link))
		return xd_fail(err, -EINVAL,
			"ping has one port at each end, not %u: the host behind the server's is "
			"pinged",
			o->nb_ports);
	if (o->nb_cores > 1)
		return xd_fail(
			err, -EINVAL, "--cores: one core drives both ports of ping; give --core N");
	if (options_ends(o) == 2 && !own->to) {
		own->to = "198.18.0.2";
		own->addresses = own->addresses ? own->addresses : "198.18.0.1";
	}
	if (!own->to)
		return xd_fail(err, -EINVAL, "whom to ping? give --to, such as --to 10.0.0.2");
	for (unsigned i = 0; i < o->traffic.sizes.n; i++)
		if (o->traffic.sizes.mix[i].n > 1)
			return xd_fail(err, -EINVAL, "--size %s: ping has no mixes of sizes",
				o->traffic.sizes.mix[i].name);
	if (o->wait_s > o->interval_s * XD_PING_OUTSTANDING_MAX)
		return xd_fail(err, -EINVAL,
			"--wait %g is more than %d times --interval %g, and sequence numbers end: "
			"wait less",
			o->wait_s, XD_PING_OUTSTANDING_MAX, o->interval_s);
	rc = xd_respond_host_init(&host, 0, own->addresses, err);
	return rc ? rc : xd_ping_path_init(&path, &host, own->to, err);
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	struct xd_ping_opts opts = {
		.addresses = own->addresses,
		.to = own->to,
		.sizes = &o->traffic.sizes,
		.trials = o->trials,
		.count = o->count,
		.interval_s = o->interval_s,
		.wait_s = o->wait_s,
		.link = o->link,
	};

	return xd_ping_run(gen, &opts, err);
}

static double
seconds(const struct options *o)
{
	return o->traffic.sizes.n * o->trials * ((double)o->count * o->interval_s + EXPECT_TRIAL_S);
}

const struct engine engine_ping = {
	.results = &xd_ping_engine,
	.summary = "echo requests to a host, and mtr's figures of their round trips",
	.arguments = " --port PORT [--port PORT] [--to ADDRESS]",
	.intro = "Finds a host of the same link by ARP or neighbour solicitation and sends it ICMP "
		 "or\n"
		 "ICMPv6 echo requests, one every --interval. Loss, last, mean, best and worst "
		 "time,\n"
		 "standard deviation, mean and worst jitter are as mtr has them. The port answers\n"
		 "as one of respond does. The host may be a respond port, a kernel, anything;\n"
		 "a second port is the host itself, or with --peer the port of a server.\n",
	.examples =
		"  crossdock-pktgen ping --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock\n"
		"  crossdock-pktgen ping --port virtio:/tmp/a.sock --address 10.0.0.1 --to "
		"10.0.0.2\n"
		"  crossdock-pktgen ping --port virtio:/tmp/a.sock --to fe80::1 --interval 10ms\n"
		"  crossdock-pktgen ping --port virtio:/tmp/a.sock --address fd00::1 --to fd00::2 "
		"\\\n"
		"      --count 1k --interval 1ms --size 98,1514 --fail-if 'loss>0'\n",
	.options = options,
	.sizes = "98",
	.takes_one_port = true,
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.run = run,
	.seconds = seconds,
	.report = {.title = "Pings"},
};
