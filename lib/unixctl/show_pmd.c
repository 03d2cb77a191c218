/* SPDX-License-Identifier: BSD-3-Clause */
/* dpif-netdev/: workers as Open vSwitch's PMD threads, and the receive queues that they poll. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "unixctl/commands.h"

#define CORE_ANY XD_UNIXCTL_ANY_CORE
#define LOAD_S   60 /* of which the shares are, by the title that is parsed; ours are of lately */

struct options {
	unsigned core, seconds;
};

/* ---- Options: -pmd CORE and others that take a value, and the datapath's name ---- */

static bool
options_of(struct xd_unixctl_call *call, struct options *options)
{
	*options = (struct options){CORE_ANY, LOAD_S};
	for (unsigned i = 0; i < call->nb_args; i++) {
		const char *word = call->args[i];
		bool takes = !strcmp(word, "-pmd") || !strcmp(word, "-secs") ||
			     !strcmp(word, "-it") || !strcmp(word, "-ms");
		char *end;

		if (takes && i + 1 == call->nb_args)
			return xd_unixctl_refuse(call, "%s takes a number", word);
		if (takes) {
			unsigned long value = strtoul(call->args[++i], &end, 10);

			if (*end || !call->args[i][0] || value >= CORE_ANY)
				return xd_unixctl_refuse(
					call, "%s %.20s: not a number", word, call->args[i]);
			if (!strcmp(word, "-pmd"))
				options->core = value;
			else if (!strcmp(word, "-secs") && value > 0)
				options->seconds = value;
		} else if (word[0] == '-' && strcmp(word, "-nh")) {
			return xd_unixctl_refuse(call, "%.40s: there is no such option", word);
		} else if (word[0] != '-' && !strstr("netdev@ovs-netdev", word)) {
			return xd_unixctl_refuse(
				call, "please specify an existing datapath: netdev@ovs-netdev");
		}
	}
	return true;
}

typedef void (*worker_fn)(
	struct xd_unixctl_call *call, const struct xd_worker_info *worker, unsigned index);

static bool
each_worker(struct xd_unixctl_call *call, unsigned core, worker_fn fn)
{
	unsigned n = xd_switch_workers(call->sw, NULL, 0), filled;
	struct xd_worker_info *workers = calloc(n + 1, sizeof(*workers));

	if (!workers)
		return xd_unixctl_refuse(call, "no memory");
	filled = xd_switch_workers(call->sw, workers, n);
	for (unsigned i = 0; i < n && i < filled; i++) {
		if (core != CORE_ANY && core != workers[i].core)
			continue;
		xd_unixctl_since(call->cleared, &workers[i]);
		fn(call, &workers[i], i);
	}
	free(workers);
	return true;
}

static void
print_thread(FILE *out, const struct xd_worker_info *worker)
{
	fprintf(out, "pmd thread numa_id %d core_id %u:\n", worker->node < 0 ? 0 : worker->node,
		worker->core);
}

/* ---- pmd-rxq-show ---- */

static unsigned
percent(uint32_t ppm)
{
	return (ppm + 5000) / 10000;
}

static void
print_queues(struct xd_unixctl_call *call, const struct xd_worker_info *worker, unsigned index)
{
	unsigned n = xd_switch_worker_queues(call->sw, index, NULL, 0), filled;
	struct xd_worker_queue *queues = calloc(n + 1, sizeof(*queues));
	uint32_t rest = worker->load_ppm;

	if (!queues)
		return;
	filled = xd_switch_worker_queues(call->sw, index, queues, n);
	print_thread(call->out, worker);
	fprintf(call->out, "  isolated : %s\n", worker->isolated ? "true" : "false");
	for (unsigned i = 0; i < n && i < filled; i++) {
		fprintf(call->out, "  port: %-16s  queue-id: %2u (enabled)   pmd usage: %2u %%\n",
			queues[i].port, queues[i].queue, percent(queues[i].load_ppm));
		rest -= rest < queues[i].load_ppm ? rest : queues[i].load_ppm;
	}
	fprintf(call->out, "  overhead: %2u %%\n", percent(rest));
	free(queues);
}

bool
xd_unixctl_pmd_rxq_show(struct xd_unixctl_call *call)
{
	struct options options;

	if (!options_of(call, &options))
		return false;
	fprintf(call->out, "Displaying last %u seconds pmd usage %%\n", options.seconds);
	return each_worker(call, options.core, print_queues);
}

bool
xd_unixctl_pmd_rebalance(struct xd_unixctl_call *call)
{
	struct xd_balance_info info;
	struct xd_error err;

	if (xd_switch_balance(call->sw, false, &info, &err))
		return xd_unixctl_refuse(call, "%s", err.text);
	fprintf(call->out, "pmd rxq rebalance requested.\n");
	return true;
}

/* ---- pmd-stats-show ---- */

static double
share(uint64_t part, uint64_t all)
{
	return all ? 100.0 * part / all : 0;
}

/* A frame costs one look-up in a table of addresses: what Open vSwitch has in its first cache. */
static void
print_hits(FILE *out, uint64_t frames, double per_batch)
{
	fprintf(out,
		"  packets received: %" PRIu64 "\n"
		"  packet recirculations: 0\n"
		"  avg. datapath passes per packet: %.2f\n"
		"  phwol hits: 0\n"
		"  mfex opt hits: 0\n"
		"  simple match hits: 0\n"
		"  emc hits: %" PRIu64 "\n"
		"  smc hits: 0\n"
		"  megaflow hits: 0\n"
		"  avg. subtable lookups per megaflow hit: 0.00\n"
		"  miss with success upcall: 0\n"
		"  miss with failed upcall: 0\n"
		"  avg. packets per output batch: %.2f\n",
		frames, frames ? 1.0 : 0.0, frames, per_batch);
}

static void
print_stats(struct xd_unixctl_call *call, const struct xd_worker_info *w, unsigned index)
{
	uint64_t cycles = w->idle_cycles + w->busy_cycles;

	(void)index;
	print_thread(call->out, w);
	print_hits(call->out, w->frames, w->turns ? (double)w->frames / w->turns : 0);
	fprintf(call->out,
		"  idle cycles: %" PRIu64 " (%.2f%%)\n"
		"  processing cycles: %" PRIu64 " (%.2f%%)\n",
		w->idle_cycles, share(w->idle_cycles, cycles), w->busy_cycles,
		share(w->busy_cycles, cycles));
	if (w->frames)
		fprintf(call->out,
			"  avg cycles per packet: %.2f (%" PRIu64 "/%" PRIu64 ")\n"
			"  avg processing cycles per packet: %.2f (%" PRIu64 "/%" PRIu64 ")\n",
			(double)cycles / w->frames, cycles, w->frames,
			(double)w->busy_cycles / w->frames, w->busy_cycles, w->frames);
}

bool
xd_unixctl_pmd_stats_show(struct xd_unixctl_call *call)
{
	struct options options;

	if (!options_of(call, &options) || !each_worker(call, options.core, print_stats))
		return false;
	if (options.core == CORE_ANY) {
		fprintf(call->out, "main thread:\n");
		print_hits(call->out, 0, 0);
	}
	return true;
}

/* ---- pmd-perf-show ---- */

/* Frames sent are counted by port, not by worker: there is no line of theirs. */
static void
print_perf_frames(FILE *out, const struct xd_worker_info *w, double seconds)
{
	fprintf(out,
		"  Rx packets:         %12" PRIu64 "  (%.0f Kpps, %.0f cycles/pkt)\n"
		"  Datapath passes:    %12" PRIu64 "  (%.2f passes/pkt)\n"
		"  - PHWOL hits:       %12d  (%5.1f %%)\n"
		"  - MFEX Opt hits:    %12d  (%5.1f %%)\n"
		"  - Simple Match hits:%12d  (%5.1f %%)\n"
		"  - EMC hits:         %12" PRIu64 "  (%5.1f %%)\n"
		"  - SMC hits:         %12d  (%5.1f %%)\n"
		"  - Megaflow hits:    %12d  (%5.1f %%, %.2f subtbl lookups/hit)\n"
		"  - Upcalls:          %12d  (%5.1f %%, %.1f us/upcall)\n"
		"  - Lost upcalls:     %12d  (%5.1f %%)\n",
		w->frames, seconds > 0 ? w->frames / seconds / 1000 : 0,
		(double)w->busy_cycles / w->frames, w->frames, 1.0, 0, 0.0, 0, 0.0, 0, 0.0,
		w->frames, 100.0, 0, 0.0, 0, 0.0, 0.0, 0, 0.0, 0.0, 0, 0.0);
}

static void
print_perf(struct xd_unixctl_call *call, const struct xd_worker_info *w, unsigned index)
{
	uint64_t used = w->idle_cycles + w->busy_cycles, all = used + w->sleep_cycles;
	uint64_t hz = xd_switch_tsc_hz(call->sw), idle = w->rounds - w->turns;
	double us = hz ? 1e6 / hz : 0, seconds = all * us / 1e6;

	if (w->turns > w->rounds)
		idle = 0;
	(void)index;
	print_thread(call->out, w);
	fprintf(call->out,
		"\n  Iterations:         %12" PRIu64 "  (%.2f us/it)\n"
		"  - Used TSC cycles:  %12" PRIu64 "  (%5.1f %% of total cycles)\n"
		"  - idle iterations:  %12" PRIu64 "  (%5.1f %% of used cycles)\n"
		"  - busy iterations:  %12" PRIu64 "  (%5.1f %% of used cycles)\n"
		"  - sleep iterations: %12" PRIu64 "  (%5.1f %% of iterations)\n"
		"  Sleep time (us):    %12.0f  (%.0f us/iteration avg.)\n",
		w->rounds, w->rounds ? used * us / w->rounds : 0, used, share(used, all), idle,
		share(w->idle_cycles, used), w->turns, share(w->busy_cycles, used), w->sleeps,
		share(w->sleeps, w->rounds), w->sleep_cycles * us,
		w->sleeps ? w->sleep_cycles * us / w->sleeps : 0);
	if (w->frames)
		print_perf_frames(call->out, w, seconds);
	else
		fprintf(call->out, "  Rx packets:         %12d\n", 0);
	fprintf(call->out, "\n");
}

bool
xd_unixctl_pmd_perf_show(struct xd_unixctl_call *call)
{
	const uint64_t since_ns =
		call->cleared->at_ns ? call->cleared->at_ns : call->opts->control->started_ns;
	struct options options;
	time_t now = time(NULL);
	struct tm tm;

	if (!options_of(call, &options))
		return false;
	localtime_r(&now, &tm);
	fprintf(call->out, "\nTime: %02d:%02d:%02d.000\nMeasurement duration: %.3f s\n\n",
		tm.tm_hour, tm.tm_min, tm.tm_sec, (xd_clock_ns() - since_ns) / 1e9);
	return each_worker(call, options.core, print_perf);
}

bool
xd_unixctl_pmd_stats_clear(struct xd_unixctl_call *call)
{
	struct options options;

	return options_of(call, &options) && xd_unixctl_clear(call, options.core);
}

/* ---- pmd-sleep-show ---- */

static void
print_sleep(struct xd_unixctl_call *call, const struct xd_worker_info *worker, unsigned index)
{
	(void)index;
	print_thread(call->out, worker);
	fprintf(call->out, "  max sleep: %4u us\n", 0);
}

/* Workers do not sleep for a time here but until there are frames: `idle: sleep`. */
bool
xd_unixctl_pmd_sleep_show(struct xd_unixctl_call *call)
{
	fprintf(call->out, "Default max sleep: %4u us\n", 0);
	return each_worker(call, CORE_ANY, print_sleep);
}
