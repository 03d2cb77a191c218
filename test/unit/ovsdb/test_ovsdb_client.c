/* SPDX-License-Identifier: BSD-3-Clause */
/* The client with a made-up server, and time that is made up where it waits: one thread is all of
 * them, turn about. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop_time.h"
#include "ovsdb/client.h"
#include "ovsdb/message.h"

#define PATIENCE_NS (20 * XD_NS_PER_S)

static const struct xd_ovsdb_table tables[] = {
	{.name = "T", .read = {"name", NULL}},
	{0},
};

struct made_up {
	char dir[64], remote[96];
	struct xd_loop *loop;
	struct xd_ovsdb_client *client;
	int listener, peer; /* the server's */
	struct xd_ovsdb_reader reader;
	unsigned nb_changed, nb_done, nb_lost;
	bool ok;
	char log[4096]; /* all lines */
	struct xd_log sink;
};

#define RUN_UNTIL(m, condition)                                                                    \
	do {                                                                                       \
		uint64_t end_ = xd_clock_ns() + PATIENCE_NS;                                       \
		while (!(condition)) {                                                             \
			xd_loop_run_once((m)->loop, 10);                                           \
			assert_true(xd_clock_ns() < end_);                                         \
		}                                                                                  \
	} while (0)

static void
on_changed(void *ctx)
{
	((struct made_up *)ctx)->nb_changed++;
}

static void
on_done(void *ctx, bool ok)
{
	((struct made_up *)ctx)->nb_done++;
	((struct made_up *)ctx)->ok = ok;
}

static void
on_lost(void *ctx)
{
	((struct made_up *)ctx)->nb_lost++;
}

static void
on_line(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct made_up *m = ctx;
	size_t len = strlen(m->log);

	(void)level;
	(void)component;
	snprintf(m->log + len, sizeof(m->log) - len, "%s\n", line);
}

static int
setup(void **state)
{
	struct made_up *m = calloc(1, sizeof(*m));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct xd_ovsdb_client_opts opts = {
		.database = "D",
		.lock = "L",
		.tables = tables,
		.changed = on_changed,
		.done = on_done,
		.lost = on_lost,
		.ctx = m,
	};
	struct xd_error err;

	strcpy(m->dir, "/tmp/xd-ovsdb-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	snprintf(m->remote, sizeof(m->remote), "unix:%s/db.sock", m->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/db.sock", m->dir);
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(m->listener, 4), 0);
	m->peer = -1;
	xd_log_init(&m->sink, on_line, m, XD_LOG_INFO);
	m->loop = opts.loop = xd_loop_create();
	opts.remote = m->remote;
	opts.log = &m->sink;
	xd_loop_lock(m->loop);
	m->client = xd_ovsdb_client_create(&opts, &err);
	xd_loop_unlock(m->loop);
	assert_non_null(m->client);
	*state = m;
	return 0;
}

static int
teardown(void **state)
{
	struct made_up *m = *state;
	char path[96];

	xd_loop_lock(m->loop);
	xd_ovsdb_client_destroy(m->client);
	xd_loop_unlock(m->loop);
	xd_loop_destroy(m->loop);
	xd_ovsdb_reader_reset(&m->reader);
	close(m->listener);
	if (m->peer >= 0)
		close(m->peer);
	snprintf(path, sizeof(path), "%s/db.sock", m->dir);
	unlink(path);
	rmdir(m->dir);
	free(m);
	return 0;
}

/* Has time pass, and what is due done. */
static void
pass(struct made_up *m, uint32_t ms)
{
	xd_loop_lock(m->loop);
	xd_loop_skip(m->loop, ms);
	xd_loop_unlock(m->loop);
	xd_loop_run_once(m->loop, 0);
}

static bool
accepts(struct made_up *m)
{
	if (m->peer < 0)
		m->peer = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK);
	return m->peer >= 0;
}

static void
leave_client(struct made_up *m)
{
	if (m->peer >= 0)
		close(m->peer);
	m->peer = -1;
	xd_ovsdb_reader_reset(&m->reader);
}

/* The next connection, however long the client would wait for it. */
static void
take_client(struct made_up *m)
{
	leave_client(m);
	for (unsigned tries = 0; !accepts(m); tries++) {
		assert_true(tries < 3);
		xd_loop_run_once(m->loop, 0);
		pass(m, XD_OVSDB_BACKOFF_MAX_MS);
	}
}

/* What the client says next. */
static json_t *
hear(struct made_up *m)
{
	uint64_t end = xd_clock_ns() + PATIENCE_NS;
	struct xd_error err;
	json_t *message;

	while (xd_ovsdb_reader_next(&m->reader, &message, &err) == 0) {
		size_t room;
		char *at = xd_ovsdb_reader_room(&m->reader, &room, &err);
		ssize_t n = recv(m->peer, at, room, MSG_DONTWAIT);

		if (n > 0)
			xd_ovsdb_reader_put(&m->reader, (size_t)n);
		else
			xd_loop_run_once(m->loop, 10);
		assert_true(xd_clock_ns() < end);
	}
	return message;
}

/* Hears a request of that method, and answers it with a result. */
static void
answer(struct made_up *m, const char *method, const char *result)
{
	json_t *message = hear(m);
	char text[1024];

	assert_string_equal(json_string_value(json_object_get(message, "method")), method);
	snprintf(text, sizeof(text), "{\"id\":%lld,\"error\":null,\"result\":%s}",
		(long long)json_integer_value(json_object_get(message, "id")), result);
	json_decref(message);
	assert_int_equal(send(m->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void
say(struct made_up *m, const char *text)
{
	assert_int_equal(send(m->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

#define SCHEMA "{\"tables\":{\"T\":{\"columns\":{\"name\":{}}}}}"
#define ROWS   "{\"T\":{\"u\":{\"new\":{\"name\":\"a\"}}}}"

static void
greet(struct made_up *m, const char *locked)
{
	take_client(m);
	answer(m, "get_schema", SCHEMA);
	answer(m, "lock", locked);
	answer(m, "monitor", ROWS);
}

static void
test_rows_come_and_go(void **state)
{
	struct made_up *m = *state;
	unsigned changed;

	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, m->nb_changed);
	assert_true(xd_ovsdb_client_idle(m->client));
	assert_non_null(xd_ovsdb_replica_row(xd_ovsdb_client_rows(m->client), "T", "u"));
	changed = m->nb_changed;
	say(m, "{\"method\":\"update\",\"id\":null,\"params\":[null,{\"T\":{\"u\":{\"old\":{}}}}]"
	       "}");
	RUN_UNTIL(m, m->nb_changed > changed);
	assert_null(xd_ovsdb_replica_row(xd_ovsdb_client_rows(m->client), "T", "u"));
}

static void
test_a_lock_that_another_holds_is_waited_for(void **state)
{
	struct made_up *m = *state;

	greet(m, "{\"locked\":false}");
	RUN_UNTIL(m, strstr(m->log, "waiting until it ends"));
	assert_false(xd_ovsdb_client_ready(m->client));
	assert_int_equal(m->nb_changed, 0);
	say(m, "{\"method\":\"locked\",\"id\":null,\"params\":[\"L\"]}");
	RUN_UNTIL(m, m->nb_changed);
	say(m, "{\"method\":\"stolen\",\"id\":null,\"params\":[\"L\"]}");
	RUN_UNTIL(m, m->nb_lost);
	assert_false(xd_ovsdb_client_ready(m->client));
}

static void
begin_transaction(struct made_up *m)
{
	xd_loop_lock(m->loop);
	xd_ovsdb_client_transact(m->client, json_pack("[{s:s}]", "op", "comment"));
	xd_loop_unlock(m->loop);
	assert_false(xd_ovsdb_client_idle(m->client));
}

static void
test_transactions_assert_the_lock_last(void **state)
{
	struct made_up *m = *state;
	json_t *message, *params, *last;

	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, m->nb_changed);
	begin_transaction(m);
	message = hear(m);
	params = json_object_get(message, "params");
	last = json_array_get(params, json_array_size(params) - 1);
	assert_string_equal(json_string_value(json_array_get(params, 0)), "D");
	assert_string_equal(json_string_value(json_object_get(last, "op")), "assert");
	assert_string_equal(json_string_value(json_object_get(last, "lock")), "L");
	json_decref(message);
	say(m, "{\"id\":5,\"error\":null,\"result\":[{},{}]}");
	RUN_UNTIL(m, m->nb_done == 1);
	assert_true(m->ok);
	/* One that is refused is told once, with the server's words on one line. */
	for (unsigned i = 2; i < 5; i++) {
		begin_transaction(m);
		answer(m, "transact",
			"[{},{\"error\":\"constraint violation\",\"details\":\"a\\nb\"},null]");
		RUN_UNTIL(m, m->nb_done == i);
		assert_false(m->ok);
	}
	assert_non_null(strstr(m->log, "constraint violation: a?b"));
	assert_null(strstr(strstr(m->log, "constraint") + 1, "constraint"));
	/* Whose lock was lost does not write. */
	begin_transaction(m);
	answer(m, "transact", "[{},{\"error\":\"not owner\",\"details\":\"x\"}]");
	RUN_UNTIL(m, m->nb_done == 5);
	assert_false(xd_ovsdb_client_ready(m->client));
}

static void
test_echo_is_answered(void **state)
{
	struct made_up *m = *state;
	json_t *message;

	greet(m, "{\"locked\":true}");
	say(m, "{\"method\":\"echo\",\"id\":\"probe\",\"params\":[1,\"x\"]}");
	message = hear(m);
	assert_string_equal(json_string_value(json_object_get(message, "id")), "probe");
	assert_int_equal(json_array_size(json_object_get(message, "result")), 2);
	json_decref(message);
}

/* Ends the connection with what is no message; the next one works. */
static void
test_a_server_that_talks_nonsense(void **state)
{
	static const char *const nonsense[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"{\"id\":1,\"error\":{\"error\":\"unknown database\"},\"result\":null}",
		"{\"id\":1,\"error\":null,\"result\":{\"tables\":{}}}",
		"{\"id\":1,\"error\":null,\"result\":[",
	};
	static const char *const lines[] = {"does not speak", "unknown database",
		"table T has no column name", "has ended the connection"};
	struct made_up *m = *state;

	for (unsigned i = 0; i < 4; i++) {
		unsigned lost = m->nb_lost;

		take_client(m);
		say(m, nonsense[i]);
		shutdown(m->peer, SHUT_WR);
		RUN_UNTIL(m, m->nb_lost > lost);
		assert_non_null(strstr(m->log, lines[i]));
		greet(m, "{\"locked\":true}");
		RUN_UNTIL(m, xd_ovsdb_client_ready(m->client));
		m->log[0] = 0;
		leave_client(m);
		RUN_UNTIL(m, !xd_ovsdb_client_ready(m->client));
		/* Rows are known still. */
		assert_non_null(xd_ovsdb_replica_row(xd_ovsdb_client_rows(m->client), "T", "u"));
	}
}

/* How often a line was logged. */
static unsigned
count(const struct made_up *m, const char *line)
{
	unsigned n = 0;

	for (const char *at = m->log; (at = strstr(at, line)); at++)
		n++;
	return n;
}

/* Longer each time, up to the longest, and short again once all went well. */
static void
test_it_waits_before_it_connects_again(void **state)
{
	static const uint32_t waits_ms[] = {1000, 2000, 4000, 8000, 8000};
	struct made_up *m = *state;

	for (unsigned round = 0; round < 2; round++) {
		greet(m, "{\"locked\":true}");
		RUN_UNTIL(m, xd_ovsdb_client_ready(m->client));
		for (unsigned i = 0; i < sizeof(waits_ms) / sizeof(*waits_ms); i++) {
			unsigned lost = m->nb_lost;

			leave_client(m);
			RUN_UNTIL(m, m->nb_lost > lost);
			pass(m, waits_ms[i] - 500);
			assert_false(accepts(m));
			pass(m, 500);
			assert_true(accepts(m));
		}
		/* However often it went wrong in the same way. */
		assert_int_equal(count(m, "has ended the connection"), round + 1);
	}
}

static void
test_a_server_that_says_nothing(void **state)
{
	struct made_up *m = *state;

	for (unsigned i = 0; i < 3; i++) {
		unsigned lost = m->nb_lost;

		take_client(m);
		pass(m, XD_OVSDB_PROBE_MS);
		assert_int_equal(m->nb_lost, lost);
		pass(m, XD_OVSDB_PROBE_MS);
		assert_int_equal(m->nb_lost, lost + 1);
	}
	assert_int_equal(count(m, "it does not answer"), 1);
	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, xd_ovsdb_client_ready(m->client));
}

/* One in the same machine that has stopped is waited for. */
static void
test_a_server_that_stops(void **state)
{
	struct made_up *m = *state;

	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, m->nb_changed);
	/* It has nothing to say for long, which is as it should be. */
	for (unsigned i = 0; i < 5; i++)
		pass(m, XD_OVSDB_PROBE_MS);
	begin_transaction(m);
	pass(m, 1000);
	assert_int_equal(count(m, "does not answer"), 0);
	for (unsigned i = 0; i < 5; i++)
		pass(m, XD_OVSDB_PROBE_MS);
	assert_int_equal(count(m, "it does not answer; it is waited for"), 1);
	assert_int_equal(m->nb_lost, 0);
	answer(m, "transact", "[{},{}]");
	RUN_UNTIL(m, m->nb_done == 1);
	assert_int_equal(count(m, "it answers again"), 1);
}

/* What it is sent is kept, up to a limit. */
static void
test_a_server_that_reads_nothing(void **state)
{
	struct made_up *m = *state;
	static const char probe[] = "{\"method\":\"echo\",\"id\":0,\"params\":[\"";
	const size_t len = XD_OVSDB_BACKLOG_MAX / 4;
	char *text = malloc(len);
	unsigned sent = 0;

	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, m->nb_changed);
	/* It asks for signs and does not take them. */
	memset(text, 'x', len);
	memcpy(text, probe, strlen(probe));
	memcpy(text + len - 3, "\"]}", 3);
	for (size_t done = 0; m->nb_lost == 0;) {
		ssize_t n = send(m->peer, text + done, len - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		if (done == len) {
			done = 0;
			assert_true(++sent < 8);
		}
		xd_loop_run_once(m->loop, 0);
	}
	assert_int_equal(count(m, "it does not read what it is sent"), 1);
	free(text);
	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, xd_ovsdb_client_ready(m->client));
}

static void
test_a_reply_without_end(void **state)
{
	struct made_up *m = *state;
	static char piece[1 << 20];
	size_t sent = 0;

	take_client(m);
	memset(piece, ' ', sizeof(piece));
	say(m, "{\"id\":1,\"error\":null,\"result\":[");
	while (m->nb_lost == 0) {
		ssize_t n = send(m->peer, piece, sizeof(piece), MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		xd_loop_run_once(m->loop, 0);
		assert_true(sent < 100u << 20);
	}
	assert_int_equal(count(m, "a message of more than 64 MiB"), 1);
	greet(m, "{\"locked\":true}");
	RUN_UNTIL(m, xd_ovsdb_client_ready(m->client));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_lock_that_another_holds_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_transactions_assert_the_lock_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_echo_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_server_that_talks_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_it_waits_before_it_connects_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_server_that_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_server_that_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_server_that_reads_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reply_without_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
