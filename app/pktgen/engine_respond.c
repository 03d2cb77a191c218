/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine respond, ports that answer ping and mtr: its options and its help. */
#include <string.h>

#include "option_table.h"
#include "traffic/engine/respond/respond.h"

static const struct option_row options[] = {
	OPTION_PORT,
	{"address", "LIST", take_address,
		.help = "of a port, in the order of --port: 10.0.0.2,fd00::2\n"
			"(fe80::58:nnff:fe00:0 of port n alone, which it has in any case)"},
	{"size", "SIZE", take_size, .help = "longest frame, bytes without FCS (1514)"},
	{"time", "S", take_time, .help = "seconds to answer (until it is interrupted)"},
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_respond_opts opts = {.time_s = options_given(o, "time") ? o->time_s : 0};

	memcpy(opts.addresses, o->host.addresses, sizeof(opts.addresses));
	return xd_respond_run(gen, &opts, err);
}

const struct engine engine_respond = {
	.results = &xd_respond_engine,
	.summary = "answer ARP, NDP, ICMP and ICMPv6: something to aim ping and mtr at",
	.arguments = " --port PORT...",
	.intro = "Each port is a host that answers ARP requests, neighbour solicitations and echo\n"
		 "requests of IPv4 and IPv6, until it is interrupted. Datagrams in fragments and\n"
		 "with a wrong checksum are not answered.\n",
	.examples =
		"  crossdock-pktgen respond --port virtio:/tmp/a.sock --address 10.0.0.2,fd00::2\n"
		"  crossdock-pktgen respond --port dpdk:net_tap0,iface=x --address 10.0.0.2\n"
		"  ping 10.0.0.2; mtr --report 10.0.0.2\n",
	.options = options,
	.sizes = "1514",
	.takes_one_port = true,
	.check = option_host_check,
	.run = run,
	.report = {.title = "Answers"},
};
