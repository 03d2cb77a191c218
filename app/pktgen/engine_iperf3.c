/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine iperf3, iperf3's client and server: its options, as iperf3's users type them,
 * and its help. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iperf3_options.h"
#include "iperf3_show.h"

#define ADDRESSES      "198.18.0.1,2001:2::1" /* RFC 2544, appendix C.2.2; RFC 5180, section 8 */
#define TCP_BLOCK      (128u * 1024)
#define UDP_EXTRA      (14 + 40 + 8) /* bytes of headers: Ethernet, IPv6, UDP */
#define UDP_MIN        16u
#define UDP_MAX        65507u
#define UDP_RATE       (1u << 20) /* bit/s; iperf3's own */
#define WINDOW_DEFAULT (4u << 20) /* bytes */
#define WINDOW_MAX     (512u << 20)
#define TIME_DEFAULT   10
#define OMIT_MAX       600
#define FRAME_MIN      314 /* as tcp has it */

static const char *const formats[] = {"k", "m", "g", "t", "K", "M", "G", "T", NULL};

static const struct option_row options[] = {
	{"server", NULL, iperf3_take_flag, .letter = 's', .help = "be the server"},
	{"client", "ADDRESS", take_connect, .letter = 'c',
		.help = "be the client of the server there: 10.0.0.2  fd00::2"},
	{"port", "N", iperf3_take_port, .letter = 'p', .words = option_kinds,
		.help = "the server's TCP or UDP port (5201); and, as --port PORT, the\n"
			"generator's port, see below"},
	{"bind", "LIST", take_address, .letter = 'B',
		.help = "addresses of the generator's port (198.18.0.1,2001:2::1)"},
	{"address", "LIST", take_address, .help = "the same"},
	{"interval", "S", iperf3_take_interval, .letter = 'i',
		.help = "between reports; 0: none (1)"},
	{"json", NULL, iperf3_take_flag, .letter = 'J', .help = "write JSON, when a test is over"},
	{"format", "LETTER", iperf3_take_format, .letter = 'f', .words = formats,
		.help = "of rates: kmgt, bits; KMGT, bytes (as large as fit)"},
	{"verbose", NULL, iperf3_take_flag, .letter = 'V', .help = "say more of it"},
	{"title", "TEXT", iperf3_take_text, .letter = 'T', .help = "before each line"},
	{"timestamps", "[=FORMAT]", iperf3_take_text,
		.help = "the time before each line, as strftime(3) has it (%c)"},
	{"logfile", "FILE", iperf3_take_text, .file = true,
		.help = "append what is shown to that file instead"},
	{"get-server-output", NULL, iperf3_take_flag,
		.help = "client: show what the server has shown, too"},
	{"forceflush", NULL, iperf3_take_flag,
		.help = "changes nothing: each line is shown at once"},
	{"extra-data", "TEXT", iperf3_take_text, .help = "goes into the JSON"},
	{"one-off", NULL, iperf3_take_flag, .letter = '1', .help = "server: one test, and it ends"},
	{"version4", NULL, iperf3_take_flag, .letter = '4', .help = "IPv4 alone"},
	{"version6", NULL, iperf3_take_flag, .letter = '6', .help = "IPv6 alone"},
	{"udp", NULL, iperf3_take_flag, .letter = 'u', .help = "UDP, not TCP"},
	{"time", "S", iperf3_take_number, .letter = 't', .max = XD_IPERF3_TIME_MAX,
		.help = "seconds to send (10)"},
	{"bytes", "N", iperf3_take_number, .letter = 'n', .help = "to send, not a time: 1G"},
	{"blockcount", "N", iperf3_take_number, .letter = 'k',
		.help = "blocks to send, not a time"},
	{"omit", "S", iperf3_take_number, .letter = 'O', .max = OMIT_MAX,
		.help = "seconds before, which do not count (0)"},
	{"parallel", "N", iperf3_take_number, .letter = 'P', .min = 1, .max = XD_IPERF3_STREAMS_MAX,
		.help = "streams (1)"},
	{"reverse", NULL, iperf3_take_flag, .letter = 'R', .help = "the server sends"},
	{"bidir", NULL, iperf3_take_flag, .help = "both send"},
	{"length", "N", iperf3_take_number, .letter = 'l', .min = 1, .max = XD_IPERF3_BLOCK_MAX,
		.help = "bytes of a block (128K); of a datagram (what a frame has room for)"},
	{"bitrate", "N", iperf3_take_number, .letter = 'b',
		.help = "bit/s of each stream; 0: as fast as it goes (0; UDP 1048576)"},
	{"window", "N", iperf3_take_number, .letter = 'w', .min = 2920, .max = WINDOW_MAX,
		.help = "bytes that a connection receives at once (4M)"},
	{"set-mss", "N", iperf3_take_number, .letter = 'M', .min = XD_IPERF3_MSS_MIN,
		.max = XD_IPERF3_MSS_MAX,
		.help = "bytes of a segment, with TCP's options, at most (of --size)"},
	{"tos", "N", iperf3_take_tos, .letter = 'S',
		.help = "type of service, or traffic class: 0 to 255, 0x20 (0)"},
	{"dscp", "N", iperf3_take_dscp, .help = "the same, as 0 to 63 or cs1, af11, ef"},
	{"udp-counters-64bit", NULL, iperf3_take_flag,
		.help = "number datagrams with 64 bits, not 32"},
	{"repeating-payload", NULL, iperf3_take_flag,
		.help = "changes nothing: it repeats in any case"},
	{"no-delay", NULL, iperf3_take_flag, .letter = 'N', .help = "send small blocks one by one"},
	{"congestion", "NAME", iperf3_take_congestion, .letter = 'C',
		.help = "reno: there is no other"},
	{"zerocopy", NULL, iperf3_take_flag, .letter = 'Z',
		.help = "changes nothing: payloads are made where they are sent from"},
	{"size", "SIZE", take_size,
		.help = "longest frame on the wire, bytes without FCS (1514); it gives the MSS"},
	OPTION_IMPAIR,
	{"core", "N", take_cores, .help = "core to run on (any)"},
	{"affinity", "N", take_cores, .letter = 'A', .help = "the same"},
	{"connect-timeout", "MS", iperf3_take_patience, .max = 86400000,
		.help = "as --timeout, in milliseconds"},
	{"timeout", "S", take_timeout, .help = "to wait for what the other end has to say (10)"},
	{"help", NULL, take_help, .help = "this"},
	{"version", NULL, take_version, .letter = 'v', .help = "the version"},
	{NULL},
};

static void
defaults(struct options *o)
{
	struct iperf3_own *own = o->own;

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
		"reverse", "bidir", "length", "bitrate", "no-delay", "udp", "set-mss", "tos",
		"dscp", "udp-counters-64bit", "get-server-output"};

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
	struct iperf3_own *own = o->own;
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
	const struct iperf3_own *own = o->own;
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
addresses(const struct options *o, const struct iperf3_own *own)
{
	static const char all[] = ADDRESSES;

	if (o->host.nb_addresses)
		return o->host.addresses[0];
	return own->v6 ? strchr(all, ',') + 1 : own->v4 ? "198.18.0.1" : all;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct iperf3_own *own = o->own;
	struct iperf3_show show = {
		.out = stdout,
		.title = own->title,
		.timestamps = own->timestamps,
		.extra = own->extra,
		.format = own->format,
		.verbose = own->verbose,
	};
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

	if (own->log)
		show.out = fopen(own->log, "a");
	if (!show.out)
		return xd_fail(err, -errno, "--logfile %s: %s", own->log, strerror(errno));
	if (own->server)
		snprintf(show.server, sizeof(show.server), "%u", o->host.port);
	else
		inet_ntop(o->host.peers[0].v6 ? AF_INET6 : AF_INET, o->host.peers[0].address,
			show.server, sizeof(show.server));
	snprintf(opts.test.version, sizeof(opts.test.version), "3.12");
	rc = xd_iperf3_run(gen, &opts, err);
	iperf3_show_fini(&show);
	if (own->log && fclose(show.out) && !rc)
		rc = xd_fail(err, -errno, "--logfile %s: %s", own->log, strerror(errno));
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
	.own_bytes = sizeof(struct iperf3_own),
	.defaults = defaults,
	.check = check,
	.run = run,
};
