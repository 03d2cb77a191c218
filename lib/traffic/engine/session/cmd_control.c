/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting, stopping, files, help. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "traffic/engine/session/session_parts.h"

#define SLEEP_MAX_S 86400.0

/* Those that take part are there and started. */
static int
check_ports(struct xd_session *s, struct xd_error *err)
{
	const struct xd_session_config *c = &s->config;
	struct xd_session_port what;

	if (c->nb_ports == 0)
		return xd_fail(err, -ENODEV, "no port is open; port attach virtio:PATH opens one");
	for (unsigned i = 0; i < c->nb_ports; i++) {
		if (s->bench.look(s->bench.ctx, c->ports[i], &what) && what.started)
			continue;
		return xd_fail(
			err, -ENETDOWN, "Not all ports were started; port start %u", c->ports[i]);
	}
	return 0;
}

static void
make_plan(const struct xd_session *s, unsigned first_bursts, struct xd_forward_plan *plan)
{
	const struct xd_session_config *c = &s->config;

	*plan = (struct xd_forward_plan){
		.mode = c->mode,
		.nb_cores = c->nb_used,
		.burst = c->burst,
		.retries = c->retry ? c->retries : 0,
		.delay_us = c->delay_us,
		.first_bursts = first_bursts,
		.nb_parts = c->nb_parts,
		.some_parts = c->some_parts,
		.flows = c->flows,
		.show_received = c->verbose & 1,
		.show_sent = c->verbose & 2,
		.tsc_hz = s->tsc_hz,
	};
	memcpy(plan->cores, c->cores, sizeof(plan->cores));
	memcpy(plan->parts, c->parts, sizeof(plan->parts));
	xd_session_lay_paths(s, plan);
}

/* Frames that ports missed before do not count. */
static void
begin_counts(struct xd_session *s)
{
	struct xd_session_stats stats = {0};

	memset(s->base, 0, sizeof(s->base));
	s->missed = 0;
	for (unsigned i = 0; i < s->config.nb_ports; i++) {
		s->bench.stats(s->bench.ctx, s->config.ports[i], &stats);
		s->missed_base[s->config.ports[i]] = stats.rx_missed;
	}
}

int
xd_cmd_start(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	struct xd_forward_plan plan;
	uint64_t bursts = argc > 1 ? 1 : 0;
	int rc = check_ports(s, err);

	if (s->running)
		return xd_fail(err, -EBUSY, "Packet forwarding already started; stop ends it");
	if (rc)
		return rc;
	if (argc > 2)
		xd_number_parse(argv[2], 1, UINT16_MAX, &bursts);
	make_plan(s, (unsigned)bursts, &plan);
	xd_show_forward_config(s, &plan);
	fflush(s->out);
	rc = s->bench.start(s->bench.ctx, &plan, err);
	if (rc)
		return rc;
	s->plan = plan;
	s->running = true;
	begin_counts(s);
	return 0;
}

int
xd_cmd_stop(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)argv;
	if (!s->running)
		return xd_fail(err, -EALREADY, "Packet forwarding not started; start begins it");
	xd_session_stop(s);
	return 0;
}

/* Its lines were answered: what of them failed is counted there. */
int
xd_cmd_load(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	xd_session_load(s, argv[1]);
	return 0;
}

int
xd_cmd_sleep(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	double seconds, left;
	char *end;

	(void)argc;
	seconds = strtod(argv[1], &end);
	if (end == argv[1] || *end || !(seconds >= 0.001 && seconds <= SLEEP_MAX_S))
		return xd_fail(
			err, -EINVAL, "sleep %s: give 0.001 to %.0f seconds", argv[1], SLEEP_MAX_S);
	fflush(s->out);
	for (left = seconds; left > 0; left -= 0.1) {
		if (!s->bench.sleep(s->bench.ctx, left < 0.1 ? left : 0.1))
			return xd_fail(err, -EINTR, "sleep %s: interrupted", argv[1]);
		if (xd_session_tick(s))
			fflush(s->out);
	}
	return 0;
}

int
xd_cmd_quit(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	xd_session_stop(s);
	s->ended = true;
	return 0;
}

/* ---- Help ---- */

static void
help_section(struct xd_session *s, const char *section)
{
	bool all = !strcmp(section, "all");

	for (const struct xd_session_command *c = xd_session_commands; c->pattern; c++)
		if (all || !strcmp(c->section, section))
			fprintf(s->out, "  %-42s %s\n", c->pattern, c->help);
	for (unsigned i = 0; (all || !strcmp(section, "modes")) && xd_forward_modes[i]; i++)
		fprintf(s->out, "  set fwd %-34s %s\n", xd_forward_modes[i]->name,
			xd_forward_modes[i]->help);
}

int
xd_cmd_help(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)err;
	if (argc > 1) {
		help_section(s, argv[1]);
		return 0;
	}
	fputs("Help is available for the following sections:\n\n"
	      "    help control    starting, stopping, files\n"
	      "    help display    ports, figures, what is set\n"
	      "    help config     what becomes of frames, how, on which ports and cores\n"
	      "    help ports      opening and closing ports\n"
	      "    help modes      what becomes of frames\n"
	      "    help all        all of this\n",
		s->out);
	return 0;
}
