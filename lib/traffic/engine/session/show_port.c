/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports and what they counted, laid out as testpmd's scripts expect it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "traffic/engine/session/session_parts.h"

#define PORT_HEAD 14 /* bytes of an Ethernet header, which an MTU does not count */

static const char *
speed_text(uint32_t mbps, char text[24])
{
	if (mbps == 0)
		snprintf(text, 24, "Unknown");
	else if (mbps % 1000)
		snprintf(text, 24, "%u Mbps", mbps);
	else
		snprintf(text, 24, "%u Gbps", mbps / 1000);
	return text;
}

/* What stands before the device: "virtio", "dpdk"; and the device. */
static const char *
device_of(const struct xd_session_port *what)
{
	const char *colon = strchr(what->name, ':');

	return !strncmp(what->name, "dpdk:", 5) && colon ? colon + 1 : what->name;
}

int
xd_cmd_show_summary(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[3], ports, err);
	struct xd_session_port what;
	char mac[18], speed[24];

	(void)argc;
	if (n == 0)
		return -ENODEV;
	fprintf(s->out,
		"Number of available ports: %u\n"
		"Port MAC Address       Name         Driver         Status   Link\n",
		xd_session_ports(s, (unsigned[XD_GEN_PORTS_MAX]){0}));
	for (unsigned i = 0; i < n; i++)
		if (s->bench.look(s->bench.ctx, ports[i], &what))
			fprintf(s->out, "%-4u %s %-12s %-14s %-8s %s\n", ports[i],
				xd_session_mac(what.mac, mac), device_of(&what), what.driver,
				what.up ? "up" : "down", speed_text(what.speed_mbps, speed));
	return 0;
}

static void
show_info(struct xd_session *s, unsigned port, const struct xd_session_port *what)
{
	char mac[18], speed[24];

	fprintf(s->out, "\n********************* Infos for port %-2u *********************\n",
		port);
	fprintf(s->out, "MAC address: %s\n", xd_session_mac(what->mac, mac));
	fprintf(s->out, "Device name: %s\n", device_of(what));
	fprintf(s->out, "Driver name: %s\n", what->driver);
	fprintf(s->out, "Connect to socket: %d\n", what->node);
	fprintf(s->out, "memory allocation on the socket: %d\n", what->node);
	fprintf(s->out, "memory: %s\n", what->memory);
	fprintf(s->out, "Link status: %s\n", what->up ? "up" : "down");
	fprintf(s->out, "Link speed: %s\n", speed_text(what->speed_mbps, speed));
	fprintf(s->out, "Link duplex: full-duplex\n");
	fprintf(s->out, "MTU: %u\n", what->mtu);
	fprintf(s->out, "Promiscuous mode: %s\n", what->promiscuous ? "enabled" : "disabled");
	fprintf(s->out, "Allmulticast mode: %s\n", what->allmulticast ? "enabled" : "disabled");
	fprintf(s->out, "Maximum configurable length of RX packet: %u\n", what->mtu + PORT_HEAD);
	fprintf(s->out, "Current number of RX queues: 1\n");
	fprintf(s->out, "Current number of TX queues: 1\n");
	fprintf(s->out, "Port is %s\n", what->started ? "started" : "stopped");
}

int
xd_cmd_show_info(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[3], ports, err);
	struct xd_session_port what;

	(void)argc;
	for (unsigned i = 0; i < n; i++)
		if (s->bench.look(s->bench.ctx, ports[i], &what))
			show_info(s, ports[i], &what);
	return n ? 0 : -ENODEV;
}

static uint64_t
rate(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 && now > before ? (uint64_t)((double)(now - before) / seconds) : 0;
}

static void
show_rates(struct xd_session *s, unsigned port, const struct xd_session_stats *now)
{
	const struct xd_session_stats *last = &s->last[port];
	uint64_t now_ns = xd_clock_ns();
	double seconds = s->last_ns[port] ? (double)(now_ns - s->last_ns[port]) / 1e9 : 0;

	fprintf(s->out,
		"\n  Throughput (since last show)\n"
		"  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n"
		"  Tx-pps: %12" PRIu64 "          Tx-bps: %12" PRIu64 "\n",
		rate(now->rx_frames, last->rx_frames, seconds),
		rate(8 * now->rx_bytes, 8 * last->rx_bytes, seconds),
		rate(now->tx_frames, last->tx_frames, seconds),
		rate(8 * now->tx_bytes, 8 * last->tx_bytes, seconds));
	s->last[port] = *now;
	s->last_ns[port] = now_ns;
}

int
xd_cmd_show_stats(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	static const char border[] = "########################";
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[3], ports, err);
	struct xd_session_stats now;

	(void)argc;
	for (unsigned i = 0; i < n; i++) {
		s->bench.stats(s->bench.ctx, ports[i], &now);
		fprintf(s->out, "\n  %s NIC statistics for port %-2u %s\n", border, ports[i],
			border);
		fprintf(s->out,
			"  RX-packets: %-10" PRIu64 " RX-missed: %-10" PRIu64 " RX-bytes:  %" PRIu64
			"\n"
			"  RX-errors: %" PRIu64 "\n"
			"  RX-nombuf:  %-10" PRIu64 "\n"
			"  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %" PRIu64
			"\n",
			now.rx_frames, now.rx_missed, now.rx_bytes, now.rx_errors, now.rx_nombuf,
			now.tx_frames, now.tx_errors, now.tx_bytes);
		show_rates(s, ports[i], &now);
		fprintf(s->out, "  %s%s%s####\n", border, border, border);
	}
	return n ? 0 : -ENODEV;
}

static void
show_one(void *out, const char *name, uint64_t value)
{
	fprintf(out, "%s: %" PRIu64 "\n", name, value);
}

int
xd_cmd_show_xstats(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[3], ports, err);

	(void)argc;
	for (unsigned i = 0; i < n; i++) {
		fprintf(s->out, "###### NIC extended statistics for port %-2u\n", ports[i]);
		s->bench.xstats(s->bench.ctx, ports[i], show_one, s->out);
	}
	return n ? 0 : -ENODEV;
}

int
xd_cmd_clear_stats(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[3], ports, err);

	(void)argc;
	for (unsigned i = 0; i < n; i++) {
		s->bench.clear(s->bench.ctx, ports[i]);
		s->last_ns[ports[i]] = 0;
		s->missed_base[ports[i]] = 0;
		fprintf(s->out, "\n  NIC statistics for port %u cleared\n", ports[i]);
	}
	return n ? 0 : -ENODEV;
}
