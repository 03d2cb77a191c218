/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts out of a stream, values of columns, and rows as they are known. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ovsdb/message.h"
#include "ovsdb/replica.h"
#include "ovsdb/value.h"

/* ---- Texts ---- */

static void
put(struct xd_ovsdb_reader *reader, const char *bytes, size_t len)
{
	struct xd_error err;
	size_t room;

	while (len > 0) {
		char *at = xd_ovsdb_reader_room(reader, &room, &err);

		assert_non_null(at);
		if (room > len)
			room = len;
		memcpy(at, bytes, room);
		xd_ovsdb_reader_put(reader, room);
		bytes += room;
		len -= room;
	}
}

/* The ids of the messages that have come. */
static void
expect_ids(struct xd_ovsdb_reader *reader, const char *ids)
{
	struct xd_error err;
	json_t *message;

	for (; *ids; ids++) {
		assert_int_equal(xd_ovsdb_reader_next(reader, &message, &err), 1);
		assert_int_equal(json_integer_value(json_object_get(message, "id")), *ids - '0');
		json_decref(message);
	}
	assert_int_equal(xd_ovsdb_reader_next(reader, &message, &err), 0);
}

static void
test_messages_end_where_their_braces_do(void **state)
{
	static const char bytes[] = "{\"id\":1,\"a\":\"}\\\"}{\\\\\"}{\"id\":2,\"b\":[{},[{}]]}\n "
				    "{\"id\":3}{\"id\":";
	struct xd_ovsdb_reader reader = {0};

	(void)state;
	put(&reader, bytes, sizeof(bytes) - 1);
	expect_ids(&reader, "123");
	put(&reader, "4}", 2);
	expect_ids(&reader, "4");
	/* However they arrive. */
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		json_t *message;
		struct xd_error err;

		put(&reader, bytes + i, 1);
		if (xd_ovsdb_reader_next(&reader, &message, &err) > 0)
			json_decref(message);
	}
	put(&reader, "5}", 2);
	expect_ids(&reader, "5");
	xd_ovsdb_reader_reset(&reader);
}

static void
test_what_is_no_message(void **state)
{
	static const char *const bad[] = {"SSH-2.0-x", "[]", "{\"a\":}", "{]", "\"{}\"", "\001"};
	struct xd_ovsdb_reader reader = {0};
	struct xd_error err;
	json_t *message;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(&reader, bad[i], strlen(bad[i]));
		put(&reader, "}", 1);
		assert_int_equal(xd_ovsdb_reader_next(&reader, &message, &err), -EINVAL);
		assert_non_null(strstr(err.text, "it "));
		xd_ovsdb_reader_reset(&reader);
	}
}

static void
test_a_message_is_bounded(void **state)
{
	struct xd_ovsdb_reader reader = {0};
	struct xd_error err;
	size_t room, total = 0;
	char *at;

	(void)state;
	put(&reader, "{\"", 2);
	while ((at = xd_ovsdb_reader_room(&reader, &room, &err))) {
		memset(at, 'x', room);
		xd_ovsdb_reader_put(&reader, room);
		total += room;
		assert_true(total <= 2 * XD_OVSDB_MESSAGE_MAX);
	}
	assert_int_equal(err.code, -E2BIG);
	xd_ovsdb_reader_reset(&reader);
}

/* ---- Values ---- */

static json_t *
json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static void
test_sets_have_two_forms(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *first;
	} sets[] = {
		{"\"a\"", 1, "a"},
		{"[\"set\", []]", 0, NULL},
		{"[\"set\", [\"a\"]]", 1, "a"},
		{"[\"set\", [\"a\", \"b\"]]", 2, "a"},
		{"[\"map\", []]", 0, NULL},
		{"[\"set\", \"a\"]", 0, NULL},
		{"[1, [2]]", 0, NULL},
		{"[]", 0, NULL},
		{"5", 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		json_t *value = json(sets[i].text);
		const char *first = xd_ovsdb_string(value);

		assert_int_equal(xd_ovsdb_set_size(value), sets[i].n);
		assert_int_equal(first == NULL, sets[i].first == NULL);
		if (first)
			assert_string_equal(first, sets[i].first);
		assert_null(xd_ovsdb_set_get(value, sets[i].n));
		json_decref(value);
	}
	assert_int_equal(xd_ovsdb_set_size(NULL), 0);
}

static void
test_atoms_and_maps(void **state)
{
	json_t *uuid = json("[\"uuid\", \"1-2\"]");
	json_t *map = json("[\"map\", [[\"a\", \"1\"], [\"b\", 2], [\"c\"], 5, [\"d\", \"4\"]]]");
	json_t *numbers = json("[\"map\", [[\"1\", 10], 5, [], [7, 70]]]");
	json_t *empty = json("[\"set\", []]"), *five = json("5"), *yes = json("true");
	const char *key, *value;

	(void)state;
	assert_string_equal(xd_ovsdb_uuid(uuid), "1-2");
	assert_int_equal(xd_ovsdb_set_size(uuid), 1);
	assert_ptr_equal(xd_ovsdb_set_get(uuid, 0), uuid);
	assert_null(xd_ovsdb_uuid(map));
	assert_string_equal(xd_ovsdb_map_find(map, "d"), "4");
	assert_null(xd_ovsdb_map_find(map, "b"));
	assert_null(xd_ovsdb_map_find(uuid, "b"));
	assert_int_equal(xd_ovsdb_map_size(map), 5);
	assert_int_equal(json_integer_value(xd_ovsdb_map_at(numbers, 7)), 70);
	assert_null(xd_ovsdb_map_at(numbers, 1));
	assert_null(xd_ovsdb_map_at(map, 0));
	assert_null(xd_ovsdb_map_at(NULL, 0));
	assert_false(xd_ovsdb_map_get(map, 3, &key, &value));
	assert_false(xd_ovsdb_map_get(map, 9, &key, &value));
	assert_int_equal(xd_ovsdb_integer(five, 7), 5);
	assert_int_equal(xd_ovsdb_integer(empty, 7), 7);
	assert_int_equal(xd_ovsdb_integer(NULL, 7), 7);
	assert_true(xd_ovsdb_bool(yes, false));
	assert_true(xd_ovsdb_bool(five, true));
	json_decref(uuid);
	json_decref(map);
	json_decref(numbers);
	json_decref(empty);
	json_decref(five);
	json_decref(yes);
}

/* ---- Rows ---- */

static const struct xd_ovsdb_table tables[] = {
	{.name = "T", .read = {"name", NULL}, .both = {"error", NULL}, .write = {"new", NULL}},
	{0},
};

static int
update(struct xd_ovsdb_replica *replica, const char *text)
{
	struct xd_error err;
	json_t *updates = json(text);
	int ret = xd_ovsdb_replica_update(replica, updates, &err);

	json_decref(updates);
	return ret;
}

static void
test_rows(void **state)
{
	struct xd_ovsdb_replica replica;
	struct xd_error err;
	const json_t *row;

	(void)state;
	assert_int_equal(xd_ovsdb_replica_init(&replica, tables, &err), 0);
	assert_int_equal(update(&replica, "{\"T\": {\"u\": {\"new\": {\"name\": \"a\"}}}}"), 1);
	row = xd_ovsdb_replica_row(&replica, "T", "u");
	assert_string_equal(xd_ovsdb_string(json_object_get(row, "name")), "a");
	/* What only we write is no news; what somebody else changes is. */
	assert_int_equal(update(&replica, "{\"T\": {\"u\": {\"old\": {\"error\": \"\"}, "
					  "\"new\": {\"name\": \"a\", \"error\": \"x\"}}}}"),
		0);
	assert_int_equal(update(&replica, "{\"T\": {\"u\": {\"old\": {\"name\": \"a\"}, "
					  "\"new\": {\"name\": \"b\", \"error\": \"x\"}}}}"),
		1);
	assert_int_equal(update(&replica, "{\"T\": {\"u\": {\"old\": {}}}}"), 1);
	assert_null(xd_ovsdb_replica_row(&replica, "T", "u"));
	assert_int_equal(update(&replica, "{\"other\": {\"u\": {\"new\": {}}}, \"T\": 5}"), 0);
	assert_int_equal(update(&replica, "[]"), -EINVAL);
	xd_ovsdb_replica_free(&replica);
}

static void
test_schema(void **state)
{
	json_t *right = json("{\"tables\": {\"T\": {\"columns\": {\"name\": {}, \"error\": {}}}}}");
	json_t *wrong = json("{\"tables\": {\"T\": {\"columns\": {\"name\": {}}}}}");
	struct xd_ovsdb_replica replica;
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_ovsdb_replica_init(&replica, tables, &err), 0);
	assert_int_equal(xd_ovsdb_replica_schema(&replica, right, &err), 0);
	assert_true(xd_ovsdb_replica_has(&replica, "T", "name"));
	assert_false(xd_ovsdb_replica_has(&replica, "T", "new"));
	assert_int_equal(xd_ovsdb_replica_schema(&replica, wrong, &err), -EINVAL);
	assert_non_null(strstr(err.text, "table T has no column error"));
	assert_int_equal(xd_ovsdb_replica_schema(&replica, NULL, &err), -EINVAL);
	xd_ovsdb_replica_free(&replica);
	json_decref(right);
	json_decref(wrong);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_end_where_their_braces_do),
		cmocka_unit_test(test_what_is_no_message),
		cmocka_unit_test(test_a_message_is_bounded),
		cmocka_unit_test(test_sets_have_two_forms),
		cmocka_unit_test(test_atoms_and_maps),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
