/* SPDX-License-Identifier: BSD-3-Clause */
/* The traffic generator: opens ports, lets an engine run over them, shows what it found. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crossdock.h"
#include "memory/memory.h"
#include "options.h"
#include "table.h"
#include "traffic/cpu_time.h"
#include "traffic/switch_probe.h"
#include "traffic/tsc.h"

#define EXIT_USAGE     2
#define EXIT_INTERRUPT 130

/* A signal handler has nothing else to reach. */
static volatile bool cancelled;

struct program {
	struct xd_log log; /* the EAL's, for as long as it is up */
	struct options options;
	struct xd_gen gen;
	struct xd_results results;
	struct table table;
	bool show; /* a table, unless the JSON takes its place */
	bool eal;
};

static void
cancel(int signal)
{
	(void)signal;
	cancelled = true;
}

static void
on_progress(void *ctx, const char *what, double share)
{
	struct program *p = ctx;

	table_progress(&p->table, what, share);
}

static int
on_row(void *ctx, const struct xd_row *row)
{
	struct program *p = ctx;

	if (p->show)
		table_row(&p->table, row);
	return xd_results_add(&p->results, row);
}

static void
on_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)ctx;
	(void)component;
	fprintf(stderr, "crossdock-pktgen: %s: %s\n", xd_log_level_name(level), line);
}

static int
start_eal(struct program *p, const char *name, struct xd_error *err)
{
	struct xd_memory_opts opts = {
		.program = name,
		.eal_args = p->options.eal_args,
		.nb_eal_args = p->options.nb_eal_args,
		.log = &p->log,
	};
	int rc;

	if (!p->options.needs_eal && p->options.nb_eal_args)
		return xd_fail(err, -EINVAL, "EAL options are of use with dpdk: ports only");
	if (!p->options.needs_eal)
		return 0;
	xd_log_init(&p->log, on_log, NULL, XD_LOG_WARN);
	rc = xd_memory_start(&opts, err);
	p->eal = rc == 0;
	return rc;
}

/* The last core that this process may use and no worker of the switch has; -1 without one. */
static int
spare_core(const struct xd_probe_sample *sample)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (unsigned i = 0; i < sample->nb_workers; i++)
		if (sample->workers[i].core >= 0 && sample->workers[i].core < CPU_SETSIZE)
			CPU_CLR(sample->workers[i].core, &set);
	for (int core = CPU_SETSIZE - 1; core >= 0; core--)
		if (CPU_ISSET(core, &set))
			return core;
	return -1;
}

/* Which cores to run on, and which two to measure the distance of. */
static int
choose_cores(struct program *p, struct xd_error *err)
{
	struct xd_probe_sample sample = {0};
	struct options *o = &p->options;
	int rc;

	p->gen.nb_cores = o->nb_cores ? o->nb_cores : 1;
	memcpy(p->gen.cores, o->cores, sizeof(p->gen.cores));
	memcpy(p->gen.placement, o->placement, sizeof(p->gen.placement));
	if (o->socket) {
		p->gen.probe = xd_switch_probe_open(o->socket, err);
		if (!p->gen.probe)
			return -ECONNREFUSED;
		rc = xd_switch_probe_sample(p->gen.probe, &sample, err);
		if (rc)
			return rc;
		if (!o->nb_cores)
			p->gen.cores[0] = spare_core(&sample);
		if (o->placement[0] < 0) {
			p->gen.placement[0] = p->gen.cores[0];
			p->gen.placement[1] = sample.workers[0].core;
		}
	}
	for (unsigned i = 0; i < o->nb_cores; i++)
		if (xd_cpu_pin(o->cores[i]))
			return xd_fail(err, -EINVAL,
				"core %d: no such core, or not for this process", o->cores[i]);
	if (p->gen.cores[0] >= 0)
		xd_cpu_pin(p->gen.cores[0]);
	return 0;
}

static int
open_ports(struct program *p, struct xd_error *err)
{
	const struct xd_sizes *sizes = &p->options.rate.sizes;
	struct xd_gen_port_opts opts = {
		.node = p->gen.cores[0] >= 0 ? xd_memory_core_node((unsigned)p->gen.cores[0]) : -1,
		.timeout_ms = p->options.timeout_ms,
		.cancel = &cancelled,
	};

	for (unsigned i = 0; i < sizes->n; i++)
		if (sizes->bytes[i] > opts.frame_bytes)
			opts.frame_bytes = sizes->bytes[i];
	for (unsigned i = 0; i < p->options.nb_ports; i++) {
		if (p->table.terminal)
			table_progress(&p->table, "connecting", (double)i / p->options.nb_ports);
		p->gen.ports[i] = xd_gen_port_open(p->options.ports[i], &opts, err);
		if (!p->gen.ports[i])
			return err->code ? err->code : -EIO;
		p->gen.nb_ports++;
	}
	return 0;
}

static void
keep_command(struct xd_results *results, int argc, char **argv)
{
	size_t used = 0;

	for (int i = 0; i < argc && used < sizeof(results->command); i++)
		used += (size_t)snprintf(results->command + used, sizeof(results->command) - used,
			"%s%s", i ? " " : "", i ? argv[i] : "crossdock-pktgen");
}

static int
run(struct program *p, const char *name, struct xd_error *err)
{
	int rc = choose_cores(p, err);

	if (!rc)
		rc = start_eal(p, name, err);
	/* The EAL pins as it likes. */
	if (!rc && p->eal && p->gen.cores[0] >= 0)
		xd_cpu_pin(p->gen.cores[0]);
	if (!rc)
		rc = open_ports(p, err);
	if (rc)
		return rc;
	if (p->options.command == COMMAND_RATE)
		return xd_rate_run(&p->gen, &p->options.rate, err);
	return xd_latency_run(&p->gen, &p->options.latency, err);
}

static void
clean_up(struct program *p)
{
	for (unsigned i = 0; i < p->gen.nb_ports; i++)
		xd_gen_port_close(p->gen.ports[i]);
	xd_switch_probe_close(p->gen.probe);
	if (p->eal)
		xd_memory_stop();
	xd_results_fini(&p->results);
}

/* Exit status of a run that ended so. */
static int
status(int rc)
{
	if (rc == 0)
		return EXIT_SUCCESS;
	if (cancelled)
		return EXIT_INTERRUPT;
	return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
}

static int
finish(struct program *p, int rc, struct xd_error *err)
{
	struct xd_error bad = {0};
	int code = status(rc);

	table_clear_progress(&p->table);
	if (rc) {
		p->results.partial = true;
		snprintf(p->results.reason, sizeof(p->results.reason), "%.255s",
			cancelled ? "interrupted" : err->text);
		fprintf(stderr, "crossdock-pktgen: %s\n", p->results.reason);
	}
	if (p->options.json && (rc == 0 || p->results.n) &&
		xd_results_write(&p->results, p->options.json, &bad)) {
		fprintf(stderr, "crossdock-pktgen: %s\n", bad.text);
		code = code ? code : EXIT_FAILURE;
	}
	clean_up(p);
	return code;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = cancel, .sa_flags = SA_RESETHAND};
	struct program p = {0};
	struct xd_error err = {0};
	int rc = options_parse(&p.options, argc, argv, &err);

	if (rc) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (p.options.command == COMMAND_HELP) {
		fputs(options_help(p.options.help_for), stdout);
		return EXIT_SUCCESS;
	}
	if (p.options.command == COMMAND_VERSION) {
		printf("crossdock-pktgen %s\n", xd_version());
		return EXIT_SUCCESS;
	}
	sigaction(SIGINT, &action, NULL); /* the second one ends the program at once */
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	p.show = !p.options.json || strcmp(p.options.json, "-");
	p.table.terminal = p.show && isatty(STDOUT_FILENO);
	p.gen.tsc_hz = xd_tsc_calibrate();
	p.gen.cancel = &cancelled;
	p.gen.progress = p.table.terminal ? on_progress : NULL;
	p.gen.row = on_row;
	p.gen.ctx = &p;
	xd_results_init(&p.results, p.gen.tsc_hz);
	keep_command(&p.results, argc, argv);
	rc = run(&p, argv[0], &err);
	return finish(&p, rc, &err);
}
