/* SPDX-License-Identifier: BSD-3-Clause */
/* A test as JSON, and its options taken from there: whoever sends it may be anybody. */
#include <errno.h>
#include <string.h>

#include "option_table.h"
#include "test.h"

json_t *
peer_test_json(const struct options *o)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < o->nb_told; i++)
		json_array_append_new(list, json_pack("[s,s?]", o->told[i].name, o->told[i].text));
	return json_pack("{s:s,s:i,s:o}", "test", o->command.engine->results->name, "ports",
		(int)o->nb_ports, "options", list);
}

static int
take_options(const json_t *list, struct options *o, struct xd_error *err)
{
	const json_t *pair, *text;
	const char *name;
	size_t i;
	int rc = 0;

	if (!json_is_array(list) || json_array_size(list) > OPTIONS_TOLD_MAX)
		return xd_fail(err, -EINVAL, "options: a list of %d at most is expected",
			OPTIONS_TOLD_MAX);
	for (i = 0; i < json_array_size(list) && !rc; i++) {
		pair = json_array_get(list, i);
		name = json_string_value(json_array_get(pair, 0));
		text = json_array_get(pair, 1);
		if (json_array_size(pair) != 2 || !name ||
			!(json_is_null(text) || json_is_string(text)))
			rc = xd_fail(err, -EINVAL, "options: a name and a text are expected");
		else
			rc = options_add(o, name, json_string_value(text), err);
	}
	return rc;
}

/* Each port is half of a pair. */
static int
check_ports(const json_t *test, unsigned nb_ports, struct xd_error *err)
{
	const json_t *ports = json_object_get(test, "ports");

	if (json_is_integer(ports) && json_integer_value(ports) == nb_ports)
		return 0;
	if (!json_is_integer(ports))
		return xd_fail(err, -EINVAL, "ports: a number is expected");
	return xd_fail(err, -EINVAL, "the server has %u port%s, the client %lld: give both as many",
		nb_ports, nb_ports == 1 ? "" : "s", (long long)json_integer_value(ports));
}

int
peer_test_options(const json_t *test, const struct options *server,
	const struct xd_message_link *link, struct options *o, struct xd_error *err)
{
	const char *name = json_string_value(json_object_get(test, "test"));
	const struct engine *engine = name ? engine_named(name) : NULL;
	int rc;

	memset(o, 0, sizeof(*o));
	if (!engine || !option_find(engine, "peer"))
		return xd_fail(err, -EINVAL, "test: %.40s is none that two ends can run",
			name ? name : "nothing");
	rc = check_ports(test, server->nb_ports, err);
	if (!rc)
		rc = options_begin(o, engine, err);
	if (!rc)
		rc = take_options(json_object_get(test, "options"), o, err);
	if (rc)
		return rc;
	o->nb_ports = server->nb_ports;
	memcpy(o->ports, server->ports, sizeof(o->ports));
	o->needs_eal = server->needs_eal;
	o->timeout_ms = server->timeout_ms;
	o->link = link;
	return options_check(o, err);
}
