/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of a template: headers one by one, what may stand where, and the text back again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "traffic/frames/template_header.h"

#define HINT 192

/* A word as it may be shown: not longer than a line likes. */
#define SHOWN 32

static int
shown(size_t len)
{
	return len < SHOWN ? (int)len : SHOWN;
}

static const char *
hint_of(const char *word, size_t len, const char *const *words, char *hint)
{
	char text[SHOWN + 1];

	snprintf(text, sizeof(text), "%.*s", shown(len), word);
	return xd_suggest_hint(text, words, hint, HINT);
}

static bool
is_word(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !memcmp(name, text, len);
}

static int
unknown_header(const char *name, size_t len, struct xd_error *err)
{
	const char *names[XD_HEADER_KINDS + 1];
	char hint[HINT];

	for (unsigned i = 0; i < XD_HEADER_KINDS; i++)
		names[i] = xd_header_defs[i].name;
	names[XD_HEADER_KINDS] = NULL;
	return xd_fail(err, -EINVAL, "template: unknown header \"%.*s\"%s", shown(len), name,
		hint_of(name, len, names, hint));
}

static unsigned
count_tags(const struct xd_template *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n; i++)
		n += t->headers[i].def->layer == 2;
	return n;
}

/* Whether a header may follow those that there are. */
static int
check_place(const struct xd_template *t, const struct xd_header_def *def, struct xd_error *err)
{
	const struct xd_header_def *before = t->n ? t->headers[t->n - 1].def : NULL;

	if (!before)
		return def->layer == 1
			       ? 0
			       : xd_fail(err, -EINVAL,
					 "template: begins with %s; put eth before it", def->name);
	if (def->layer == 2 && count_tags(t) == 2)
		return xd_fail(err, -EINVAL, "template: has a third tag; at most two");
	if (def->kind == XD_HEADER_SVLAN && before->kind == XD_HEADER_VLAN)
		return xd_fail(err, -EINVAL,
			"template: svlan behind vlan; the service tag is the outer one: "
			"svlan/vlan");
	if (def->layer == 4 && before->layer < 3)
		return xd_fail(err, -EINVAL, "template: %s behind %s; put ipv4 or ipv6 between",
			def->name, before->name);
	if (def->layer < before->layer || (def->layer == before->layer && def->layer != 2))
		return xd_fail(err, -EINVAL,
			"template: %s cannot stand behind %s; the order is "
			"eth, vlan, ipv4 or ipv6, udp, tcp or icmp",
			def->name, before->name);
	return 0;
}

int
xd_template_add(struct xd_template *t, const char *name, size_t name_len, struct xd_error *err)
{
	const struct xd_header_def *def = NULL;
	int rc;

	for (unsigned i = 0; i < XD_HEADER_KINDS; i++)
		if (is_word(xd_header_defs[i].name, name, name_len))
			def = &xd_header_defs[i];
	if (!def)
		return unknown_header(name, name_len, err);
	rc = check_place(t, def, err);
	if (rc)
		return rc;
	t->headers[t->n++] = (struct xd_template_header){.def = def};
	return 0;
}

int
xd_template_set(struct xd_template *t, const char *name, size_t name_len, const char *text,
	size_t text_len, struct xd_error *err)
{
	struct xd_template_header *header = &t->headers[t->n - 1];
	const struct xd_header_def *def = header->def;
	const char *names[XD_TEMPLATE_FIELDS_MAX + 1];
	char hint[HINT];
	unsigned i;

	for (i = 0; def->fields[i].name; i++) {
		names[i] = def->fields[i].name;
		if (!is_word(names[i], name, name_len))
			continue;
		if (header->values[i].given)
			return xd_fail(err, -EINVAL, "template: %s %s is given twice", def->name,
				names[i]);
		return xd_template_value_parse(
			def->name, &def->fields[i], text, text_len, &header->values[i], err);
	}
	names[i] = NULL;
	return xd_fail(err, -EINVAL, "template: %s has no field \"%.*s\"%s", def->name,
		shown(name_len), name, hint_of(name, name_len, names, hint));
}

/* Of a value that says the same as none. */
static bool
is_preset(const struct xd_field_def *def, const struct xd_template_value *value)
{
	return def->own == XD_OWN_PRESET && value->count == 1 && value->first == def->preset;
}

/* Appends "ipv4(src=10.0.0.1)" to text, behind `used` bytes; returns how many there are then. */
static size_t
print_header(const struct xd_template_header *header, char *text, size_t used)
{
	const char *before = "(";

	used += (size_t)sprintf(text + used, "%s%s", used ? "/" : "", header->def->name);
	for (unsigned i = 0; header->def->fields[i].name; i++) {
		const struct xd_field_def *def = &header->def->fields[i];

		if (!header->values[i].given || is_preset(def, &header->values[i]))
			continue;
		used += (size_t)sprintf(text + used, "%s%s=", before, def->name);
		xd_template_value_print(def, &header->values[i], text + used);
		used += strlen(text + used);
		before = ",";
	}
	if (before[0] == ',')
		used += (size_t)sprintf(text + used, ")");
	return used;
}

/* What the next header says must not be given as well. */
static int
check_next(const struct xd_template *t, unsigned h, struct xd_error *err)
{
	const struct xd_template_header *header = &t->headers[h];
	const struct xd_template_header *next =
		xd_template_layer(t, header->def->layer == 1 ? 3 : header->def->layer + 1);

	for (unsigned i = 0; next && header->def->fields[i].name; i++)
		if (header->def->fields[i].own == XD_OWN_NEXT && header->values[i].given)
			return xd_fail(err, -EINVAL,
				"template: %s %s follows from %s; leave out one of them",
				header->def->name, header->def->fields[i].name, next->def->name);
	return 0;
}

int
xd_template_finish(struct xd_template *t, struct xd_error *err)
{
	size_t used = 0;
	char *text;

	if (t->n == 0)
		return xd_fail(err, -EINVAL,
			"template: is empty; give headers, such as eth/ipv4/udp(dport=53)");
	for (unsigned h = 0; h < t->n; h++) {
		int rc = check_next(t, h, err);

		if (rc)
			return rc;
	}
	text = malloc((size_t)t->n * XD_TEMPLATE_HEADER_TEXT);
	if (!text)
		return xd_fail(err, -ENOMEM, "no memory for a template");
	for (unsigned h = 0; h < t->n; h++)
		used = print_header(&t->headers[h], text, used);
	t->text = text;
	return 0;
}

/* "src=10.0.0.1,dst=10.0.0.2" up to its ')'; *at moves behind it. */
static int
parse_fields(struct xd_template *t, const char **at, struct xd_error *err)
{
	const char *header = t->headers[t->n - 1].def->name;
	const char *p = *at;

	for (;;) {
		size_t name = strcspn(p, "=,()/");
		size_t value;
		int rc;

		if (p[name] != '=')
			return xd_fail(err, -EINVAL,
				"template: %s: \"%.*s\" has no value; fields are name=value, as in "
				"%s(%s=...)",
				header, shown(name), p, header,
				t->headers[t->n - 1].def->fields[0].name);
		value = strcspn(p + name + 1, ",()/");
		rc = xd_template_set(t, p, name, p + name + 1, value, err);
		if (rc)
			return rc;
		p += name + 1 + value;
		*at = p + 1;
		if (*p == ')')
			return 0;
		if (*p != ',')
			return xd_fail(
				err, -EINVAL, "template: the ( of %s is not closed; add )", header);
		p++;
	}
}

static int
parse(struct xd_template *t, const char *text, struct xd_error *err)
{
	const char *at = text;

	if (*text == '\0')
		return 0; /* said when finished */
	for (;;) {
		size_t len = strcspn(at, "/(");
		const char *name = at;
		int rc = xd_template_add(t, name, len, err);

		if (rc)
			return rc;
		at += len;
		if (at[0] == '(' && at[1] == ')') {
			at += 2;
		} else if (at[0] == '(') {
			at++;
			rc = parse_fields(t, &at, err);
			if (rc)
				return rc;
		}
		if (*at == '\0')
			return 0;
		if (*at != '/')
			return xd_fail(err, -EINVAL,
				"template: \"%.*s\" behind %.*s(...); headers are separated by /",
				shown(strlen(at)), at, shown(len), name);
		at++;
	}
}

struct xd_template *
xd_template_parse(const char *text, struct xd_error *err)
{
	struct xd_template *t = calloc(1, sizeof(*t));

	if (!t) {
		xd_fail(err, -ENOMEM, "no memory for a template");
		return NULL;
	}
	if (parse(t, text, err) || xd_template_finish(t, err)) {
		xd_template_destroy(t);
		return NULL;
	}
	return t;
}

void
xd_template_destroy(struct xd_template *t)
{
	if (!t)
		return;
	free(t->text);
	free(t);
}

const char *
xd_template_text(const struct xd_template *t)
{
	return t->text;
}
