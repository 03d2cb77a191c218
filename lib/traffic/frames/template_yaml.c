/* SPDX-License-Identifier: BSD-3-Clause */
/* A template as a YAML file; every error with its line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/suggest.h"
#include "traffic/frames/template_header.h"

struct reader {
	const char *path;
	yaml_document_t document;
	struct xd_error *err;
};

static unsigned
line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static int
fail_at(struct reader *r, const yaml_node_t *node, const char *text)
{
	return xd_fail(r->err, -EINVAL, "%s:%u: %s", r->path, line_of(node), text);
}

/* Puts file and line before what another file of template*.c says. */
static int
at_line(struct reader *r, const yaml_node_t *node, int rc, const struct xd_error *inner)
{
	if (rc == -EINVAL)
		return fail_at(r, node, inner->text);
	return rc ? xd_fail(r->err, rc, "%s", inner->text) : 0;
}

static yaml_node_t *
node_of(struct reader *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

/* A scalar's text, or NULL: it is something else. */
static const char *
text_of(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || strlen(text) != node->data.scalar.length)
		return NULL;
	return text;
}

static bool
is_nothing(const yaml_node_t *node)
{
	const char *text = text_of(node);

	return text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* {src: 10.0.0.1, ttl: 3}, or nothing */
static int
read_fields(struct reader *r, struct xd_template *t, const yaml_node_t *node)
{
	if (is_nothing(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return fail_at(r, node,
			"a header's fields are a map, such as {src: 10.0.0.1, dst: 10.0.0.2}");
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = node_of(r, pair->key), *value = node_of(r, pair->value);
		const char *name = text_of(key), *text = text_of(value);
		struct xd_error inner;
		int rc;

		if (!name || !text)
			return fail_at(r, key, "a field has one name and one value");
		rc = xd_template_set(t, name, strlen(name), text, strlen(text), &inner);
		rc = at_line(r, key, rc, &inner);
		if (rc)
			return rc;
	}
	return 0;
}

/* One of the list: "udp" or {udp: {dport: 53}} */
static int
read_header(struct reader *r, struct xd_template *t, const yaml_node_t *node)
{
	const yaml_node_t *key = node, *fields = NULL;
	struct xd_error inner;
	const char *name;
	int rc;

	if (node->type == YAML_MAPPING_NODE) {
		yaml_node_pair_t *pair = node->data.mapping.pairs.start;

		if (pair == node->data.mapping.pairs.top)
			return fail_at(r, node, "an empty header; give one, such as udp");
		if (pair + 1 != node->data.mapping.pairs.top)
			return fail_at(r, node_of(r, pair[1].key),
				"a second header in one item; begin each with \"- \", and put "
				"fields below it, further in");
		key = node_of(r, pair->key);
		fields = node_of(r, pair->value);
	}
	name = text_of(key);
	if (!name)
		return fail_at(r, key, "a header is a name, such as udp or {udp: {dport: 53}}");
	rc = at_line(r, key, xd_template_add(t, name, strlen(name), &inner), &inner);
	return !rc && fields ? read_fields(r, t, fields) : rc;
}

static int
read_headers(struct reader *r, struct xd_template *t, const yaml_node_t *node)
{
	struct xd_error inner;

	if (node->type != YAML_SEQUENCE_NODE)
		return fail_at(r, node, "headers: is a list; begin each header with \"- \"");
	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		int rc = read_header(r, t, node_of(r, *i));

		if (rc)
			return rc;
	}
	return at_line(r, node, xd_template_finish(t, &inner), &inner);
}

static struct xd_template *
read_text(struct reader *r, const yaml_node_t *node)
{
	const char *text = text_of(node);
	struct xd_template *t;
	struct xd_error inner;

	if (!text) {
		fail_at(r, node, "template: is a text, such as eth/ipv4/udp(dport=53)");
		return NULL;
	}
	t = xd_template_parse(text, &inner);
	if (!t)
		at_line(r, node, inner.code, &inner);
	return t;
}

static struct xd_template *
read_list(struct reader *r, const yaml_node_t *node)
{
	struct xd_template *t = calloc(1, sizeof(*t));

	if (!t) {
		xd_fail(r->err, -ENOMEM, "no memory for a template");
		return NULL;
	}
	if (read_headers(r, t, node)) {
		xd_template_destroy(t);
		return NULL;
	}
	return t;
}

/* The file's one key. */
static struct xd_template *
read_root(struct reader *r)
{
	static const char *const keys[] = {"headers", "template", NULL};
	const yaml_node_t *root = yaml_document_get_root_node(&r->document), *key;
	yaml_node_pair_t *pair;
	char text[320], hint[160];
	const char *name;

	if (!root || is_nothing(root)) {
		xd_fail(r->err, -EINVAL, "%s: is empty; give headers: or template:", r->path);
		return NULL;
	}
	pair = root->type == YAML_MAPPING_NODE ? root->data.mapping.pairs.start : NULL;
	if (!pair || pair == root->data.mapping.pairs.top) {
		fail_at(r, root, "begin with headers: (a list) or template: (a text)");
		return NULL;
	}
	key = node_of(r, pair->key);
	name = text_of(key);
	if (!name || (strcmp(name, keys[0]) && strcmp(name, keys[1]))) {
		snprintf(text, sizeof(text), "unknown key \"%.32s\"%s", name ? name : "",
			xd_suggest_hint(name ? name : "", keys, hint, sizeof(hint)));
		fail_at(r, key, text);
		return NULL;
	}
	if (pair + 1 != root->data.mapping.pairs.top) {
		fail_at(r, node_of(r, pair[1].key),
			"a second key; a file has either headers: or template:");
		return NULL;
	}
	return name[0] == 'h' ? read_list(r, node_of(r, pair->value))
			      : read_text(r, node_of(r, pair->value));
}

static void
syntax_error(struct reader *r, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		xd_fail(r->err, -ENOMEM, "%s: no memory to read it", r->path);
	else if (parser->error == YAML_READER_ERROR)
		xd_fail(r->err, -EINVAL, "%s: byte %zu: %s", r->path, parser->problem_offset,
			parser->problem);
	else
		xd_fail(r->err, -EINVAL, "%s:%zu: %s", r->path, parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "is no YAML");
}

/* Whether nothing follows the document; what would is not read, and would not be missed. */
static int
check_end(struct reader *r, yaml_parser_t *parser)
{
	yaml_document_t more;
	int rc = 0;

	if (!yaml_parser_load(parser, &more)) {
		syntax_error(r, parser);
		return -EINVAL;
	}
	if (yaml_document_get_root_node(&more))
		rc = xd_fail(r->err, -EINVAL, "%s:%zu: a second document; give one template a file",
			r->path, more.start_mark.line + 1);
	yaml_document_delete(&more);
	return rc;
}

static struct xd_template *
read_file(struct reader *r, FILE *file)
{
	struct xd_template *t = NULL;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		xd_fail(r->err, -ENOMEM, "%s: no memory to read it", r->path);
		return NULL;
	}
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &r->document)) {
		t = read_root(r);
		yaml_document_delete(&r->document);
		if (t && check_end(r, &parser)) {
			xd_template_destroy(t);
			t = NULL;
		}
	} else {
		syntax_error(r, &parser);
	}
	yaml_parser_delete(&parser);
	return t;
}

struct xd_template *
xd_template_load(const char *path, struct xd_error *err)
{
	struct reader r = {.path = path, .err = err};
	struct xd_template *t = NULL;
	struct stat stat;
	FILE *file = fopen(path, "re");

	if (!file) {
		int code = errno;

		xd_fail(err, -code, "%s: %s", path, strerror(code));
		return NULL;
	}
	if (fstat(fileno(file), &stat) == 0 && S_ISDIR(stat.st_mode))
		xd_fail(err, -EISDIR, "%s: %s", path, strerror(EISDIR));
	else
		t = read_file(&r, file);
	fclose(file);
	return t;
}
