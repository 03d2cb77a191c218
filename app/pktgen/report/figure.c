/* SPDX-License-Identifier: BSD-3-Clause */
/* Which figures each kind of row is compared by, and how each is taken from the row. */
#include <math.h>
#include <string.h>

#include "engine.h"
#include "figure.h"
#include "traffic/engine/message/message.h"

#define GETTER(scope, name, has, value)                                                            \
	scope double name(const struct xd_row *row)                                                \
	{                                                                                          \
		return (has) ? (double)(value) : NAN;                                              \
	}
#define FIGURE(name, has, value) GETTER(, name, has, value)

FIGURE(figure_mpps, true, row->rate.pps / 1e6)
FIGURE(figure_sent_mpps, true, row->rate.sent_pps / 1e6)
FIGURE(figure_asked_mpps, row->rate.asked_pps > 0, row->rate.asked_pps / 1e6)
FIGURE(figure_l2_gbps, true, row->rate.l2_bps / 1e9)
FIGURE(figure_l1_gbps, true, row->rate.l1_bps / 1e9)
FIGURE(figure_lost, true, row->rate.lost_frames)
FIGURE(figure_cycles, row->dut.known && row->dut.frames, row->dut.busy_cycles_per_frame)
FIGURE(figure_busy_percent, row->dut.known, 100 * row->dut.busy_share)
FIGURE(figure_cpu_s, true, row->cpu_s)
FIGURE(figure_steal_s, true, row->steal_s)

/* What should have come is what came and what was lost: with broadcasts more than was sent. */
FIGURE(figure_loss_percent, row->rate.received_frames + (double)row->rate.lost_frames > 0,
	100 * (double)row->rate.lost_frames /
		((double)row->rate.received_frames + (double)row->rate.lost_frames))

FIGURE(figure_found_mpps, row->search.method[0], row->search.found_pps / 1e6)
FIGURE(figure_search_loss_percent, row->search.method[0], 100 * row->search.loss_ratio)
FIGURE(figure_burst, row->search.method[0], row->search.burst_frames)

static double
pair_gbps(const struct xd_row *row, double pps)
{
	if (!row->pairs.vms || row->rate.pps <= 0)
		return NAN;
	return pps * (row->rate.l2_bps / row->rate.pps) / 1e9;
}

FIGURE(figure_pair_gbps, true, pair_gbps(row, row->pairs.mean_pps))
FIGURE(figure_min_pair_gbps, true, pair_gbps(row, row->pairs.min_pps))
FIGURE(figure_max_pair_gbps, true, pair_gbps(row, row->pairs.max_pps))
FIGURE(figure_jain, row->pairs.jain > 0, row->pairs.jain)
FIGURE(figure_of_baseline, row->pairs.of_baseline > 0, row->pairs.of_baseline)
FIGURE(figure_unloaded_p50_us, row->pairs.unloaded.count, row->pairs.unloaded.p50_ns / 1e3)
FIGURE(figure_unloaded_p99_us, row->pairs.unloaded.count, row->pairs.unloaded.p99_ns / 1e3)

FIGURE(figure_half_mean_us, row->timed && row->latency.half_mean_ns > 0,
	row->latency.half_mean_ns / 1e3)
FIGURE(figure_jitter, row->timed && row->latency.jitter > 0, row->latency.jitter)
FIGURE(figure_rfc3550_us, row->timed && row->latency.rfc3550_jitter_ns > 0,
	row->latency.rfc3550_jitter_ns / 1e3)
FIGURE(figure_times_count, row->timed, row->latency.count)
FIGURE(figure_times_lost, row->timed && !row->paced, row->latency.lost)

const char *const figure_times_names[FIGURE_TIMES] = {
	"min", "mean", "P50", "P95", "P99", "P99.9", "P99.99", "max"};

#define TIMES(name, has, times)                                                                    \
	GETTER(static, name##_min, (has) && (times).count, (times).min_ns / 1e3)                   \
	GETTER(static, name##_mean, (has) && (times).count, (times).mean_ns / 1e3)                 \
	GETTER(static, name##_p50, (has) && (times).count, (times).p50_ns / 1e3)                   \
	GETTER(static, name##_p95, (has) && (times).count, (times).p95_ns / 1e3)                   \
	GETTER(static, name##_p99, (has) && (times).count, (times).p99_ns / 1e3)                   \
	GETTER(static, name##_p99_9, (has) && (times).count, (times).p99_9_ns / 1e3)               \
	GETTER(static, name##_p99_99, (has) && (times).count, (times).p99_99_ns / 1e3)             \
	GETTER(static, name##_max, (has) && (times).count, (times).max_ns / 1e3)
#define TIMES_LIST(name)                                                                           \
	{                                                                                          \
		name##_min, name##_mean, name##_p50, name##_p95, name##_p99, name##_p99_9,         \
			name##_p99_99, name##_max                                                  \
	}

TIMES(actual, row->timed, row->latency.actual)
TIMES(planned, row->timed, row->latency.planned)
TIMES(lateness, row->paced, row->pacing.lateness)

report_figure_fn
figure_times(enum figure_times which, unsigned column)
{
	static const report_figure_fn figures[][FIGURE_TIMES] = {
		TIMES_LIST(actual),
		TIMES_LIST(planned),
		TIMES_LIST(lateness),
	};

	return figures[which][column];
}

bool
figure_is_planned(const struct xd_row *row)
{
	return row->timed && row->latency.planned.count > 0;
}

FIGURE(figure_p50_us, true, figure_is_planned(row) ? planned_p50(row) : actual_p50(row))
FIGURE(figure_p99_us, true, figure_is_planned(row) ? planned_p99(row) : actual_p99(row))
FIGURE(figure_p99_9_us, true, figure_is_planned(row) ? planned_p99_9(row) : actual_p99_9(row))

FIGURE(figure_within_percent, row->paced, 100 * row->pacing.within_500ns)
FIGURE(figure_max_burst, row->paced, row->pacing.max_burst)
FIGURE(figure_late, row->paced, row->pacing.late_frames)
FIGURE(figure_blocked, row->paced, row->pacing.blocked_frames)
FIGURE(figure_skipped, row->paced, row->pacing.skipped_frames)

/* Several ports may send at the rate that each was asked for: the nearest whole number of them. */
double
figure_asked_error_ppm(const struct xd_row *row)
{
	double asked = row->rate.asked_pps, senders;

	if (!row->paced || asked <= 0)
		return NAN;
	senders = fmax(1, round(row->rate.sent_pps / asked));
	return 1e6 * (row->rate.sent_pps / (asked * senders) - 1);
}

#define US "&micro;s"

/* The methods of a search whose result are times. */
static bool
is_about_times(const struct xd_search_figures *search)
{
	return !strcmp(search->method, "latency") || !strcmp(search->method, "profile");
}

unsigned
report_time_figures(const struct xd_row *row, const struct report_figure **figures)
{
	static const struct report_figure times[] = {{"P50", US, true, figure_p50_us, NULL, NULL},
		{"P99", US, true, figure_p99_us, NULL, NULL},
		{"P99.9", US, true, figure_p99_9_us, NULL, NULL}};

	(void)row;
	*figures = times;
	return 3;
}

unsigned
report_search_figures(const struct xd_row *row, const struct report_figure **figures)
{
	static const struct report_figure found[] = {
		{"found", "Mpps", false, figure_found_mpps, figure_l2_gbps, "Gbit/s"}};
	static const struct report_figure loss[] = {
		{"loss", "%", true, figure_search_loss_percent, figure_found_mpps, "Mpps"}};
	static const struct report_figure burst[] = {
		{"burst", "frames", false, figure_burst, NULL, NULL}};

	if (row->timed && is_about_times(&row->search))
		return report_time_figures(row, figures);
	*figures = !strcmp(row->search.method, "frame-loss")     ? loss
		   : !strcmp(row->search.method, "back-to-back") ? burst
								 : found;
	return 1;
}

unsigned
report_pairs_figures(const struct xd_row *row, const struct report_figure **figures)
{
	static const struct report_figure pairs[] = {
		{"total", "Gbit/s", false, figure_l2_gbps, figure_mpps, "Mpps"},
		{"loaded P99", US, true, figure_p99_us, NULL, NULL}};

	*figures = pairs;
	return row->timed ? 2 : 1;
}

static struct xd_message_figures
message_of(const struct xd_row *row)
{
	struct xd_message_figures m;

	memcpy(&m, row->own, sizeof(m));
	return m;
}

double
figure_message_gbps(const struct xd_row *row)
{
	return message_of(row).bps / 1e9;
}

double
figure_messages_s(const struct xd_row *row)
{
	return message_of(row).messages_s;
}

bool
figure_is_message_latency(const struct xd_row *row)
{
	return !strcmp(message_of(row).test, xd_message_test_name(XD_MESSAGE_LATENCY));
}

unsigned
report_message_figures(const struct xd_row *row, const struct report_figure **figures)
{
	static const struct report_figure bandwidth[] = {{"bandwidth", "Gbit/s", false,
		figure_message_gbps, figure_messages_s, "messages/s"}};
	static const struct report_figure latency[] = {
		{"mean/2", US, true, figure_half_mean_us, figure_p99_us, US " P99"}};

	*figures = figure_is_message_latency(row) ? latency : bandwidth;
	return 1;
}

unsigned
report_figures_of(const struct xd_row *row, const struct report_figure **figures)
{
	static const struct report_figure rate[] = {
		{"delivered", "Mpps", false, figure_mpps, figure_l2_gbps, "Gbit/s"}};
	const struct engine *engine = engine_of(row);

	if (engine->report.figures)
		return engine->report.figures(row, figures);
	*figures = rate;
	return engine->report.section ? 1 : 0;
}
