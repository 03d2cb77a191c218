/* SPDX-License-Identifier: BSD-3-Clause */
/* Every row of the configuration: that it is whole, that its value survives text and comparing, and
 * that the documentation has it. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/daemon_config.h"
#include "control/read_file.h"

typedef void (*key_fn)(const struct xd_noun *noun, const char *type, const struct xd_key *key);

/* Every key of every noun, and of every type of it. */
static void
each_key(key_fn fn)
{
	const struct xd_noun *noun;
	const struct xd_key *keys;
	const char *type;

	for (unsigned n = 0; (noun = xd_daemon_noun(n)); n++) {
		for (const struct xd_key *key = noun->keys; key->name; key++)
			fn(noun, NULL, key);
		for (unsigned i = 0; noun->type && (keys = noun->type(i, &type)); i++) {
			for (const struct xd_key *key = keys; key->name; key++)
				fn(noun, type, key);
		}
	}
}

#define NOT(condition, ...)                                                                        \
	do {                                                                                       \
		if (condition)                                                                     \
			fail_msg(__VA_ARGS__);                                                     \
	} while (0)

/* ---- Rows ---- */

static void
check_row(const struct xd_noun *noun, const char *type, const struct xd_key *key)
{
	const char *n = key->name, *other;
	const struct xd_key *first;
	bool count = key->kind == XD_KEY_LIST || key->kind == XD_KEY_SET ||
		     key->kind == XD_KEY_MACS || key->kind == XD_KEY_NAMES;
	char values[XD_KEY_VALUES];

	NOT(!key->help || key->help[strlen(key->help) - 1] != '.', "%s: no sentence of help", n);
	NOT(!key->cost, "%s: no cost of a change", n);
	NOT(noun->size && key->offset + key->size > noun->size, "%s: outside of its entry", n);
	NOT(key->kind == XD_KEY_WORD && (!key->words || key->size != sizeof(unsigned)),
		"%s: no words, or no enum", n);
	NOT(key->kind == XD_KEY_FLAGS && (!key->bits || !key->unit || key->size != 8),
		"%s: no names of its bits", n);
	/* Names of what the program has say themselves what they look like. */
	NOT(key->kind == XD_KEY_NAME && !key->noun, "%s: no noun", n);
	NOT(key->kind == XD_KEY_NAMES && !key->noun && !key->values, "%s: no noun, no values", n);
	NOT(key->noun && !xd_noun_find(key->noun), "%s: there is no such noun", n);
	NOT((key->kind == XD_KEY_NUMBER || key->kind == XD_KEY_MODE) &&
			(key->max <= key->min || (key->size < 8 && key->max >> (8 * key->size))),
		"%s: no range, or none that fits", n);
	NOT(count && key->count == key->offset, "%s: no count", n);
	NOT(!strcmp(n, "name"), "a key called name");
	first = xd_noun_any_key(noun, n, &other);
	NOT(type && !other, "%s: all types and one have it", n);
	NOT(first->kind != key->kind || first->size != key->size || first->list != key->list,
		"%s: takes other values of another type", n);
	NOT(strcmp(first->unset ? first->unset : "", key->unset ? key->unset : ""),
		"%s: is taken back by another word of another type", n);
	NOT(!xd_noun_values(noun, key, values)[0], "%s: says nothing of its values", n);
}

static void
test_rows(void **state)
{
	(void)state;
	each_key(check_row);
}

/* A value that is not the default. */
static const char *
other_value(const struct xd_key *key, char text[XD_KEY_VALUES])
{
	switch (key->kind) {
	case XD_KEY_NUMBER:
		snprintf(text, XD_KEY_VALUES, "%" PRIu64,
			key->fallback == key->max ? key->min : key->max);
		break;
	case XD_KEY_MODE:
		return "0700";
	case XD_KEY_WORD:
		return key->words[!key->fallback];
	case XD_KEY_FLAGS:
		return key->bits[0].name;
	case XD_KEY_MACS:
		return "02:00:00:00:00:01";
	default:
		return "7";
	}
	return text;
}

/* An entry of any noun, or a section. */
static void *
make_entry(struct xd_daemon_config *config, const struct xd_noun *noun, const char *type)
{
	void *entry;

	if (!noun->size)
		return xd_daemon_section(config, noun);
	entry = xd_noun_add(noun, config->config, "p", NULL);
	assert_non_null(entry);
	if (type)
		assert_int_equal(xd_noun_set(noun, entry, noun->keys[0].name, type, NULL), 0);
	return entry;
}

/* By text and back; equal only when it is; a change costs what the row says. */
static void
check_value(const struct xd_noun *noun, const char *type, const struct xd_key *key)
{
	struct xd_daemon_config *config = xd_daemon_config_create();
	char text[XD_KEY_VALUES], *before = malloc(XD_KEY_CHARS), *after = malloc(XD_KEY_CHARS);
	size_t size = sizeof(struct xd_daemon_config);
	void *entry = make_entry(config, noun, type), *copy;
	struct xd_error err;

	if (noun->size)
		size = noun->size;
	else if (entry == config->config)
		size = sizeof(struct xd_config);
	copy = malloc(size);
	memcpy(copy, entry, size);
	assert_int_equal(xd_key_check(key, entry, &err), 0);
	xd_key_print(key, entry, before);
	NOT(xd_noun_set(noun, entry, key->name, other_value(key, text), &err), "%s: %s", key->name,
		err.text);
	xd_key_print(key, entry, after);
	NOT(xd_key_equal(key, entry, copy) || xd_noun_equal(noun, entry, copy), "%s: equal",
		key->name);
	NOT(!(xd_noun_cost(noun, copy, entry) & key->cost), "%s: costs nothing", key->name);
	NOT(!strcmp(before, after), "%s: prints the same", key->name);
	assert_int_equal(xd_key_check(key, entry, &err), 0);
	/* A type is not a value like others: its keys come and go with it. */
	if (!noun->type || key != noun->keys) {
		assert_int_equal(xd_key_read(key, copy, after, &err), 0);
		assert_true(xd_key_equal(key, entry, copy));
		if (key->unset)
			assert_int_equal(xd_key_read(key, entry, key->unset, &err), 0);
		else if (before[0])
			assert_int_equal(xd_key_read(key, entry, before, &err), 0);
		else
			xd_key_reset(key, entry);
		xd_key_print(key, entry, after);
		assert_string_equal(before, after);
	}
	free(before);
	free(after);
	free(copy);
	xd_daemon_config_destroy(config);
}

static void
test_values(void **state)
{
	(void)state;
	each_key(check_value);
}

/* No string takes what would forge a line of a log. */
static void
check_control(const struct xd_noun *noun, const char *type, const struct xd_key *key)
{
	static const char *const bad[] = {"/tmp/a\nb", "\x1b[2J", "a\x7f", "\r", "a\xc2\x85",
		"\xc2\x9bm", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6"};
	struct xd_daemon_config *config = xd_daemon_config_create();
	void *entry = make_entry(config, noun, type);
	struct xd_error err;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (key->kind != XD_KEY_STRING && key->kind != XD_KEY_NAME)
			break;
		assert_int_equal(xd_noun_set(noun, entry, key->name, bad[i], &err), -EINVAL);
		strcpy((char *)entry + key->offset, bad[i]);
		assert_int_equal(xd_key_check(key, entry, &err), -EINVAL);
	}
	xd_daemon_config_destroy(config);
}

static void
test_control_characters(void **state)
{
	struct xd_error err;

	(void)state;
	each_key(check_control);
	/* Nor does an error that cites one. */
	xd_fail_key(&err, -EINVAL, "ports.a\nb", "\"%s\" is not a name", "x\ny\x1b");
	assert_string_equal(err.key, "ports.a?b");
	assert_string_equal(err.text, "\"x?y?\" is not a name");
	xd_fail(&err, -EINVAL, "\xc2\x85 \xe2\x80\xae. \xe2\x80\xa6 \xc3\xa4 \xc2");
	assert_string_equal(err.text, "?? ???. \xe2\x80\xa6 \xc3\xa4 \xc2");
}

/* A kind that no noun has had yet. */
static void
test_names(void **state)
{
	struct entry {
		uint16_t nb_ports;
		char ports[3][XD_NAME_MAX];
	} a = {0}, b = {0};
	static const struct xd_key key = {.name = "ports",
		.kind = XD_KEY_NAMES,
		XD_KEY_AT(struct entry, ports),
		.count = offsetof(struct entry, nb_ports),
		.noun = "port",
		.unset = "none"};
	static const struct {
		const char *text;
		int error;
	} bad[] = {{"a,b,c,d", -E2BIG}, {"a,,b", -EINVAL}, {"a\nb", -EINVAL},
		{"a2345678901234567890123456789012", -ENAMETOOLONG}};
	char *text = malloc(XD_KEY_CHARS);
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_key_read(&key, &a, "vm1, vm2", &err), 0);
	assert_int_equal(a.nb_ports, 2);
	assert_string_equal(xd_key_name(&key, &a, 1), "vm2");
	assert_null(xd_key_name(&key, &a, 2));
	assert_int_equal(xd_key_check(&key, &a, &err), 0);
	xd_key_print(&key, &a, text);
	assert_string_equal(text, "vm1,vm2");
	assert_false(xd_key_equal(&key, &a, &b));
	assert_int_equal(xd_key_read(&key, &b, text, &err), 0);
	assert_true(xd_key_equal(&key, &a, &b));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(xd_key_read(&key, &b, bad[i].text, &err), bad[i].error);
		assert_true(xd_key_equal(&key, &a, &b));
	}
	strcpy(b.ports[1], "vm1");
	assert_int_equal(xd_key_check(&key, &b, &err), -EINVAL);
	memset(b.ports[1], 'x', XD_NAME_MAX);
	assert_int_equal(xd_key_check(&key, &b, &err), -EINVAL);
	b.nb_ports = 4;
	assert_int_equal(xd_key_check(&key, &b, &err), -E2BIG);
	assert_null(xd_key_name(&key, &b, 3));
	assert_int_equal(xd_key_read(&key, &b, "none", &err), 0);
	assert_int_equal(b.nb_ports, 0);
	free(text);
}

/* ---- Documentation ---- */

static char *reference, *man;

/* Without the marks of literals, so that sentences can be compared. */
static char *
read_doc(const char *name)
{
	struct xd_error err;
	char path[512], *text, *to;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", XD_DOC_DIR, name);
	text = xd_read_file(path, 1000, &len, &err);
	NOT(!text, "%s", err.text);
	to = text;
	for (const char *from = text; *from; from++) {
		if (*from != '`' && *from != '\\')
			*to++ = *from;
	}
	*to = 0;
	return text;
}

/* The paragraph of a key, on one line: what is indented below its name, after a heading. */
static char *
paragraph(const char *heading, const char *key)
{
	char line[80], *at, *body = calloc(1, 4096);
	size_t used = 0;

	snprintf(line, sizeof(line), "\n%s\n", heading);
	at = strstr(reference, line);
	NOT(!at, "doc/configuration.rst: no heading %s", heading);
	snprintf(line, sizeof(line), "\n%s\n    ", key);
	at = strstr(at, line);
	NOT(!at, "doc/configuration.rst: %s is missing", key);
	at += strlen(key) + 2;
	while (!strncmp(at, "    ", 4)) {
		size_t len = strcspn(at + 4, "\n");

		used += (size_t)snprintf(body + used, 4096 - used, "%.*s ", (int)len, at + 4);
		at += 4 + len + 1;
	}
	return body;
}

static void
check_doc(const struct xd_noun *noun, const char *type, const struct xd_key *key)
{
	char heading[64], word[32], values[XD_KEY_VALUES], *body;

	snprintf(heading, sizeof(heading), "%s%s:", type ? "Type " : "All types", type ? type : "");
	body = paragraph(noun->type ? heading : noun->section, key->name);
#define HAS(what)                                                                                  \
	NOT(!strstr(body, what), "doc/configuration.rst, %s: does not say \"%s\"", key->name, what)
	snprintf(values, sizeof(values), "%.*s", (int)strlen(key->help) - 1, key->help);
	HAS(values);
	HAS("efault");
	HAS(xd_key_default(key, values));
	for (unsigned i = 0; key->kind == XD_KEY_WORD && key->words[i]; i++)
		HAS(key->words[i]);
	if (key->kind == XD_KEY_NUMBER || key->kind == XD_KEY_SET) {
		snprintf(word, sizeof(word), "%" PRIu64 " to %" PRIu64, key->min, key->max);
		HAS(word);
	}
	if (key->kind == XD_KEY_NUMBER && key->unit)
		HAS(key->unit + 1); /* "Addresses" */
	if (key->kind == XD_KEY_MODE) {
		snprintf(word, sizeof(word), "\"%04" PRIo64 "\"", key->max);
		HAS(word);
	}
	if (noun->size) {
		snprintf(word, sizeof(word), "%s", key->name);
		NOT(!strstr(man, word), "doc/crossdockctl.1: %s is missing", key->name);
	}
	free(body);
}

/* What crossdockctl makes of the table of nouns. */
static void
check_verbs(const struct xd_noun *noun)
{
	static const char *const verbs[] = {"show", "add", "set", "del", "rename"};
	char words[64];

	for (unsigned i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		snprintf(words, sizeof(words), "\"%s %s\"", noun->name, verbs[i]);
		NOT(!strstr(man, words), "doc/crossdockctl.1: no %s", words);
	}
	NOT(!noun->example.name || !noun->example.add || !noun->example.set, "%s: no example",
		noun->name);
}

static void
test_documentation(void **state)
{
	(void)state;
	reference = read_doc("configuration.rst");
	man = read_doc("crossdockctl.1");
	each_key(check_doc);
	for (unsigned n = 0; xd_nouns[n]; n++) {
		if (xd_nouns[n]->size)
			check_verbs(xd_nouns[n]);
	}
	free(reference);
	free(man);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_documentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
