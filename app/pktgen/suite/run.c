/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps, one after the other: what each is started with, how it is waited for, what became of
 * it. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../run.h"
#include "clock.h"
#include "control/daemon_config.h"
#include "device.h"
#include "option_table.h"
#include "report/report.h"
#include "result.h"
#include "table.h"

#define LOOK_MS    200
#define PATIENCE   5     /* times what was expected, */
#define PATIENCE_S 300.0 /* and so long: then a step hangs */
#define KILL_S     10.0  /* for it to end when it is told to */

struct suite_run {
	const struct suite *s;
	const struct suite_run_opts *opts;
	struct suite_result result;
	struct suite_device device;
	struct suite_clock clock;
	sigset_t signals; /* that are waited for */
	unsigned step;    /* at hand */
	bool interrupted;
	bool failed, met; /* a step did; one met a condition */
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What is expected of the steps from `first` on that are still to come. */
static double
later_s(const struct suite_run *r, unsigned first)
{
	double sum = 0;

	for (unsigned i = first; i < r->s->nb_steps; i++)
		if (!strcmp(suite_result_state(&r->result, i), "pending"))
			sum += r->s->steps[i].expected_s;
	return suite_clock_left(&r->clock, sum);
}

/* ---- A step's process ---- */

static void
add(json_t *words, const struct engine *engine, const char *name, json_t *value)
{
	if (value && option_find(engine, name)) {
		json_array_append_new(words, json_sprintf("--%s", name));
		json_array_append(words, value);
	}
	json_decref(value);
}

/* "0,1", of as many cores or nodes as the step has ports. */
static json_t *
number_list(const int *numbers, unsigned n, const struct suite_step *step)
{
	char text[8 * XD_GEN_PORTS_MAX];
	size_t used = 0;

	for (unsigned i = 0; i < n && (i == 0 || i < step->nb_ports); i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%d", i ? "," : "", numbers[i]);
	return used ? json_string(text) : NULL;
}

static json_t *
step_words(const struct suite_run *r)
{
	const struct suite_step *step = &r->s->steps[r->step];
	const struct options *o = r->opts->o;
	const struct engine *engine = step->engine;
	json_t *words = suite_words(step, &r->opts->ports);

	if (r->device.pid)
		add(words, engine, "switch", json_sprintf("%s/control", r->device.dir));
	else if (o->socket)
		add(words, engine, "switch", json_string(o->socket));
	add(words, engine, "cores", number_list(o->cores, o->nb_cores, step));
	add(words, engine, "numa", number_list(o->nodes, o->nb_nodes, step));
	if (o->placement[0] >= 0)
		add(words, engine, "placement",
			json_sprintf("%d,%d", o->placement[0], o->placement[1]));
	if (o->label)
		add(words, engine, "label", json_string(o->label));
	if (options_given(o, "timeout"))
		add(words, engine, "timeout", json_sprintf("%ums", o->timeout_ms));
	if (o->quiet)
		json_array_append_new(words, json_string("--quiet"));
	add(words, engine, "json", json_sprintf("%s/step.json", r->device.dir));
	if (o->nb_eal_args)
		json_array_append_new(words, json_string("--"));
	for (unsigned i = 0; i < o->nb_eal_args; i++)
		json_array_append_new(words, json_string(o->eal_args[i]));
	return words;
}

/* In the child: never returns. Of a process group of its own: an interrupt comes from us, once. */
static void
become(struct suite_run *r)
{
	const struct table_suite place = {
		.step = r->step + 1,
		.steps = r->s->nb_steps,
		.step_s = suite_clock_left(&r->clock, r->s->steps[r->step].expected_s),
		.later_s = later_s(r, r->step + 1),
	};
	json_t *words = step_words(r);
	struct xd_error err = {0};
	struct options o;
	int argc, status;
	char **argv = suite_argv(words, &argc);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, &r->device.signals, NULL);
	if (!argv || options_parse(&o, argc, argv, &err)) {
		fprintf(stderr, "crossdock-pktgen: %s\n", argv ? err.text : "no memory");
		exit(EXIT_USAGE);
	}
	o.suite = &place;
	status = run_main(&o, argc, argv);
	options_fini(&o);
	free(argv);
	json_decref(words);
	exit(status);
}

/* Waits for it, and tells it of interrupts. Returns its status, as waitpid has it. */
static int
wait_for(struct suite_run *r, pid_t pid, bool *hung)
{
	const struct timespec look = {0, LOOK_MS * 1000000L};
	double patience = PATIENCE * r->s->steps[r->step].expected_s + PATIENCE_S;
	double deadline = now_s() + patience;
	int status = 0;

	*hung = false;
	while (waitpid(pid, &status, WNOHANG) != pid) {
		int signal = sigtimedwait(&r->signals, NULL, &look);

		if (signal == SIGINT || signal == SIGTERM) {
			r->interrupted = true;
			kill(pid, SIGINT);
			deadline = now_s() + KILL_S;
		} else if (now_s() > deadline) {
			kill(pid, *hung || r->interrupted ? SIGKILL : SIGINT);
			*hung = !r->interrupted;
			deadline = now_s() + KILL_S;
		}
	}
	return status;
}

/* ---- What became of it ---- */

static void
say_reason(const struct suite_run *r, int status, bool hung, const json_t *result, char *reason,
	size_t size)
{
	const char *said = json_string_value(json_object_get(result, "reason"));

	if (hung)
		snprintf(reason, size, "it took over %d times as long as expected, and was ended",
			PATIENCE);
	else if (said)
		snprintf(reason, size, "%s", said);
	else if (WIFSIGNALED(status))
		snprintf(reason, size, "ended by signal %d", WTERMSIG(status));
	else if (r->interrupted)
		snprintf(reason, size, "interrupted");
	else
		snprintf(reason, size, "exit status %d", WEXITSTATUS(status));
}

static void
conclude(struct suite_run *r, int status, bool hung, double took_s)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	bool done = code == EXIT_SUCCESS || code == EXIT_CONDITION;
	char path[64], reason[300] = "";
	json_t *result;

	snprintf(path, sizeof(path), "%s/step.json", r->device.dir);
	result = json_load_file(path, 0, NULL);
	unlink(path);
	if (done && !result) {
		done = false;
		snprintf(reason, sizeof(reason), "it left no results");
	} else if (!done) {
		say_reason(r, status, hung, result, reason, sizeof(reason));
	}
	r->met |= code == EXIT_CONDITION;
	r->failed |= !done && !r->interrupted;
	suite_clock_done(&r->clock, r->s->steps[r->step].expected_s, took_s);
	suite_result_set(&r->result, r->step,
		done             ? "done"
		: r->interrupted ? "interrupted"
				 : "failed",
		reason, took_s, result);
}

static void
fail(struct suite_run *r, const char *reason)
{
	fprintf(stderr, "crossdock-pktgen: %s: %s\n", r->s->steps[r->step].name, reason);
	r->failed = true;
	suite_result_set(&r->result, r->step, "failed", reason, 0, NULL);
}

static void
announce(const struct suite_run *r)
{
	const struct suite_step *step = &r->s->steps[r->step];
	char about[16], left[16];

	if (r->opts->o->quiet)
		return;
	printf("%s== %u of %u: %s (%s; about %s, %s left in all)\n", r->step ? "\n" : "",
		r->step + 1, r->s->nb_steps, step->name, step->engine->results->name,
		suite_clock_text(
			suite_clock_left(&r->clock, step->expected_s), about, sizeof(about)),
		suite_clock_text(later_s(r, r->step), left, sizeof(left)));
}

static void
run_step(struct suite_run *r)
{
	const struct suite_step *step = &r->s->steps[r->step];
	double began = now_s();
	struct xd_error err = {0};
	bool hung;
	pid_t pid;
	int status, rc = 0;

	announce(r);
	if (!r->opts->ports.given && step->nb_ports)
		rc = suite_device_start(&r->device, r->s, step->nb_ports, &err);
	if (rc && rc != -EINTR)
		fail(r, err.text);
	if (rc)
		return;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(r);
	if (pid < 0) {
		fail(r, strerror(errno));
	} else {
		status = wait_for(r, pid, &hung);
		conclude(r, status, hung, now_s() - began);
	}
	suite_device_stop(&r->device);
}

/* ---- The suite ---- */

static int
write_results(struct suite_run *r, const char *reason)
{
	struct xd_error err = {0};
	int rc = suite_result_write(&r->result, reason, r->opts->json, &err);

	if (rc)
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
	return rc;
}

/* Whether a signal came between steps. */
static bool
is_told_to_stop(struct suite_run *r)
{
	const struct timespec now = {0, 0};
	int signal;

	while ((signal = sigtimedwait(&r->signals, NULL, &now)) > 0)
		r->interrupted |= signal != SIGCHLD;
	return r->interrupted;
}

static int
run_steps(struct suite_run *r)
{
	int rc = write_results(r, NULL);

	for (r->step = 0; r->step < r->s->nb_steps && !rc && !is_told_to_stop(r); r->step++) {
		const struct suite_step *step = &r->s->steps[r->step];

		if (strcmp(suite_result_state(&r->result, r->step), "pending"))
			continue;
		if (suite_step_fits(step, &r->opts->ports)) {
			run_step(r);
		} else {
			fprintf(stderr,
				"crossdock-pktgen: %s is skipped: it takes %u ports, and %u are "
				"given\n",
				step->name, step->nb_ports, r->opts->ports.nb_given);
			suite_result_set(&r->result, r->step, "skipped", "too few ports", 0, NULL);
		}
		is_told_to_stop(r);
		rc = write_results(r, r->interrupted ? "interrupted" : NULL);
	}
	return rc ? rc : write_results(r, r->interrupted ? "interrupted" : NULL);
}

static bool
has_rows(const struct suite_run *r)
{
	const json_t *steps = json_object_get(r->result.root, "steps"), *step;
	size_t i;

	json_array_foreach(
		steps, i, step) if (json_array_size(json_object_get(json_object_get(step, "result"),
					    "rows"))) return true;
	return false;
}

static int
write_report(const struct suite_run *r)
{
	char word[] = "report", title[] = "--title", output[] = "-o";
	char *argv[] = {word, (char *)(uintptr_t)r->opts->json, title,
		(char *)(uintptr_t)r->s->title, output, (char *)(uintptr_t)r->opts->report, NULL};

	return r->opts->report && has_rows(r) ? report_main(6, argv) : EXIT_SUCCESS;
}

static int
finish(struct suite_run *r, int rc)
{
	int status = rc || r->failed ? EXIT_FAILURE : r->met ? EXIT_CONDITION : EXIT_SUCCESS;
	int reported = rc ? EXIT_SUCCESS : write_report(r);

	if (r->interrupted) {
		status = EXIT_INTERRUPT;
		fprintf(stderr,
			"crossdock-pktgen: interrupted; to go on: crossdock-pktgen suite "
			"--continue %s\n",
			r->opts->json);
	}
	if (!r->opts->o->quiet && !rc)
		printf("\n%s%s%s\n", r->opts->json, r->opts->report && has_rows(r) ? ", " : "",
			r->opts->report && has_rows(r) ? r->opts->report : "");
	return status ? status : reported;
}

int
suite_run(const struct suite *s, const struct suite_run_opts *opts)
{
	struct suite_run_opts o = *opts;
	struct suite_run r = {.s = s, .opts = &o};
	struct xd_error err = {0};
	int rc, status;

	sigemptyset(&r.signals);
	sigaddset(&r.signals, SIGINT);
	sigaddset(&r.signals, SIGTERM);
	sigaddset(&r.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &r.signals, &r.device.signals);
	r.device.core = o.switch_core >= 0 ? (unsigned)o.switch_core : xd_default_core();
	rc = suite_result_init(&r.result, s, o.command, o.o->label, &err);
	if (!rc)
		rc = suite_device_init(&r.device, &err);
	if (rc) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
	} else {
		o.ports.dir = r.device.dir;
		if (o.earlier)
			suite_result_continue(&r.result, o.earlier);
		rc = run_steps(&r);
	}
	status = finish(&r, rc);
	suite_device_fini(&r.device);
	suite_result_fini(&r.result);
	sigprocmask(SIG_SETMASK, &r.device.signals, NULL);
	return status;
}
