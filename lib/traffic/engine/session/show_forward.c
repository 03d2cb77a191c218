/* SPDX-License-Identifier: BSD-3-Clause */
/* What is forwarded and how, laid out as testpmd's scripts expect it. */
#include <inttypes.h>
#include <string.h>

#include "traffic/engine/session/session_parts.h"

/* ---- What is set ---- */

static void
show_lane(struct xd_session *s, const struct xd_forward_plan *plan, unsigned lane, unsigned lanes)
{
	unsigned n = (plan->nb_paths - lane + lanes - 1) / lanes;
	struct xd_session_port rx = {.node = 0}, tx = {.node = 0};
	char mac[18], core[16] = "any";

	if (plan->cores[lane] >= 0)
		snprintf(core, sizeof(core), "%d", plan->cores[lane]);
	fprintf(s->out, "Logical Core %s forwards packets on %u streams:\n", core, n);
	for (unsigned i = lane; i < plan->nb_paths; i += lanes) {
		const struct xd_forward_path *path = &plan->paths[i];

		s->bench.look(s->bench.ctx, path->rx_number, &rx);
		s->bench.look(s->bench.ctx, path->tx_number, &tx);
		fprintf(s->out, "  RX P=%u/Q=0 (socket %d) -> TX P=%u/Q=0 (socket %d) peer=%s\n",
			path->rx_number, rx.node, path->tx_number, tx.node,
			xd_session_mac(path->peer, mac));
	}
}

void
xd_show_forward_config(struct xd_session *s, const struct xd_forward_plan *plan)
{
	unsigned lanes = plan->nb_cores < plan->nb_paths ? plan->nb_cores : plan->nb_paths;

	fprintf(s->out, "%s packet forwarding%s - ports=%u - cores=%u - streams=%u\n",
		plan->mode->name, plan->retries ? " with retry" : "", plan->nb_paths, lanes,
		plan->nb_paths);
	if (plan->retries)
		fprintf(s->out, "TX retry num: %u, delay between TX retries: %uus\n", plan->retries,
			plan->delay_us);
	for (unsigned lane = 0; lane < lanes; lane++)
		show_lane(s, plan, lane, lanes);
	fputc('\n', s->out);
}

void
xd_show_rxtx_config(struct xd_session *s)
{
	const struct xd_session_config *c = &s->config;
	struct xd_session_port what;
	unsigned lanes = c->nb_used < c->nb_ports ? c->nb_used : c->nb_ports;

	fprintf(s->out, "  %s packet forwarding packets/burst=%u\n", c->mode->name, c->burst);
	fprintf(s->out, "  nb forwarding cores=%u - nb forwarding ports=%u\n", lanes, c->nb_ports);
	for (unsigned i = 0; i < c->nb_ports; i++) {
		if (!s->bench.look(s->bench.ctx, c->ports[i], &what))
			continue;
		fprintf(s->out,
			"  port %u: RX queue number: 1 Tx queue number: 1\n"
			"    RX queue: 0\n"
			"      RX desc=%u\n"
			"    TX queue: 0\n"
			"      TX desc=%u\n",
			c->ports[i], what.rx_entries, what.tx_entries);
	}
}

static void
show_cores(struct xd_session *s)
{
	const struct xd_session_config *c = &s->config;

	fputs("List of forwarding lcores:", s->out);
	for (unsigned i = 0; i < c->nb_used; i++)
		if (c->cores[i] < 0)
			fputs(" any", s->out);
		else
			fprintf(s->out, " %2d", c->cores[i]);
	fputc('\n', s->out);
}

static void
show_txpkts(struct xd_session *s)
{
	const struct xd_session_config *c = &s->config;

	fprintf(s->out, "Number of segments: %u\nSegment sizes: ", c->nb_parts);
	for (unsigned i = 0; i < c->nb_parts; i++)
		fprintf(s->out, "%s%u", i ? "," : "", c->parts[i]);
	fprintf(s->out, "\nSplit packet: %s\n", c->some_parts ? "rand" : "off");
}

static void
show_fwd(struct xd_session *s)
{
	const struct xd_session_config *c = &s->config;
	struct xd_forward_plan plan = {
		.mode = c->mode,
		.nb_cores = c->nb_used,
		.retries = c->retry ? c->retries : 0,
		.delay_us = c->delay_us,
	};

	memcpy(plan.cores, c->cores, sizeof(plan.cores));
	xd_session_lay_paths(s, &plan);
	xd_show_forward_config(s, &plan);
}

int
xd_cmd_show_config(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	static const struct {
		const char *word;
		void (*show)(struct xd_session *s);
	} parts[] = {{"fwd", show_fwd}, {"rxtx", xd_show_rxtx_config}, {"cores", show_cores},
		{"txpkts", show_txpkts}};
	bool all = !strcmp(argv[2], "all");

	(void)argc;
	(void)err;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (all || !strcmp(argv[2], parts[i].word))
			parts[i].show(s);
	return 0;
}

/* ---- What was forwarded ---- */

/* Of a port: what streams received from it and sent to it. */
struct figures {
	uint64_t rx, rx_dropped, tx, tx_dropped, left_out;
};

static struct figures
figures_of(struct xd_session *s, unsigned port)
{
	struct xd_session_stats stats = {0};
	struct figures sum = {0};

	s->bench.stats(s->bench.ctx, port, &stats);
	if (stats.rx_missed > s->missed_base[port])
		sum.rx_dropped = stats.rx_missed - s->missed_base[port];
	for (unsigned i = 0; i < s->plan.nb_paths; i++) {
		struct xd_forward_counts c;

		xd_session_counts(s, i, &c);
		if (s->plan.paths[i].rx_number == port) {
			sum.rx += c.rx_frames;
			sum.left_out += c.left_out;
		}
		if (s->plan.paths[i].tx_number == port) {
			sum.tx += c.tx_frames;
			sum.tx_dropped += c.tx_dropped;
		}
	}
	return sum;
}

static void
show_figures(struct xd_session *s, const struct figures *f)
{
	fprintf(s->out,
		"  RX-packets: %-14" PRIu64 " RX-dropped: %-13" PRIu64 " RX-total: %" PRIu64 "\n"
		"  TX-packets: %-14" PRIu64 " TX-dropped: %-13" PRIu64 " TX-total: %" PRIu64 "\n",
		f->rx, f->rx_dropped, (f->rx + f->rx_dropped), f->tx, f->tx_dropped,
		(f->tx + f->tx_dropped));
	if (f->left_out)
		fprintf(s->out, "  Not forwarded: %" PRIu64 "\n", f->left_out);
}

void
xd_show_forward_stats(struct xd_session *s)
{
	static const char line[] = "----------------------", pluses[] = "+++++++++++++++";
	struct figures sum = {0};

	for (unsigned i = 0; i < s->plan.nb_paths; i++) {
		unsigned port = s->plan.paths[i].rx_number;
		struct figures f = figures_of(s, port);

		fprintf(s->out, "\n  %s Forward statistics for port %-2u %s\n", line, port, line);
		show_figures(s, &f);
		fprintf(s->out, "  %s%s%s----------\n", line, line, line);
		sum.rx += f.rx;
		sum.rx_dropped += f.rx_dropped;
		sum.tx += f.tx;
		sum.tx_dropped += f.tx_dropped;
		sum.left_out += f.left_out;
	}
	fprintf(s->out, "\n  %s Accumulated forward statistics for all ports%s\n", pluses, pluses);
	show_figures(s, &sum);
	fprintf(s->out, "  %s%s%s%s%s+\n", pluses, pluses, pluses, pluses, pluses);
}

int
xd_cmd_show_fwd(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	xd_show_forward_stats(s);
	return 0;
}

int
xd_cmd_show_streams(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	for (unsigned i = 0; i < s->plan.nb_paths; i++) {
		const struct xd_forward_path *path = &s->plan.paths[i];
		struct xd_forward_counts c;

		xd_session_counts(s, i, &c);
		fprintf(s->out,
			"\n  ------- Forward Stats for RX Port=%2u/Queue= 0 -> TX Port=%2u/Queue= "
			"0 "
			"-------\n"
			"  RX-packets: %-14" PRIu64 " TX-packets: %-14" PRIu64
			" TX-dropped: %-14" PRIu64 "\n",
			path->rx_number, path->tx_number, c.rx_frames, c.tx_frames, c.tx_dropped);
	}
	return 0;
}

int
xd_cmd_clear_fwd(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	struct xd_session_stats stats = {0};

	(void)argc;
	(void)argv;
	(void)err;
	for (unsigned i = 0; i < s->plan.nb_paths; i++) {
		s->bench.counts(s->bench.ctx, i, &s->base[i]);
		s->bench.stats(s->bench.ctx, s->plan.paths[i].rx_number, &stats);
		s->missed_base[s->plan.paths[i].rx_number] = stats.rx_missed;
	}
	return 0;
}
