/* SPDX-License-Identifier: BSD-3-Clause */
/* The result model: each figure comes out under its name in the JSON. With a file's name as
 * argument the JSON is left there, to be held against the schema. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crossdock.h"
#include "memory/memory.h"
#include "result_rows.h"
#include "traffic/host/numa.h"

static json_t *
load(const struct xd_results *results)
{
	char *text = xd_results_json(results);
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	free(text);
	return root;
}

/* What lies at "latency.actual.p99_ns" or "per_port.0.port". */
static json_t *
find(json_t *o, const char *path)
{
	char words[128], *save, *word;

	snprintf(words, sizeof(words), "%s", path);
	for (word = strtok_r(words, ".", &save); word; word = strtok_r(NULL, ".", &save))
		o = json_is_array(o) ? json_array_get(o, strtoul(word, NULL, 10))
				     : json_object_get(o, word);
	if (!o)
		fail_msg("%s is not there", path);
	return o;
}

static const char *
word_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		return "null";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_STRING:
		return json_string_value(value);
	default:
		return "something else";
	}
}

static void
assert_found(json_t *o, const struct want *want)
{
	for (; want->path; want++) {
		json_t *value = find(o, want->path);

		if (want->text && strcmp(word_of(value), want->text))
			fail_msg("%s: %s, not %s", want->path, word_of(value), want->text);
		if (!want->text && !json_is_number(value))
			fail_msg("%s: no number", want->path);
		if (!want->text && fabs(json_number_value(value) - want->number) > 1e-9)
			fail_msg("%s: %g, not %g", want->path, json_number_value(value),
				want->number);
	}
}

static void
assert_times(json_t *o, const char *path, double first)
{
	const struct want want[] = {{"count", first, NULL}, {"min_ns", first + 1, NULL},
		{"mean_ns", first + 2.5, NULL}, {"p50_ns", first + 3, NULL},
		{"p95_ns", first + 4, NULL}, {"p99_ns", first + 5, NULL},
		{"p99_9_ns", first + 6, NULL}, {"p99_99_ns", first + 7, NULL},
		{"max_ns", first + 8, NULL}, {NULL, 0, NULL}};

	assert_found(find(o, path), want);
}

static void
test_rows(void **state)
{
	struct xd_results results;
	json_t *root, *rows;

	(void)state;
	make_results(&results);
	root = load(&results);
	rows = json_object_get(root, "rows");
	assert_int_equal(json_array_size(rows), NB_ROWS);
	for (unsigned i = 0; i < NB_ROWS; i++)
		assert_found(json_array_get(rows, i), wanted[i]);
	assert_times(json_array_get(rows, RATE), "pacing.lateness", 1000);
	assert_times(json_array_get(rows, RATE), "latency.actual", 2000);
	assert_times(json_array_get(rows, RATE), "latency.planned", 3000);
	assert_times(json_array_get(rows, LATENCY), "latency.actual", 4000);
	assert_times(json_array_get(rows, PAIRS), "pairs.unloaded", 5000);
	json_decref(root);
	xd_results_fini(&results);
}

static void
test_document(void **state)
{
	static const struct want want[] = {TEXT("schema", "crossdock-pktgen/2"),
		TEXT("command", "crossdock-pktgen rate \"x\" ?"), TEXT("label", "a label"),
		TEXT("partial", "true"), TEXT("reason", "interrupted"),
		NUMBER("environment.tsc_hz", 2.6e9), TEXT("ports.0.name", "virtio:/a"),
		TEXT("ports.0.memory", "2 MiB pages, node 0"), TEXT("ports.0.rings", "static"),
		TEXT("ports.0.ids", "null"), NUMBER("ports.0.ring_size", 1024),
		NUMBER("ports.0.core", 3), TEXT("ports.1.name", "virtio:/b"),
		TEXT("ports.1.memory", "null"), TEXT("ports.1.rings", "null"),
		TEXT("ports.1.ring_size", "null"), NUMBER("ports.1.core", -1), END};
	struct xd_results results;
	char host[64] = "";
	json_t *root;

	(void)state;
	make_results(&results);
	root = load(&results);
	assert_found(root, want);
	assert_string_equal(word_of(find(root, "environment.crossdock")), xd_version());
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(word_of(find(root, "environment.host")), host);
	assert_non_null(strstr(word_of(find(root, "environment.dpdk")), "DPDK"));
	assert_true(strlen(word_of(find(root, "environment.kernel"))) > 5);
	assert_true(json_is_boolean(find(root, "environment.hugepages")));
	assert_true(json_integer_value(find(root, "environment.cpus")) == (long)results.cpus);
	assert_true(results.cpus > 0);
	assert_int_equal(strlen(results.started), strlen("2000-01-01T00:00:00Z"));
	assert_int_equal(json_object_size(root), 9);
	json_decref(root);
	xd_results_fini(&results);
}

/* Numbers that JSON does not have, and a document with nothing in it. */
static void
test_odd_numbers(void **state)
{
	static const struct want want[] = {TEXT("pps", "null"), TEXT("sent_pps", "null"),
		NUMBER("received_frames", (double)(1ull << 62)), END};
	struct xd_row row = {.engine = &xd_rate_engine, .rate = {.pps = NAN, .sent_pps = INFINITY}};
	struct xd_results results;
	json_t *root;

	(void)state;
	xd_results_init(&results, 0);
	root = load(&results);
	assert_found(
		root, (const struct want[]){TEXT("label", "null"), TEXT("reason", "null"),
			      TEXT("partial", "false"), TEXT("environment.tsc_hz", "null"), END});
	json_decref(root);
	row.rate.received_frames = 1ull << 62;
	assert_int_equal(xd_results_add(&results, &row), 0);
	root = load(&results);
	assert_found(find(root, "rows.0"), want);
	json_decref(root);
	xd_results_fini(&results);
}

static void
test_times_of_a_histogram(void **state)
{
	struct xd_histogram *h = xd_histogram_create();
	struct xd_times times;

	(void)state;
	assert_non_null(h);
	xd_times_of(&times, h);
	assert_int_equal(times.count, 0);
	for (unsigned i = 1; i <= 1001; i++)
		xd_histogram_record(h, i);
	xd_times_of(&times, h);
	assert_int_equal(times.count, 1001);
	assert_true(times.min_ns == 1 && times.max_ns == 1001 && times.mean_ns == 501);
	assert_true(times.p50_ns == 501 && times.p95_ns == 951 && times.p99_ns == 991);
	assert_true(times.p99_9_ns == 1000 && times.p99_99_ns == 1001);
	xd_histogram_destroy(h);
}

/* ---- Files ---- */

static void
test_write(void **state)
{
	char path[] = "/tmp/test_results_XXXXXX", read[32] = "";
	struct xd_error err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(xd_results_write("a line", "--json", path, &err), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, read, sizeof(read), 0), 7);
	assert_string_equal(read, "a line\n");
	close(fd);
	assert_int_equal(xd_results_write("a,line\r\n", "--csv", path, &err), 0);
	fd = open(path, O_RDONLY); /* another one: it was renamed */
	assert_int_equal(pread(fd, read, sizeof(read), 0), 8);
	close(fd);
	unlink(path);
	assert_int_equal(xd_results_write("x", "--csv", "/nowhere/x.csv", &err), -ENOENT);
	assert_non_null(strstr(err.text, "--csv /nowhere/x.csv"));
}

/* Links are followed, however many, and stay; what cannot be written leaves nothing beside it. */
static void
test_targets(void **state)
{
	char dir[] = "/tmp/test_results_XXXXXX", a[64], b[64], inner[64], target[64], name[4200];
	struct xd_error err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	snprintf(inner, sizeof(inner), "%s/dir", dir);
	assert_int_equal(symlink("b", a), 0);
	assert_int_equal(xd_results_write("x", "--json", a, &err), 0);
	assert_int_equal(readlink(a, target, sizeof(target)), 1);
	assert_int_equal(access(b, F_OK), 0);
	assert_int_equal(xd_results_target(a, target, sizeof(target), "--json", &err), 0);
	assert_string_equal(target, b);
	assert_int_equal(unlink(b), 0);
	/* One that leads to itself, and one whose end is too long for us. */
	assert_int_equal(symlink("a", b), 0);
	assert_int_equal(xd_results_write("x", "--json", a, &err), -ELOOP);
	assert_int_equal(xd_results_target(a, target, strlen(a), "--json", &err), -ENAMETOOLONG);
	assert_int_equal(unlink(a), 0);
	memset(name, 'x', sizeof(name));
	name[200] = '\0';
	assert_int_equal(symlink(name, a), 0);
	assert_int_equal(
		xd_results_target(a, target, sizeof(target), "--json", &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "--json: the file name is too long"));
	name[200] = 'x';
	name[4093] = '\0'; /* it fits, but not with what is behind it while it is written */
	assert_int_equal(xd_results_write("x", "--csv", name, &err), -ENAMETOOLONG);
	/* What is no file stays. */
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_int_equal(xd_results_write("x", "--csv", inner, &err), -EISDIR);
	assert_non_null(strstr(err.text, inner));
	assert_int_equal(unlink(a), 0);
	assert_int_equal(unlink(b), 0);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_words(void **state)
{
	(void)state;
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_ASKED), "asked");
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_SWITCH_CORE), "switch-core");
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_RING_FULL), "ring-full");
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_RING_EMPTY), "ring-empty");
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_GENERATOR), "generator");
	assert_string_equal(xd_bottleneck_name(XD_BOTTLENECK_GENERATOR_SEND), "generator-send");
	assert_string_equal(xd_pattern_name(XD_PATTERN_PAIRS), "pairs");
	assert_string_equal(xd_pattern_name(XD_PATTERN_BROADCAST), "broadcast");
	assert_string_equal(xd_pattern_name(XD_PATTERN_MESH), "mesh");
	assert_string_equal(xd_pattern_name(XD_PATTERN_REFLECT), "reflect");
	assert_string_equal(xd_touch_name(XD_TOUCH_FULL), "full");
	assert_string_equal(xd_touch_name(XD_TOUCH_NONE), "none");
	assert_string_equal(xd_direction_name(XD_DIRECTION_ONE), "one");
	assert_string_equal(xd_flow_kind_name(XD_FLOW_MAC), "mac");
}

/* Ports on made-up nodes, driven by no core, and by core 0, which is on some node. */
static void
test_nodes(void **state)
{
	struct xd_gen_port here = {.memory_node = 3, .guest_node = 3};
	struct xd_gen_port there = {.memory_node = 13, .guest_node = XD_NUMA_UNKNOWN};
	struct xd_gen_port torn = {.memory_node = XD_NUMA_SEVERAL, .guest_node = 1};
	int node = xd_memory_core_node(0);
	struct xd_numa_figures f = {0};
	char text[XD_NUMA_TEXT];

	(void)state;
	assert_string_equal(xd_numa_text(&f, text, sizeof(text)), "-/-/-");
	xd_numa_add(&f, &here, -1);
	xd_numa_add(&f, &there, -1);
	xd_numa_add(&f, &here, -1);
	assert_string_equal(xd_numa_text(&f, text, sizeof(text)), "3,13/-/3");
	assert_false(f.remote);
	xd_numa_add(&f, &torn, -1);
	assert_string_equal(xd_numa_text(&f, text, sizeof(text)), "several/-/3,1");
	if (node < 0)
		return;
	f = (struct xd_numa_figures){0};
	here.memory_node = node;
	xd_numa_add(&f, &here, 0);
	assert_false(f.remote);
	here.memory_node = node + 1;
	xd_numa_add(&f, &here, 0);
	assert_true(f.remote);
	f = (struct xd_numa_figures){0};
	xd_numa_add(&f, &torn, 0);
	assert_true(f.remote);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_odd_numbers),
		cmocka_unit_test(test_times_of_a_histogram),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nodes),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (!failed && argc > 1) {
		struct xd_results results;
		char *text;

		make_results(&results);
		text = xd_results_json(&results);
		failed = !text || xd_results_write(text, "argument", argv[1], NULL);
		free(text);
		xd_results_fini(&results);
	}
	return failed;
}
