/* SPDX-License-Identifier: BSD-3-Clause */
/* Searches as a whole: their rows, what they say is missing, and how they end. The trials are made
 * up here, in the place of trial.c's and search_wait.c's. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/search/missing.h"
#include "traffic/engine/search/search.h"
#include "traffic/engine/search/wait.h"
#include "traffic/trial/trial.h"

#define ROWS_MAX 8000
#define GIVEN    10e6 /* the rate that is asked for */

/* The switch, and what the generator does. Behind the first port, so that the trials find it. */
struct fabric {
	struct xd_gen_port port;
	double knee_pps;      /* of each sender */
	unsigned copies;      /* of each frame: a broadcast */
	bool back_pressure;   /* it takes no more than that, instead of losing */
	double generator_pps; /* as fast as the generator goes; over it trials are void */
	unsigned void_times;  /* the first so many trials at each new load are void */
	double buffer_frames;
	unsigned cancel_at, die_at; /* trials */
	volatile bool cancel;

	struct xd_gen gen;
	unsigned trials, prepared, destroyed;
	unsigned at_load;
	double last_pps, max_pps, min_pps;
	uint32_t every;
	double waited_s;
	double shown;
	unsigned nb_rows;
	struct xd_row *rows;
};

struct xd_trial {
	struct xd_gen *gen;
	struct fabric *fabric;
	const struct xd_traffic_opts *opts;
	unsigned mix;
};

struct xd_trial *
xd_trial_create(struct xd_gen *gen, const struct xd_traffic_opts *opts, unsigned mix,
	unsigned nb_ports, struct xd_error *err)
{
	struct xd_trial *trial = calloc(1, sizeof(*trial));

	(void)err;
	assert_int_equal(nb_ports, 0);
	assert_non_null(trial);
	trial->gen = gen;
	trial->fabric = (struct fabric *)gen->ports[0];
	trial->opts = opts;
	trial->mix = mix;
	trial->fabric->prepared++;
	trial->fabric->every = opts->every;
	return trial;
}

void
xd_trial_destroy(struct xd_trial *trial)
{
	if (trial)
		trial->fabric->destroyed++;
	free(trial);
}

double
xd_trial_asked_pps(const struct xd_trial *trial)
{
	return trial->opts->rate.kind == XD_RATE_PPS ? trial->opts->rate.value : 0;
}

unsigned
xd_trial_senders(const struct xd_trial *trial)
{
	return trial->opts->direction == XD_DIRECTION_BOTH ? 2 : 1;
}

int
xd_search_wait(const struct xd_gen *gen, double seconds)
{
	((struct fabric *)gen->ports[0])->waited_s += seconds;
	return 0;
}

/* How many of a sender's frames go, and come. */
static void
send_frames(const struct fabric *f, const struct xd_trial_load *load, double *sent, double *came)
{
	double pps = load->pps > 0 ? load->pps : f->generator_pps;

	if (load->frames) {
		double held = (double)load->frames * (1 - fmin(1, f->knee_pps / pps));

		*sent = (double)load->frames;
		*came = *sent - fmax(0, held - f->buffer_frames);
		return;
	}
	*sent = pps * load->time_s;
	*came = fmin(pps, f->knee_pps) * load->time_s;
	if (f->back_pressure)
		*sent = *came;
}

static void
fill_row(const struct xd_trial *t, const struct xd_trial_load *load, struct xd_row *row)
{
	const struct fabric *f = t->fabric;
	double sent, came, senders = xd_trial_senders(t);

	send_frames(f, load, &sent, &came);
	memset(row, 0, sizeof(*row));
	row->size = t->opts->sizes.mix[t->mix].bytes[0];
	row->time_s = load->time_s;
	row->rate.asked_pps = load->pps;
	row->rate.sent_frames = (uint64_t)(sent * senders);
	row->rate.received_frames = (uint64_t)(came * senders);
	row->rate.received_frames *= f->copies;
	row->rate.lost_frames =
		(int64_t)(row->rate.sent_frames * f->copies - row->rate.received_frames);
	row->rate.sent_pps = sent * senders / load->time_s;
	row->rate.pps = came * senders / load->time_s;
	row->rate.bottleneck = f->back_pressure ? XD_BOTTLENECK_RING_FULL : XD_BOTTLENECK_GENERATOR;
	row->is_void = load->pps > f->generator_pps || f->at_load <= f->void_times;
	row->timed = t->opts->every > 0;
	row->latency.count = row->latency.actual.count = 100;
	row->latency.actual.min_ns = f->trials;
	row->latency.actual.mean_ns = 1000 * f->trials;
	row->latency.actual.p99_ns = 2000 * f->trials;
	row->latency.actual.max_ns = 9000 * f->trials;
}

int
xd_trial_run(struct xd_trial *t, const struct xd_trial_load *load, struct xd_row *row,
	struct xd_error *err)
{
	struct fabric *f = t->fabric;

	f->at_load = f->trials++ && fabs(load->pps - f->last_pps) < 1e-6 ? f->at_load + 1 : 1;
	f->last_pps = load->pps;
	f->max_pps = fmax(f->max_pps, load->pps);
	if (load->pps > 0)
		f->min_pps = f->min_pps > 0 ? fmin(f->min_pps, load->pps) : load->pps;
	for (double share = 0; share <= 1; share += 0.25)
		xd_gen_progress(t->gen, load->what, share);
	fill_row(t, load, row);
	if (f->trials == f->cancel_at) {
		f->cancel = row->partial = true;
		return xd_fail(err, -EINTR, "interrupted");
	}
	if (f->trials == f->die_at) {
		row->partial = true;
		return xd_fail(err, -EPIPE, "port 0: the switch went away");
	}
	return 0;
}

static void
shows(void *ctx, const char *what, double share)
{
	struct fabric *f = ctx;

	assert_true(what[0] && share >= f->shown && share <= 1);
	f->shown = share;
}

static int
keeps(void *ctx, const struct xd_row *row)
{
	struct fabric *f = ctx;

	assert_true(f->nb_rows < ROWS_MAX);
	assert_ptr_equal(row->engine, &xd_search_engine);
	f->rows[f->nb_rows++] = *row;
	return 0;
}

static int
set_up(void **state)
{
	struct fabric *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->rows = calloc(ROWS_MAX, sizeof(*f->rows));
	f->knee_pps = 4e6;
	f->copies = 1;
	f->generator_pps = 1e9;
	f->gen = (struct xd_gen){
		.nb_ports = 2, .cancel = &f->cancel, .progress = shows, .row = keeps, .ctx = f};
	f->gen.ports[0] = f->gen.ports[1] = &f->port;
	*state = f;
	return f->rows ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct fabric *f = *state;

	free(f->rows);
	free(f);
	return 0;
}

/* RFC 2544's sizes, or only the first. Freed by the caller. */
static struct xd_search_opts *
options(enum xd_search_method method, bool all_sizes)
{
	static const uint32_t sizes[] = {60, 124, 252, 508, 1020, 1276, 1514};
	struct xd_search_opts *opts = calloc(1, sizeof(*opts));

	assert_non_null(opts);
	opts->method = method;
	xd_search_defaults(opts);
	opts->traffic.rate = (struct xd_rate_limit){.kind = XD_RATE_PPS, .value = GIVEN};
	opts->traffic.sizes.n = all_sizes ? 7 : 1;
	for (unsigned i = 0; i < opts->traffic.sizes.n; i++) {
		opts->traffic.sizes.mix[i].n = 1;
		opts->traffic.sizes.mix[i].bytes[0] = sizes[i];
	}
	return opts;
}

/* Runs and frees the options. */
static void
search(struct fabric *f, struct xd_search_opts *opts, int want_rc)
{
	struct xd_error err = {0};

	assert_int_equal(xd_search_run(&f->gen, opts, &err), want_rc);
	assert_int_equal(f->prepared, f->destroyed);
	assert_true(!want_rc == !err.text[0] || want_rc == 0);
	free(opts);
}

static const struct xd_row *
result(const struct fabric *f, unsigned number)
{
	for (unsigned i = 0; i < f->nb_rows; i++)
		if (!f->rows[i].search.is_trial && !number--)
			return &f->rows[i];
	fail_msg("no such result");
	return NULL;
}

static unsigned
nb_results(const struct fabric *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->nb_rows; i++)
		n += !f->rows[i].search.is_trial;
	return n;
}

static void
throughput_as_written(void **state)
{
	struct fabric *f = *state;

	search(f, options(XD_SEARCH_THROUGHPUT, true), 0);
	assert_int_equal(nb_results(f), 7);
	for (unsigned i = 0; i < 7; i++) {
		const struct xd_search_figures *s = &result(f, i)->search;

		assert_string_equal(s->missing, "");
		assert_true(s->complete);
		assert_string_equal(s->method, "throughput");
		assert_true(s->trial_s >= 60);
		assert_true(s->found_pps <= 4e6 + 1 && s->found_pps >= 4e6 * 0.9949);
		assert_true(s->lower_pps >= s->found_pps && s->upper_pps > 4e6);
	}
	assert_int_equal(result(f, 1)->size, 124);
	assert_true(fabs(f->waited_s - 7.0 * f->trials) < 1e-6);
	assert_true(f->max_pps <= GIVEN);
}

static void
shortened_throughput(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, false);
	const struct xd_row *row;

	opts->final_s = 3;
	search(f, opts, 0);
	assert_int_equal(nb_results(f), 1);
	row = result(f, 0);
	assert_false(row->search.complete);
	assert_false(row->partial);
	assert_string_equal(row->search.missing,
		"RFC 2544 section 24: final trial of 3 s instead of at least 60 s; section 23: "
		"waits of 0 s instead of 7 s; section 9.1: without 128, 256, 512, 1024, 1280, 1518 "
		"bytes (with FCS)");
	assert_true(f->waited_s <= 0);
}

/* The trials come first and are numbered; the result begins as the final trial's row. */
static void
rows_of_trials(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, false);
	const struct xd_row *last;

	opts->traffic.direction = XD_DIRECTION_BOTH;
	search(f, opts, 0);
	assert_int_equal(f->nb_rows, f->trials + 1);
	for (unsigned i = 0; i < f->trials; i++) {
		assert_true(f->rows[i].search.is_trial);
		assert_int_equal(f->rows[i].trial, i + 1);
		assert_true(f->rows[i].search.trial_s > 0);
		assert_true(f->rows[i].search.loss_ratio >= 0);
	}
	assert_true(fabs(f->rows[0].search.loss_ratio - 0.6) < 1e-6);
	last = result(f, 0);
	assert_int_equal(last->search.trials, f->trials);
	assert_true(fabs(last->rate.asked_pps - last->search.found_pps) < 1e-3);
	assert_true(last->time_s >= 60);
	assert_int_equal(last->rate.lost_frames, 0);
	assert_true(f->shown > 0.9);
}

/* Frames that the switch did not take are lost, though none that was sent is missing. */
static void
back_pressure_is_loss(void **state)
{
	struct fabric *f = *state;

	f->back_pressure = true;
	search(f, options(XD_SEARCH_THROUGHPUT, false), 0);
	assert_true(result(f, 0)->search.found_pps <= 4e6 * 1.002);
	assert_true(result(f, 0)->search.found_pps >= 4e6 * 0.994);
}

/* Of a broadcast that was not taken, every copy is. */
static void
back_pressure_on_a_broadcast(void **state)
{
	struct fabric *f = *state;

	f->back_pressure = true;
	f->copies = 3;
	search(f, options(XD_SEARCH_THROUGHPUT, false), 0);
	assert_true(fabs(f->rows[0].search.loss_ratio - 0.6) < 1e-3);
}

static void
maximum_of_the_switch(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, true);

	f->back_pressure = true;
	opts->traffic.rate.kind = XD_RATE_MAX;
	search(f, opts, 0);
	assert_string_equal(f->rows[0].name, "as fast as it goes");
	assert_true(f->max_pps > 4.3e6 && f->max_pps <= 4.4e6 * 1.0001);
	assert_true(result(f, 0)->search.upper_pps > 4e6);
	assert_true(result(f, 0)->search.complete);
}

static void
maximum_of_the_generator(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, true);

	f->generator_pps = 3e6;
	opts->traffic.rate.kind = XD_RATE_MAX;
	search(f, opts, 0);
	assert_true(f->max_pps <= 3e6);
	assert_true(result(f, 0)->search.found_pps >= 3e6);
	assert_true(result(f, 0)->search.upper_pps <= 0);
	assert_false(result(f, 0)->search.complete);
	assert_non_null(strstr(result(f, 0)->search.missing, "section 20"));
}

static void
void_trials_are_repeated(void **state)
{
	struct fabric *f = *state;

	f->void_times = 3;
	search(f, options(XD_SEARCH_THROUGHPUT, true), 0);
	assert_true(result(f, 0)->search.complete);
	assert_true(f->rows[0].is_void && f->rows[2].is_void && !f->rows[3].is_void);
	assert_false(result(f, 0)->is_void);
}

static void
void_loads_are_not_counted(void **state)
{
	struct fabric *f = *state;
	unsigned tries = 0;

	f->generator_pps = 2e6;
	search(f, options(XD_SEARCH_THROUGHPUT, true), 0);
	assert_true(result(f, 0)->search.found_pps <= 2e6);
	assert_true(result(f, 0)->search.found_pps >= 2e6 * 0.99);
	assert_true(result(f, 0)->search.upper_pps <= 0);
	assert_false(result(f, 0)->search.complete);
	assert_non_null(strstr(result(f, 0)->search.missing, "void"));
	while (fabs(f->rows[tries].rate.asked_pps - GIVEN) < 1)
		tries++;
	assert_int_equal(tries, 4);
}

static void
none_without_loss(void **state)
{
	struct fabric *f = *state;

	f->knee_pps = 1;
	search(f, options(XD_SEARCH_THROUGHPUT, true), 0);
	assert_true(result(f, 0)->search.found_pps <= 0);
	assert_non_null(strstr(result(f, 0)->search.missing, "down to 1000 pps"));
	assert_true(f->min_pps >= 1000);
}

static void
cancelled(void **state)
{
	static const enum xd_search_method methods[] = {XD_SEARCH_THROUGHPUT, XD_SEARCH_LATENCY,
		XD_SEARCH_FRAME_LOSS, XD_SEARCH_BACK_TO_BACK, XD_SEARCH_MLR, XD_SEARCH_PROFILE};
	struct fabric *f = *state;

	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		for (unsigned at = 1; at < 7; at++) {
			const struct xd_row *row;

			f->trials = f->nb_rows = 0;
			f->cancel = false;
			f->shown = 0;
			/* Frame loss comes to its end sooner. */
			f->cancel_at = methods[i] == XD_SEARCH_FRAME_LOSS ? 1 + at % 4 : at;
			search(f, options(methods[i], true), -EINTR);
			assert_int_equal(f->trials, f->cancel_at);
			row = &f->rows[f->nb_rows - 1];
			assert_false(row->search.is_trial);
			assert_true(row->partial);
			assert_false(row->search.complete);
			assert_non_null(strstr(row->search.missing, "interrupted"));
			assert_null(strstr(row->search.missing, "cut short"));
		}
}

static void
switch_goes_away(void **state)
{
	struct fabric *f = *state;

	f->die_at = 3;
	search(f, options(XD_SEARCH_THROUGHPUT, true), -EPIPE);
	assert_int_equal(nb_results(f), 1);
	assert_true(result(f, 0)->partial);
	assert_non_null(strstr(result(f, 0)->search.missing, "the switch went away"));
}

/* The final trial would end too late: what short ones found is known, and partial. */
static void
time_is_up(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, true);

	opts->timeout_s = 30;
	search(f, opts, 0);
	assert_int_equal(nb_results(f), 7);
	assert_true(result(f, 6)->partial);
	assert_false(result(f, 6)->search.complete);
	assert_true(fabs(result(f, 6)->search.trial_s - 2) < 1e-9);
	assert_true(result(f, 6)->search.found_pps > 3.9e6);
	assert_non_null(strstr(result(f, 6)->search.missing, "ended after 30 s"));
}

static void
latency_as_written(void **state)
{
	struct fabric *f = *state;
	const struct xd_row *row;
	double mean = 0;

	search(f, options(XD_SEARCH_LATENCY, true), 0);
	assert_int_equal(f->every, 1);
	assert_int_equal(nb_results(f), 7);
	row = result(f, 0);
	assert_string_equal(row->search.missing, "");
	assert_true(row->search.complete);
	assert_int_equal(row->search.repeats, 20);
	assert_true(row->search.trial_s >= 120);
	for (unsigned i = 0; i < 20; i++)
		mean += 1000.0 * (row->search.trials - i) / 20;
	assert_true(fabs(row->latency.actual.mean_ns - mean) < 1e-3);
	assert_true(fabs(row->latency.actual.p99_ns - 2 * mean) < 1e-3);
	assert_true(fabs(row->latency.actual.min_ns - (row->search.trials - 19)) < 1e-9);
	assert_true(fabs(row->latency.actual.max_ns - 9000.0 * row->search.trials) < 1e-9);
	assert_int_equal(row->latency.actual.count, 2000);
	assert_true(fabs(row->rate.asked_pps - row->search.found_pps) < 1e-3);
}

static void
shortened_latency(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_LATENCY, true);

	opts->latency_s = 10;
	opts->repeat = 3;
	search(f, opts, 0);
	assert_string_equal(result(f, 0)->search.missing,
		"RFC 2544 section 26.2: trials of 10 s instead of at least 120 s; section 26.2: 3 "
		"instead of 20 repeats");
	assert_int_equal(result(f, 0)->search.repeats, 3);
}

static void
frame_loss_rows(void **state)
{
	static const char *const goals[] = {
		"100%", "90%", "80%", "70%", "60%", "50%", "40%", "30%"};
	struct fabric *f = *state;

	search(f, options(XD_SEARCH_FRAME_LOSS, true), 0);
	assert_int_equal(nb_results(f), 7 * 8);
	for (unsigned i = 0; i < 8; i++) {
		const struct xd_search_figures *s = &result(f, i)->search;

		assert_string_equal(s->goal, goals[i]);
		assert_true(s->complete);
		assert_true(fabs(result(f, i)->rate.asked_pps - s->found_pps) < 1e-3);
		assert_true(fabs(s->loss_ratio - fmax(0, 1 - 4e6 / s->found_pps)) < 1e-6);
	}
}

static void
back_to_back_row(void **state)
{
	struct fabric *f = *state;
	const struct xd_search_figures *s;
	struct xd_search_opts *opts = options(XD_SEARCH_BACK_TO_BACK, true);
	double waits = 0;

	f->buffer_frames = 600;
	search(f, opts, 0);
	assert_int_equal(nb_results(f), 7);
	s = &result(f, 0)->search;
	assert_string_equal(s->missing, "");
	assert_true(s->complete);
	assert_int_equal(s->repeats, 50);
	/* 600 frames, filled with 6 of 10 that come. */
	assert_in_range(s->burst_frames, 995, 1000);
	assert_in_range(s->burst_min_frames, 995, 1000);
	assert_in_range(s->burst_max_frames, 995, 1000);
	assert_true(fabs(s->corrected_burst_frames - 600) < 6);
	assert_true(s->found_pps > 3.9e6);
	/* What is on its way gets two seconds after a burst, seven after another trial. */
	for (unsigned i = 0; i < f->nb_rows; i++)
		if (f->rows[i].search.is_trial)
			waits += f->rows[i].search.burst_frames ? 2 : 7;
	assert_true(fabs(f->waited_s - waits) < 1e-6);
}

static void
back_to_back_without_a_queue(void **state)
{
	struct fabric *f = *state;

	f->knee_pps = 1e9;
	search(f, options(XD_SEARCH_BACK_TO_BACK, true), 0);
	assert_false(result(f, 0)->search.complete);
	assert_int_equal(result(f, 0)->search.burst_frames, 0);
	assert_non_null(strstr(result(f, 0)->search.missing, "RFC 9004 section 5.1"));
	/* Nor is there a burst to be corrected where no load is without loss. */
	f->knee_pps = 1;
	f->nb_rows = 0;
	f->shown = 0;
	search(f, options(XD_SEARCH_BACK_TO_BACK, true), 0);
	assert_int_equal(result(f, 0)->search.repeats, 0);
	assert_non_null(strstr(result(f, 0)->search.missing, "no load without loss"));
}

static void
profile_rows(void **state)
{
	static const char *const goals[] = {"0%", "10%", "50%", "90%"};
	static const double shares[] = {0, 0.1, 0.5, 0.9};
	struct fabric *f = *state;

	search(f, options(XD_SEARCH_PROFILE, true), 0);
	assert_int_equal(nb_results(f), 7 * 4);
	assert_int_equal(f->every, 1);
	for (unsigned i = 0; i < 4; i++) {
		const struct xd_row *row = result(f, i);

		assert_string_equal(row->search.goal, goals[i]);
		assert_true(row->search.complete);
		assert_true(fabs(row->rate.asked_pps -
				    fmax(1000, shares[i] * row->search.found_pps)) < 1);
		assert_true(row->timed);
	}
}

static void
mlr_rows(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_MLR, false);

	opts->nb_goals = 0;
	search(f, opts, 0);
	assert_int_equal(nb_results(f), 2);
	assert_string_equal(result(f, 0)->search.goal, "NDR");
	assert_string_equal(result(f, 1)->search.goal, "PDR");
	for (unsigned i = 0; i < 2; i++) {
		const struct xd_search_figures *s = &result(f, i)->search;

		assert_string_equal(s->missing, "");
		assert_true(s->complete);
		assert_string_equal(result(f, i)->name, "");
		assert_true(fabs(s->loss_ratio - i * 0.005) < 1e-9);
		assert_true(s->found_pps <= s->lower_pps && s->lower_pps < s->upper_pps);
		assert_true(fabs(result(f, i)->rate.asked_pps - s->lower_pps) < 1e-3);
		assert_true(fabs(result(f, i)->time_s - 1) < 1e-9);
	}
	assert_true(f->waited_s <= 0);
}

static void
mlr_irregular_row(void **state)
{
	struct fabric *f = *state;

	f->knee_pps = 1e9;
	search(f, options(XD_SEARCH_MLR, false), 0);
	assert_string_equal(result(f, 0)->name, "irregular: no upper bound");
	assert_true(result(f, 0)->search.lower_pps >= GIVEN);
}

static void
bad_options(void **state)
{
	struct fabric *f = *state;
	struct xd_search_opts *opts = options(XD_SEARCH_THROUGHPUT, false);

	opts->final_s = 0;
	search(f, opts, -EINVAL);
	opts = options(XD_SEARCH_THROUGHPUT, false);
	opts->resolution = 1;
	search(f, opts, -EINVAL);
	opts = options(XD_SEARCH_MLR, false);
	opts->goals[1].exceed_ratio = 1;
	search(f, opts, -EINVAL);
	opts = options(XD_SEARCH_MLR, false);
	opts->traffic.pattern = XD_PATTERN_SEND;
	search(f, opts, -EINVAL);
	assert_int_equal(f->nb_rows, 0);
}

static void
goals_are_parsed(void **state)
{
	static const char *const bad[] = {"", "nbr", "loss", "loss=1", "loss=100%", "loss=x%",
		"loss=-1%", "lost=0.1%", "width=0", "initial=2,final=1", "sum=0", "final=1x",
		"name=", "name=0123456789abcdef", "loss=0.1%%", "exceed=nan"};
	struct xd_search_opts *defaults = options(XD_SEARCH_MLR, false);
	struct xd_search_goal goal;
	struct xd_error err;

	(void)state;
	assert_int_equal(defaults->nb_goals, 2);
	assert_int_equal(xd_search_goal_parse("PDR", &goal, &err), 0);
	assert_string_equal(goal.name, "PDR");
	assert_memory_equal(&goal, &defaults->goals[1], sizeof(goal));
	free(defaults);
	assert_true(fabs(goal.loss_ratio - 0.005) < 1e-12 && fabs(goal.exceed_ratio - 0.5) < 1e-12);
	assert_int_equal(xd_search_goal_parse("ndr", &goal, &err), 0);
	assert_string_equal(goal.name, "NDR");
	assert_true(goal.loss_ratio <= 0 && fabs(goal.duration_sum_s - 21) < 1e-12);
	assert_int_equal(xd_search_goal_parse("name=X,loss=0.1%,exceed=0.25,initial=500ms,final=2,"
					      "sum=1m,width=2%",
				 &goal, &err),
		0);
	assert_string_equal(goal.name, "X");
	assert_true(
		fabs(goal.loss_ratio - 0.001) < 1e-12 && fabs(goal.exceed_ratio - 0.25) < 1e-12);
	assert_true(
		fabs(goal.initial_trial_s - 0.5) < 1e-12 && fabs(goal.final_trial_s - 2) < 1e-12);
	assert_true(fabs(goal.duration_sum_s - 60) < 1e-12 && fabs(goal.width - 0.02) < 1e-12);
	assert_int_equal(xd_search_goal_parse("loss=2%,final=0.5", &goal, &err), 0);
	assert_string_equal(goal.name, "2%");
	assert_true(fabs(goal.initial_trial_s - 0.5) < 1e-12);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(xd_search_goal_parse(bad[i], &goal, &err), -EINVAL);
		assert_true(err.text[0]);
	}
}

static void
methods_are_parsed(void **state)
{
	static const char *const names[] = {
		"throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile"};
	enum xd_search_method method;
	struct xd_error err;

	(void)state;
	for (unsigned i = XD_SEARCH_THROUGHPUT; i <= XD_SEARCH_PROFILE; i++) {
		assert_string_equal(xd_search_method_name((enum xd_search_method)i), names[i]);
		assert_int_equal(
			xd_search_method_parse(
				xd_search_method_name((enum xd_search_method)i), &method, &err),
			0);
		assert_int_equal(method, i);
	}
	assert_int_equal(xd_search_method_parse("troughput", &method, &err), -EINVAL);
	assert_non_null(strstr(err.text, "throughput"));
}

static void
long_lists_of_what_is_missing(void **state)
{
	char missing[XD_RESULT_TEXT] = "";

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		xd_search_missing_add(missing, "clause %u", i);
	assert_true(strlen(missing) < sizeof(missing));
	assert_string_equal(missing + strlen(missing) - 5, "; ...");
	assert_null(strstr(missing, "; ...; "));
	assert_non_null(strstr(missing, "clause 0; clause 1; "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(throughput_as_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shortened_throughput, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_of_trials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(back_pressure_is_loss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(back_pressure_on_a_broadcast, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maximum_of_the_switch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maximum_of_the_generator, set_up, tear_down),
		cmocka_unit_test_setup_teardown(void_trials_are_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(void_loads_are_not_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(none_without_loss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(switch_goes_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_is_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(latency_as_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shortened_latency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(frame_loss_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(back_to_back_row, set_up, tear_down),
		cmocka_unit_test_setup_teardown(back_to_back_without_a_queue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(profile_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mlr_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mlr_irregular_row, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_options, set_up, tear_down),
		cmocka_unit_test(goals_are_parsed),
		cmocka_unit_test(methods_are_parsed),
		cmocka_unit_test(long_lists_of_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
