/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML text to a JSON tree, with the line of every key. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/yaml.h"
#include "control/yaml_scan.h"

#define MAX_NODES 100000 /* aliases count each time they are used */

struct walk {
	yaml_document_t document;
	struct xd_lines *lines;
	struct xd_error *err;
	unsigned nodes;
};

static json_t *convert(struct walk *walk, int index, const char *path, unsigned depth);

static json_t *
fail(struct walk *walk, const char *path, unsigned line, const char *text)
{
	if (line)
		xd_lines_add(walk->lines, path, line);
	xd_fail_key(walk->err, -EINVAL, path, "%s", text);
	return NULL;
}

static unsigned
line_of(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

static json_t *
convert_scalar(struct walk *walk, const yaml_node_t *node, const char *path)
{
	const char *text = (const char *)node->data.scalar.value;
	json_t *string;

	if (strlen(text) != node->data.scalar.length)
		return fail(walk, path, line_of(node), "has a NUL character");
	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		(!text[0] || !strcmp(text, "~") || !strcmp(text, "null")))
		return json_null();
	string = json_string(text);
	return string ? string : fail(walk, path, line_of(node), "is not UTF-8 text");
}

static json_t *
convert_sequence(struct walk *walk, const yaml_node_t *node, const char *path, unsigned depth)
{
	json_t *list = json_array();
	char name[512];

	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		yaml_node_t *inner = yaml_document_get_node(&walk->document, *i);
		json_t *item;

		snprintf(name, sizeof(name), "%.480s%s%u", path, path[0] ? "." : "",
			(unsigned)(i - node->data.sequence.items.start) + 1);
		if (inner->type == YAML_MAPPING_NODE)
			xd_lines_add(walk->lines, name, line_of(inner));
		item = convert(walk, *i, inner->type == YAML_MAPPING_NODE ? name : path, depth + 1);

		if (!item || json_array_append_new(list, item)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool
is_merge(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       !strcmp((const char *)key->data.scalar.value, "<<");
}

/* The value of a merge key: a mapping, or a list of which the first that has a key counts. Keys of
 * the mapping at hand come before all of them: yaml.org/type/merge.html. */
static int
merge(struct walk *walk, const yaml_node_pair_t *pair, const char *path, unsigned depth,
	json_t *object)
{
	unsigned line = line_of(yaml_document_get_node(&walk->document, pair->key));
	json_t *value = convert(walk, pair->value, path, depth + 1), *item;
	json_t *list = json_is_array(value) ? json_incref(value) : json_pack("[O]", value);
	int ret = value ? 0 : -EINVAL;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (ret == 0 && !json_is_object(item)) {
			fail(walk, path, line,
				"<< wants a mapping, such as *name, or a list of them");
			ret = -EINVAL;
		}
		if (ret == 0)
			json_object_update_missing(object, item);
	}
	json_decref(list);
	json_decref(value);
	return ret;
}

/* Adds one pair of a mapping to object. */
static int
convert_pair(struct walk *walk, const yaml_node_pair_t *pair, const char *path, unsigned depth,
	json_t *object)
{
	yaml_node_t *key = yaml_document_get_node(&walk->document, pair->key);
	unsigned line = line_of(key);
	char name[512], text[128];
	json_t *value;

	if (key->type != YAML_SCALAR_NODE ||
		strlen((const char *)key->data.scalar.value) != key->data.scalar.length) {
		fail(walk, path, line, "a key must be one word");
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%s%s%.100s", path, path[0] ? "." : "",
		(const char *)key->data.scalar.value);
	if (json_object_get(object, (const char *)key->data.scalar.value)) {
		snprintf(text, sizeof(text), "is given twice, first on line %u",
			xd_lines_find(walk->lines, name));
		fail(walk, name, line, text);
		return -EEXIST;
	}
	xd_lines_add(walk->lines, name, line);
	value = convert(walk, pair->value, name, depth + 1);
	if (!value)
		return -EINVAL;
	if (json_object_set_new(object, (const char *)key->data.scalar.value, value)) {
		fail(walk, path, line, "has a key that is not UTF-8 text");
		return -EINVAL;
	}
	return 0;
}

static json_t *
convert_mapping(struct walk *walk, const yaml_node_t *node, const char *path, unsigned depth)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		if (!is_merge(yaml_document_get_node(&walk->document, pair->key)) &&
			convert_pair(walk, pair, path, depth, object))
			goto err;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		if (is_merge(yaml_document_get_node(&walk->document, pair->key)) &&
			merge(walk, pair, path, depth, object))
			goto err;
	}
	return object;
err:
	json_decref(object);
	return NULL;
}

static json_t *
convert(struct walk *walk, int index, const char *path, unsigned depth)
{
	yaml_node_t *node = yaml_document_get_node(&walk->document, index);

	if (depth > XD_YAML_MAX_DEPTH)
		return fail(walk, path, line_of(node), "is nested too deeply");
	if (++walk->nodes > MAX_NODES)
		return fail(walk, path, line_of(node), "the file has too many entries");
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return convert_scalar(walk, node, path);
	case YAML_SEQUENCE_NODE:
		return convert_sequence(walk, node, path, depth);
	case YAML_MAPPING_NODE:
		return convert_mapping(walk, node, path, depth);
	default:
		return fail(walk, path, line_of(node), "has no value");
	}
}

/* Whether the line that it complains about begins with a tab, which editors show as the spaces that
 * were meant. The text has no end of its own. */
static bool
is_tab(const yaml_parser_t *parser, const char *text, size_t len)
{
	const char *end = text + len;

	for (size_t i = 0; text && i < parser->problem_mark.line; i++) {
		text = memchr(text, '\n', end - text);
		if (text)
			text++;
	}
	while (text && text < end && *text == ' ')
		text++;
	return parser->error == YAML_SCANNER_ERROR && text && text < end && *text == '\t';
}

/* What libyaml complains about, with its line under the key "". */
static void
syntax_error(const yaml_parser_t *parser, const char *text, size_t len, struct walk *walk)
{
	unsigned line = parser->problem_mark.line + 1;

	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset && i < len; i++)
			line += text[i] == '\n';
	}
	xd_lines_add(walk->lines, "", line);
	xd_fail(walk->err, -EINVAL, "is not YAML: %s%s%s%s", parser->context ? parser->context : "",
		parser->context ? ", " : "", parser->problem ? parser->problem : "no memory",
		is_tab(parser, text, len) ? ": a tab; YAML is indented by spaces" : "");
}

/* Fails when another document follows the first. */
static int
check_end(yaml_parser_t *parser, const char *text, size_t len, struct walk *walk)
{
	yaml_document_t next;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &next)) {
		syntax_error(parser, text, len, walk);
		return -EINVAL;
	}
	root = yaml_document_get_root_node(&next);
	if (root)
		fail(walk, "", line_of(root), "a second document begins here: one per file");
	yaml_document_delete(&next);
	return root ? -EINVAL : 0;
}

json_t *
xd_yaml_parse(const char *text, size_t len, struct xd_lines *lines, struct xd_error *err)
{
	struct walk walk = {.lines = lines, .err = err};
	yaml_parser_t parser;
	json_t *root = NULL;

	if (xd_yaml_scan(text, len, lines, err))
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		xd_fail(err, -ENOMEM, "no memory");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &walk.document)) {
		syntax_error(&parser, text, len, &walk);
		goto out_parser;
	}
	if (!yaml_document_get_root_node(&walk.document)) {
		root = json_null();
		goto out_document;
	}
	xd_lines_add(lines, "", line_of(yaml_document_get_root_node(&walk.document)));
	root = convert(&walk, 1, "", 0);
	if (root && check_end(&parser, text, len, &walk)) {
		json_decref(root);
		root = NULL;
	}
out_document:
	yaml_document_delete(&walk.document);
out_parser:
	yaml_parser_delete(&parser);
	return root;
}
