/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine iperf3, iperf3's client and server: its options, as iperf3's users type them,
 * and its help. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iperf3_show.h"
#include "option_table.h"
#include "traffic/engine/iperf3/iperf3.h"
#include "traffic/frames/units.h"

#define ADDRESSES      "198.18.0.1,2001:2::1" /* RFC 2544, appendix C.2.2; RFC 5180, section 8 */
#define TCP_BLOCK      (128u * 1024)
#define UDP_EXTRA      (14 + 40 + 8) /* bytes of headers: Ethernet, IPv6, UDP */
#define UDP_MIN        16u
#define UDP_MAX        65507u
#define UDP_RATE       1000000u   /* bit/s; iperf3's own */
#define WINDOW_DEFAULT (4u << 20) /* bytes */
#define WINDOW_MAX     (512u << 20)
#define TIME_DEFAULT   10
#define OMIT_MAX       600
#define FRAME_MIN      314 /* as tcp has it */

/* options.own is this. */
struct own {
	bool server, once, json, v4, v6;
	struct xd_iperf3_test test;
	double interval_s;
};

/* ---- Values ---- */

/* "128K", "10M": powers of `step`, at most max. */
static int
number(const char *text, double step, uint64_t min, uint64_t max, uint64_t *value,
	struct xd_error *err)
{
	static const char letters[] = "kmgt";
	const char *unit, *letter;
	double n, factor = 1;

	if (!xd_unit_split(text, &n, &unit))
		return xd_fail(err, -EINVAL, "%s: give a number, such as 10 or 128K", text);
	letter = unit[0] ? strchr(letters, tolower((unsigned char)unit[0])) : NULL;
	if (unit[0] && (!letter || unit[1]))
		return xd_fail(
			err, -EINVAL, "%s: unknown unit %s; there are K, M, G and T", text, unit);
	for (long i = 0; letter && i <= letter - letters; i++)
		factor *= step;
	n *= factor;
	if (!xd_unit_whole(&n) || n < (double)min || n > (double)max)
		return xd_fail(err, -EINVAL, "%s: give %llu to %llu", text, (unsigned long long)min,
			(unsigned long long)max);
	*value = (uint64_t)n;
	return 0;
}

/* Numbers, and where they go. */
static int
take_number(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	struct xd_iperf3_test *t = &own->test;
	uint64_t n = 0;
	int rc;

	switch (row->letter) {
	case 'n':
		rc = number(text, 1024, 1, 1ull << 50, &t->bytes, err);
		break;
	case 'k':
		rc = number(text, 1024, 1, 1ull << 40, &t->blocks, err);
		break;
	case 'b':
		rc = number(text, 1000, 0, 1000000000000000, &t->rate_bps, err);
		break;
	default: /* fits 32 bits */
		rc = number(text, 1024, row->min, row->max, &n, err);
	}
	if (row->letter == 't')
		t->time_s = (unsigned)n;
	else if (row->letter == 'O')
		t->omit_s = (unsigned)n;
	else if (row->letter == 'P')
		t->streams = (unsigned)n;
	else if (row->letter == 'l')
		t->block_bytes = (uint32_t)n;
	else if (row->letter == 'w')
		t->window = (uint32_t)n;
	return rc;
}

static int
take_flag(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)text;
	(void)err;
	switch (row->letter) {
	case 's':
		own->server = true;
		break;
	case '1':
		own->once = true;
		break;
	case 'u':
		own->test.udp = true;
		break;
	case 'R':
		own->test.reverse = true;
		break;
	case 'N':
		own->test.no_delay = true;
		break;
	case 'J':
		own->json = true;
		o->quiet = true; /* nothing else on standard output */
		break;
	case '4':
		own->v4 = true;
		break;
	case '6':
		own->v6 = true;
		break;
	case 'Z': /* payloads are computed where they are sent from */
		break;
	default:
		own->test.both = true;
	}
	return 0;
}

static int
take_congestion(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)o;
	(void)row;
	if (!strcmp(text, "reno") || !strcmp(text, "newreno"))
		return 0;
	return xd_fail(err, -EINVAL, "--congestion %s: there is reno alone", text);
}

/* iperf3's is a number; what a port of the generator's is begins with its kind. */
static int
take_any_port(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	return isdigit((unsigned char)text[0]) ? take_host_port(o, row, text, err)
					       : take_port(o, row, text, err);
}

static int
take_interval(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	int rc = xd_units_seconds(text, &own->interval_s, err);

	(void)row;
	if (!rc && own->interval_s != 0 && (own->interval_s < 0.1 || own->interval_s > 60))
		rc = xd_fail(err, -EINVAL, "--interval %s: 0.1 to 60 seconds, or 0 for none", text);
	return rc;
}

static const struct option_row options[] = {
	{"server", NULL, take_flag, .letter = 's', .help = "be the server"},
	{"client", "ADDRESS", take_connect, .letter = 'c',
		.help = "be the client of the server there: 10.0.0.2  fd00::2"},
	{"port", "N", take_any_port, .letter = 'p', .words = option_kinds,
		.help = "the server's TCP or UDP port (5201); and, as --port PORT, the\n"
			"generator's port, see below"},
	{"bind", "LIST", take_address, .letter = 'B',
		.help = "addresses of the generator's port (198.18.0.1,2001:2::1)"},
	{"address", "LIST", take_address, .help = "the same"},
	{"interval", "S", take_interval, .letter = 'i', .help = "between reports; 0: none (1)"},
	{"json", NULL, take_flag, .letter = 'J', .help = "write JSON, when a test is over"},
	{"one-off", NULL, take_flag, .letter = '1', .help = "server: one test, and it ends"},
	{"version4", NULL, take_flag, .letter = '4', .help = "IPv4 alone"},
	{"version6", NULL, take_flag, .letter = '6', .help = "IPv6 alone"},
	{"udp", NULL, take_flag, .letter = 'u', .help = "UDP, not TCP"},
	{"time", "S", take_number, .letter = 't', .max = XD_IPERF3_TIME_MAX,
		.help = "seconds to send (10)"},
	{"bytes", "N", take_number, .letter = 'n', .help = "to send, not a time: 1G"},
	{"blockcount", "N", take_number, .letter = 'k', .help = "blocks to send, not a time"},
	{"omit", "S", take_number, .letter = 'O', .max = OMIT_MAX,
		.help = "seconds before, which do not count (0)"},
	{"parallel", "N", take_number, .letter = 'P', .min = 1, .max = XD_IPERF3_STREAMS_MAX,
		.help = "streams (1)"},
	{"reverse", NULL, take_flag, .letter = 'R', .help = "the server sends"},
	{"bidir", NULL, take_flag, .help = "both send"},
	{"length", "N", take_number, .letter = 'l', .min = 1, .max = XD_IPERF3_BLOCK_MAX,
		.help = "bytes of a block (128K); of a datagram (what a frame has room for)"},
	{"bitrate", "N", take_number, .letter = 'b',
		.help = "bit/s of each stream; 0: as fast as it goes (0; UDP 1M)"},
	{"window", "N", take_number, .letter = 'w', .min = 2920, .max = WINDOW_MAX,
		.help = "bytes that a connection receives at once (4M)"},
	{"no-delay", NULL, take_flag, .letter = 'N', .help = "send small blocks one by one"},
	{"congestion", "NAME", take_congestion, .letter = 'C', .help = "reno: there is no other"},
	{"zerocopy", NULL, take_flag, .letter = 'Z',
		.help = "changes nothing: payloads are made where they are sent from"},
	{"size", "SIZE", take_size,
		.help = "longest frame on the wire, bytes without FCS (1514); it gives the MSS"},
	OPTION_IMPAIR,
	{"core", "N", take_cores, .help = "core to run on (any)"},
	{"timeout", "S", take_timeout, .help = "to wait for what the other end has to say (10)"},
	{"help", NULL, take_help, .help = "this"},
	{"version", NULL, take_version, .letter = 'v', .help = "the version"},
	{NULL},
};

static void
defaults(struct options *o)
{
	struct own *own = o->own;

	own->interval_s = 1;
	own->test.streams = 1;
	o->host.port = XD_IPERF3_PORT;
}

/* ---- What goes together ---- */

/* Options that only a client has, as iperf3 has it. */
static int
check_server(const struct options *o, struct xd_error *err)
{
	static const char *const clients[] = {"time", "bytes", "blockcount", "omit", "parallel",
		"reverse", "bidir", "length", "bitrate", "no-delay", "udp"};

	for (unsigned i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (options_given(o, clients[i]))
			return xd_fail(err, -EINVAL,
				"--%s is the client's to say: the server does what it is asked for",
				clients[i]);
	return 0;
}

static int
check_client(struct options *o, struct xd_error *err)
{
	struct own *own = o->own;
	const unsigned ends = options_given(o, "time") + options_given(o, "bytes") +
			      options_given(o, "blockcount");

	if (own->once)
		return xd_fail(err, -EINVAL, "--one-off is the server's");
	if (own->test.reverse && own->test.both)
		return xd_fail(err, -EINVAL, "--reverse does not go with --bidir");
	if (ends > 1)
		return xd_fail(err, -EINVAL, "one of --time, --bytes and --blockcount");
	if ((own->v4 && o->host.peers[0].v6) || (own->v6 && !o->host.peers[0].v6))
		return xd_fail(err, -EINVAL, "-%c does not go with an IPv%c address",
			own->v4 ? '4' : '6', o->host.peers[0].v6 ? '6' : '4');
	if (!ends)
		own->test.time_s = TIME_DEFAULT;
	if (!own->test.block_bytes)
		own->test.block_bytes =
			own->test.udp ? o->traffic.sizes.mix[0].bytes[0] - UDP_EXTRA : TCP_BLOCK;
	if (own->test.udp && (own->test.block_bytes < UDP_MIN || own->test.block_bytes > UDP_MAX))
		return xd_fail(
			err, -EINVAL, "--length: a datagram has %u to %u bytes", UDP_MIN, UDP_MAX);
	if (own->test.udp && !options_given(o, "bitrate"))
		own->test.rate_bps = UDP_RATE;
	return 0;
}

static int
check(struct options *o, struct xd_error *err)
{
	const struct own *own = o->own;
	int rc = option_frame_check(o, FRAME_MIN, err);

	if (rc)
		return rc;
	if (own->server == o->host.has_peer)
		return xd_fail(err, -EINVAL,
			"give -s, to be the server, or -c ADDRESS, to be its client%s",
			own->server ? "; not both" : "");
	if (o->nb_ports != 1)
		return xd_fail(err, -EINVAL, "iperf3 has one port; %u are given", o->nb_ports);
	if (o->host.nb_addresses > 1)
		return xd_fail(
			err, -EINVAL, "give all addresses as one list, such as 10.0.0.2,fd00::2");
	return own->server ? check_server(o, err) : check_client(o, err);
}

/* The addresses of one kind, of those that are made up. */
static const char *
addresses(const struct options *o, const struct own *own)
{
	static const char all[] = ADDRESSES;

	if (o->host.nb_addresses)
		return o->host.addresses[0];
	return own->v6 ? strchr(all, ',') + 1 : own->v4 ? "198.18.0.1" : all;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	struct iperf3_show show = {.out = stdout};
	struct xd_iperf3_watch watch = own->json ? iperf3_json(&show) : iperf3_text(&show);
	struct xd_iperf3_opts opts = {
		.server = own->server,
		.once = own->once,
		.addresses = addresses(o, own),
		.peer = o->host.peers[0],
		.port = o->host.port,
		.test = own->test,
		.interval_s = own->interval_s,
		.timeout_s = o->timeout_ms / 1000.0,
		.frame_bytes = o->traffic.sizes.mix[0].bytes[0],
		.window = own->test.window ? own->test.window : WINDOW_DEFAULT,
		.impair = &o->traffic.impair[0],
		.watch = &watch,
	};
	int rc;

	if (own->server)
		snprintf(show.server, sizeof(show.server), "%u", o->host.port);
	else
		inet_ntop(o->host.peers[0].v6 ? AF_INET6 : AF_INET, o->host.peers[0].address,
			show.server, sizeof(show.server));
	snprintf(opts.test.version, sizeof(opts.test.version), "3.12");
	rc = xd_iperf3_run(gen, &opts, err);
	iperf3_show_fini(&show);
	return rc;
}

static const struct xd_engine results = {.name = "iperf3"};

const struct engine engine_iperf3 = {
	.results = &results,
	.summary = "iperf3's client and server: a stock iperf3 is the other end",
	.arguments = " --port PORT -s | -c ADDRESS",
	.intro = "Speaks iperf3's protocol over the generator's own TCP, so that a stock iperf3 in "
		 "a\n"
		 "guest, a namespace or another host is the other end. Options and output are\n"
		 "iperf3's; a server runs test after test until it is interrupted.\n",
	.examples =
		"  crossdock-pktgen iperf3 -s --port virtio:/tmp/a.sock -B 10.0.0.1\n"
		"      (in the guest: iperf3 -c 10.0.0.1 -P 4 -R)\n"
		"  crossdock-pktgen iperf3 -c 10.0.0.2 -t 10 --bidir --port "
		"virtio:/tmp/a.sock,tso=on \\\n"
		"      -B 10.0.0.1\n"
		"  crossdock-pktgen iperf3 -c fd00::2 -J --port dpdk:net_tap0,iface=x -B fd00::1\n",
	.options = options,
	.sizes = "1514",
	.takes_one_port = true,
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.run = run,
};
