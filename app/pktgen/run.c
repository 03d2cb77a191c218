/* SPDX-License-Identifier: BSD-3-Clause */
/* A run from its ports to its results: chooses cores, starts the EAL if a port needs it, opens the
 * ports, lets the engine run over them, and hands each row to the screen and the results. */
#include "run.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crossdock.h"
#include "memory/memory.h"
#include "option_table.h"
#include "peer/client.h"
#include "run_eal.h"
#include "run_results.h"
#include "table.h"
#include "traffic/host/cpu_time.h"
#include "traffic/host/switch_probe.h"
#include "traffic/host/tsc.h"

/* A signal handler has nothing else to reach. */
static volatile bool cancelled;

struct run {
	const struct options *o;
	struct xd_gen gen;
	struct xd_results results;
	const struct xd_engine *engines[ENGINES_MAX + 1];
	struct table table;
	bool show;         /* a table */
	bool measured;     /* an engine was begun */
	struct peer *peer; /* with --peer */
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
	struct run *r = ctx;

	table_progress(&r->table, what, share);
}

static int
on_row(void *ctx, const struct xd_row *row)
{
	struct run *r = ctx;

	if (r->show)
		table_row(&r->table, row);
	return xd_results_add(&r->results, row);
}

/* The last core that this process may use and no worker of the switch has, of a NUMA node if there
 * is one; -1 without one. */
static int
spare_core(const struct xd_probe_sample *sample, int node)
{
	int last = -1;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (unsigned i = 0; i < sample->nb_workers; i++)
		if (sample->workers[i].core >= 0 && sample->workers[i].core < CPU_SETSIZE)
			CPU_CLR(sample->workers[i].core, &set);
	for (int core = CPU_SETSIZE - 1; core >= 0; core--)
		if (CPU_ISSET(core, &set)) {
			if (node < 0 || xd_memory_core_node((unsigned)core) == node)
				return core;
			last = last < 0 ? core : last;
		}
	return last;
}

/* Asks the switch where it runs. */
static int
open_probe(struct run *r, struct xd_error *err)
{
	struct xd_probe_sample sample = {0};
	int rc;

	r->gen.probe = xd_switch_probe_open(r->o->socket, err);
	rc = r->gen.probe ? xd_switch_probe_sample(r->gen.probe, &sample, err) : err->code;
	if (rc)
		return option_blame("switch", r->o->socket, err);
	if (!r->o->nb_cores)
		r->gen.cores[0] = spare_core(&sample, r->o->nb_nodes ? r->o->nodes[0] : -1);
	if (r->o->placement[0] < 0 && sample.nb_workers) {
		r->gen.placement[0] = r->gen.cores[0];
		r->gen.placement[1] = sample.workers[0].core;
	}
	return 0;
}

/* Which cores to run on, and which two to measure the distance of. */
static int
choose_cores(struct run *r, struct xd_error *err)
{
	const struct options *o = r->o;
	int rc;

	r->gen.nb_cores = o->nb_cores ? o->nb_cores : 1;
	memcpy(r->gen.cores, o->cores, sizeof(r->gen.cores));
	memcpy(r->gen.placement, o->placement, sizeof(r->gen.placement));
	for (unsigned i = 0; i < o->nb_cores; i++)
		if (xd_cpu_pin(o->cores[i]))
			return xd_fail(err, -EINVAL,
				"--core%s: no core %d, or not for this process",
				o->nb_cores > 1 ? "s" : "", o->cores[i]);
	rc = o->socket ? open_probe(r, err) : 0;
	if (!rc && r->gen.cores[0] >= 0)
		xd_cpu_pin(r->gen.cores[0]);
	return rc;
}

static int
start_eal(struct run *r, const char *name, struct xd_error *err)
{
	const struct options *o = r->o;
	int rc;

	if (!o->needs_eal || o->command.engine->opens_ports)
		return 0;
	rc = run_eal_start(name, o->eal_args, o->nb_eal_args, err);
	r->eal = rc == 0;
	/* The EAL pins as it likes. */
	if (r->eal && r->gen.cores[0] >= 0)
		xd_cpu_pin(r->gen.cores[0]);
	return rc;
}

/* Where the memory of port i shall lie: where it was asked for, else near its core. */
static int
node_of(const struct run *r, unsigned i)
{
	int core = r->gen.cores[i % r->gen.nb_cores];

	if (r->o->nb_nodes)
		return r->o->nodes[i % r->o->nb_nodes];
	return core >= 0 ? xd_memory_core_node((unsigned)core) : XD_NODE_ANY;
}

/* Opens port i, and keeps for the results where its frames lie. */
static int
open_port(struct run *r, unsigned i, struct xd_error *err)
{
	int core = r->gen.cores[i % r->gen.nb_cores];
	struct xd_gen_port_opts opts = {
		.frame_bytes = options_longest(r->o),
		.node = node_of(r, i),
		.timeout_ms = r->o->timeout_ms,
		.cancel = &cancelled,
		.others = r->gen.ports,
		.nb_others = i,
	};
	struct xd_result_port *kept = &r->results.ports[i];
	struct xd_gen_port *port;

	port = xd_gen_port_open(r->o->ports[i], &opts, err);
	if (!port)
		return err->code ? err->code : -EIO;
	r->gen.ports[i] = port;
	r->gen.nb_ports++;
	snprintf(kept->name, sizeof(kept->name), "%s", port->name);
	snprintf(kept->memory, sizeof(kept->memory), "%s", port->memory);
	xd_rings_add(&kept->rings, port);
	kept->core = core;
	r->results.nb_ports++;
	return 0;
}

/* Above the table: where the frames of each port lie, which may explain its figures. */
static void
show_ports(const struct run *r)
{
	char core[32] = "", rings[XD_RINGS_TEXT];

	for (unsigned i = 0; i < r->results.nb_ports; i++) {
		const struct xd_result_port *port = &r->results.ports[i];

		if (port->core >= 0)
			snprintf(core, sizeof(core), ", core %d", port->core);
		xd_rings_text(&port->rings, rings, sizeof(rings));
		printf("port %u  %s: %s%s%s%s\n", i, port->name, rings, rings[0] ? "; " : "",
			port->memory, core);
	}
}

/* Above the ports, once: then no row is of more than one. */
static void
show_nodes(const struct run *r)
{
	if (r->results.numa_nodes == 1)
		puts("one NUMA node: memory, cores and guests are all on it");
	else
		printf("%u NUMA nodes\n", r->results.numa_nodes);
}

/* The results' ports are those of both ends, as they are numbered: each, then its other half. */
static int
open_peer(struct run *r, struct xd_error *err)
{
	struct xd_result_port far[XD_GEN_PORTS_MAX], *ports = r->results.ports;
	const unsigned n = r->results.nb_ports;

	if (!r->o->peer)
		return 0;
	r->peer = peer_client_open(r->o, &r->gen, r->engines, far, err);
	if (!r->peer)
		return err->code;
	for (unsigned i = n; i-- > 0;) {
		ports[2 * i] = ports[i];
		ports[2 * i + 1] = far[i];
	}
	r->results.nb_ports = 2 * n;
	return 0;
}

static int
open_ports(struct run *r, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->o->nb_ports && !r->o->command.engine->opens_ports && !rc; i++) {
		xd_gen_progress(&r->gen, "connecting", (double)i / r->o->nb_ports);
		rc = open_port(r, i, err);
	}
	table_clear_progress(&r->table);
	if (!rc)
		rc = open_peer(r, err);
	if (!rc && r->show && r->results.nb_ports)
		show_nodes(r);
	if (!rc && r->show)
		show_ports(r);
	return rc;
}

static int
run_engine(struct run *r, struct xd_error *err)
{
	r->measured = true;
	if (r->peer)
		return peer_client_run(r->peer, r->o, err);
	return r->o->command.engine->run(r->o, &r->gen, err);
}

/* What is told and written, whatever the end was; the exit status. */
static int
finish(struct run *r, int rc, const struct xd_error *err)
{
	struct run_end end = {
		.rc = rc,
		.interrupted = rc && cancelled,
		.text = err->text,
		.measured = r->measured,
	};

	table_clear_progress(&r->table);
	fflush(stdout);
	return run_results_finish(r->o, &r->results, &end);
}

static void
set_up(struct run *r, int argc, char **argv)
{
	const struct options *o = r->o;
	bool replaced = (o->json && !strcmp(o->json, "-")) || (o->csv && !strcmp(o->csv, "-"));
	struct sigaction action = {.sa_handler = cancel, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL); /* the second one ends the program at once */
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	r->show = !replaced && !o->quiet;
	r->table.terminal = r->show && isatty(STDOUT_FILENO);
	r->table.suite = o->suite;
	r->gen.tsc_hz = xd_tsc_calibrate();
	r->gen.cancel = &cancelled;
	r->gen.progress = r->table.terminal ? on_progress : NULL;
	r->gen.row = on_row;
	r->gen.ctx = r;
	xd_results_init(&r->results, r->gen.tsc_hz);
	engines_results(r->engines);
	r->results.engines = r->engines;
	run_results_describe(&r->results, o, argc, argv);
}

static void
clean_up(struct run *r)
{
	peer_client_close(r->peer);
	for (unsigned i = 0; i < r->gen.nb_ports; i++)
		xd_gen_port_close(r->gen.ports[i]);
	xd_switch_probe_close(r->gen.probe);
	if (r->eal)
		xd_memory_stop();
	xd_results_fini(&r->results);
}

int
run_main(const struct options *o, int argc, char **argv)
{
	struct run r = {.o = o};
	struct xd_error err = {0};
	int rc, status;

	set_up(&r, argc, argv);
	rc = run_results_check(o, &err);
	if (!rc)
		rc = choose_cores(&r, &err);
	if (!rc)
		rc = start_eal(&r, argv[0], &err);
	if (!rc)
		rc = open_ports(&r, &err);
	if (!rc)
		rc = run_engine(&r, &err);
	status = finish(&r, rc, &err);
	clean_up(&r);
	return status;
}
