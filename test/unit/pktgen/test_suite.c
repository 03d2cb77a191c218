/* SPDX-License-Identifier: BSD-3-Clause */
/* Suites: what a file may say and how it is told what it may not, the command lines that come of
 * it, how long it takes, and what of an earlier result is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite/clock.h"
#include "suite/device.h"
#include "suite/result.h"

#define STEP "steps:\n  - engine: rate\n"

static char path[] = "/tmp/crossdock-test-suite.XXXXXX";
static const struct suite_ports own_ports = {.dir = "/run"};

static int
load(struct suite *s, const char *text, struct xd_error *err)
{
	FILE *file = fopen(path, "we");
	int rc;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	rc = suite_load(s, path, err);
	if (!rc)
		rc = suite_device_check(s, err);
	return rc ? rc : suite_check(s, &own_ports, err);
}

static void
good(struct suite *s, const char *text)
{
	struct xd_error err = {0};

	if (load(s, text, &err))
		fail_msg("%s", err.text);
}

/* That it is refused with the file's name and these words, or words that begin so ("..."). */
static void
bad(const char *text, const char *what)
{
	size_t len = strlen(what), end = !strcmp(what + len - 3, "...") ? len - 3 : len + 1;
	struct xd_error err = {0};
	struct suite s;

	if (!load(&s, text, &err))
		fail_msg("not refused: %s", text);
	if (strncmp(err.text, path, strlen(path)) || strncmp(err.text + strlen(path), what, end))
		fail_msg("%s\nis refused with\n%s\nnot\n%s", text, err.text, what);
	suite_free(&s);
}

static void
check_words(const struct suite *s, unsigned step, const char *wanted)
{
	json_t *words = suite_words(&s->steps[step], &own_ports);
	char said[1024] = "";
	const json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
	{
		strcat(said, i ? " " : "");
		strcat(said, json_string_value(word));
	}
	assert_string_equal(said, wanted);
	json_decref(words);
}

static void
test_words(void **state)
{
	struct suite s;

	(void)state;
	good(&s, "title: Two tests\n"
		 "guest: event_idx=on\n"
		 "options: {time: 0.5, messages: 1k, track: true}\n"
		 "steps:\n"
		 "  - {name: frames, engine: rate, size: [64, 128], flows: 8}\n"
		 "  - {engine: tcp, ports: 4, guest: tso=on, time: 2, verify: yes, nagle: no}\n"
		 "  - {engine: rate, track: false, name: untracked}\n"
		 "  - engine: calibrate\n");
	assert_string_equal(s.title, "Two tests");
	assert_int_equal(s.nb_steps, 4);
	check_words(&s, 0,
		"crossdock-pktgen rate --port virtio:/run/vm1,event_idx=on "
		"--port virtio:/run/vm2,event_idx=on --time 0.5 --track --size 64 "
		"--size 128 --flows 8");
	check_words(&s, 1,
		"crossdock-pktgen tcp --port virtio:/run/vm1,tso=on "
		"--port virtio:/run/vm2,tso=on --port virtio:/run/vm3,tso=on "
		"--port virtio:/run/vm4,tso=on --messages 1k --time 2 --verify");
	assert_string_equal(s.steps[1].name, "tcp");
	check_words(&s, 2,
		"crossdock-pktgen rate --port virtio:/run/vm1,event_idx=on "
		"--port virtio:/run/vm2,event_idx=on --time 0.5");
	check_words(&s, 3, "crossdock-pktgen calibrate --time 0.5");
	suite_free(&s);
}

static void
test_steps_for_numbers_of_ports(void **state)
{
	struct suite s;

	(void)state;
	good(&s, "steps: [{name: all, engine: tcp, ports: '2:6:+2'}]");
	assert_int_equal(s.nb_steps, 3);
	assert_string_equal(s.steps[0].name, "all, 2 ports");
	assert_string_equal(s.steps[2].name, "all, 6 ports");
	assert_int_equal(s.steps[2].nb_ports, 6);
	suite_free(&s);
}

static void
test_ports_that_are_given(void **state)
{
	const char *given[] = {"virtio:/a,server", "dpdk:net_null0"};
	const struct suite_ports ports = {.given = given, .nb_given = 2};
	struct xd_error err = {0};
	struct suite s;
	json_t *words;

	(void)state;
	good(&s, "guest: mrg=off\nsteps: [{name: x, engine: rate, ports: '2,4'}]");
	assert_true(suite_step_fits(&s.steps[0], &ports));
	assert_false(suite_step_fits(&s.steps[1], &ports));
	assert_int_equal(suite_check(&s, &ports, &err), 0);
	words = suite_words(&s.steps[0], &ports);
	assert_string_equal(
		json_string_value(json_array_get(words, 3)), "virtio:/a,server,mrg=off");
	assert_string_equal(json_string_value(json_array_get(words, 5)), "dpdk:net_null0");
	json_decref(words);
	suite_free(&s);
}

static void
test_wrong_files(void **state)
{
	(void)state;
	bad("", ": is no suite: title: and steps: are wanted");
	bad("steps: [", ":2: is not YAML: ...");
	bad("titel: x\n" STEP, ":1: titel: there is no such key; did you mean title?");
	bad("title: {}\n" STEP, ":1: title: a text of 1 to 200 bytes is wanted");
	bad("title: x\n",
		":1: steps: a list of steps is wanted, such as \"- {name: frames, engine: "
		"rate}\"");
	bad("steps:\n  - rate\n", ":1: steps.1: a step is wanted: name, engine, options");
	bad("steps:\n  - engine: rate\n  - name: x\n",
		":3: steps.2.engine: is missing: a command that measures, such as rate");
	bad("steps:\n  - engine: rat\n",
		":2: steps.1.engine: rat is no engine; did you mean rate?");
	bad("steps:\n  - engine: session\n", ":2: steps.1.engine: session is no engine; ...");
	bad("steps:\n  - engine: suite\n", ":2: steps.1.engine: suite is no engine; ...");
	bad(STEP "  - {engine: rate}\n", ":3: steps.2.name: an earlier step has it already");
	bad(STEP "    ports: 65\n", ":3: steps.1.ports: 1 to 64 are wanted, such as 2 or 2:14:+2");
	bad(STEP "    sise: 64\n", ":3: steps.1.sise: there is no such key; did you mean size?");
	bad(STEP "    size: {}\n",
		":3: steps.1.size: a value is wanted, as behind the option on the "
		"command line, or a list of them");
	bad(STEP "    track: maybe\n", ":3: steps.1.track: true or false is wanted");
	bad(STEP "    core: 1\n",
		":3: steps.1.core: is not for a file: where a suite runs, and what "
		"it writes, its command line says");
	bad(STEP "    guest: rings=x\n",
		":3: steps.1.guest: virtio port: rings=x: guest or static");
	bad("options: {flow: 2}\n" STEP,
		":1: options.flow: there is no such key; did you mean flows?");
	bad("options:\n  time: 0\n" STEP, ":2: options.time: 0: at least 1ms");
	bad("switch: x\n" STEP, ":1: switch: a configuration of crossdockd is wanted, such as "
				"workers: {idle: poll}");
	bad("switch:\n  workers:\n    idel: poll\n" STEP,
		":3: switch.workers.idel: there is no such key; did you mean idle?");
	bad("switch:\n  port: {mtu: 1}\n" STEP, ":2: switch.port.mtu: is 1: must be 68 to 65535");
	bad("switch: {workers: {cores: [1]}}\n" STEP,
		":1: switch.workers.cores: each step makes it; --switch-core says where the worker "
		"runs");
}

/* The first value that is wrong is told from the option, not from what it was given with. */
static void
test_wrong_options(void **state)
{
	(void)state;
	bad(STEP "    flows: 7\n    size: 63,59\n    rate: 5%\n",
		":4: steps.1.size: 59: give 60 to 65549 bytes");
}

static void
test_time_left(void **state)
{
	struct suite_clock clock = {0};
	char text[16];

	(void)state;
	assert_float_equal(suite_clock_left(&clock, 60), 60, 1e-9);
	suite_clock_done(&clock, 20, 60); /* as much again is trusted: 80 for 40 */
	assert_float_equal(suite_clock_left(&clock, 60), 120, 1e-9);
	assert_float_equal(suite_clock_left(&clock, 0), 0, 1e-9);
	assert_string_equal(suite_clock_text(89, text, sizeof(text)), "89 s");
	assert_string_equal(suite_clock_text(120, text, sizeof(text)), "2 min");
	assert_string_equal(suite_clock_text(7200, text, sizeof(text)), "2.0 h");
}

static void
test_expected_times(void **state)
{
	struct suite s;

	(void)state;
	good(&s, "options: {time: 1, warmup: 1}\n"
		 "steps:\n"
		 "  - {engine: rate, size: '64,128', trials: 3}\n"
		 "  - {engine: tcp, messages: '1,2', test: all}\n"
		 "  - {engine: ping, ports: 1, to: 'fe80::1', count: 20, interval: 0.1}\n");
	assert_float_equal(s.steps[0].expected_s, 0.5 + 6 * 2.5, 1e-6);
	assert_float_equal(s.steps[1].expected_s, 0.5 + 4 * 2.5, 1e-6);
	assert_float_equal(s.steps[2].expected_s, 0.5 + 2.5, 1e-6);
	suite_free(&s);
}

static void
start_result(struct suite_result *r, const struct suite *s)
{
	struct xd_error err = {0};

	assert_int_equal(suite_result_init(r, s, "crossdock-pktgen suite x", NULL, &err), 0);
}

/* Steps that are done and would be the same are kept, and nothing else. */
static void
test_continue(void **state)
{
	const char *steps = "steps:\n"
			    "  - {name: a, engine: rate, size: 64}\n"
			    "  - {name: b, engine: rate, size: %s}\n"
			    "  - {name: c, engine: rate}\n"
			    "  - {name: d, engine: rate}\n";
	struct suite_result old, new;
	struct xd_error err = {0};
	json_t *earlier;
	char text[300];
	struct suite s;

	(void)state;
	snprintf(text, sizeof(text), steps, "128");
	good(&s, text);
	start_result(&old, &s);
	suite_result_set(&old, 0, "done", NULL, 3, json_pack("{s:i}", "x", 1));
	suite_result_set(&old, 1, "done", NULL, 4, json_pack("{s:i}", "x", 2));
	suite_result_set(&old, 2, "failed", "because", 5, json_pack("{s:i}", "x", 3));
	assert_int_equal(suite_result_write(&old, "interrupted", path, &err), 0);
	suite_result_fini(&old);
	suite_free(&s);

	earlier = suite_result_read(path, &err);
	assert_non_null(earlier);
	assert_true(json_is_true(json_object_get(earlier, "partial")));
	snprintf(text, sizeof(text), steps, "256");
	good(&s, text);
	start_result(&new, &s);
	assert_int_equal(suite_result_continue(&new, earlier), 1);
	assert_string_equal(suite_result_state(&new, 0), "done");
	for (unsigned i = 1; i < 4; i++)
		assert_string_equal(suite_result_state(&new, i), "pending");
	for (unsigned i = 1; i < 4; i++)
		suite_result_set(&new, i, i == 3 ? "skipped" : "done", NULL, 1, json_object());
	assert_int_equal(suite_result_write(&new, NULL, path, &err), 0);
	assert_false(json_is_true(json_object_get(new.root, "partial")));
	suite_result_fini(&new);
	suite_free(&s);
	json_decref(earlier);
}

static void
test_wrong_results(void **state)
{
	struct xd_error err = {0};
	FILE *file = fopen(path, "we");

	(void)state;
	fputs("{\"schema\": \"crossdock-pktgen/2\", \"rows\": []}", file);
	fclose(file);
	assert_null(suite_result_read(path, &err));
	assert_non_null(strstr(err.text, ": is not what a suite of this version wrote"));
	assert_null(suite_result_read("/nowhere", &err));
	assert_non_null(strstr(err.text, "/nowhere"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_steps_for_numbers_of_ports),
		cmocka_unit_test(test_ports_that_are_given),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_expected_times),
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_wrong_results),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
