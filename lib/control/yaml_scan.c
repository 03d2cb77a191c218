/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a document is made of, counted before it is loaded. libyaml takes time that grows with the
 * square of some things: it searches all anchors for each anchor and alias, all %TAG directives for
 * each of them, and all open brackets for each token. The scanner gives out tokens one by one and
 * looks at most 1024 characters ahead, so what is too much is found before it costs anything.
 */
#include <errno.h>
#include <stdbool.h>
#include <yaml.h>

#include "control/yaml_scan.h"

#define MAX_TOKENS  300000 /* five for a key and its value: three times 1024 ports with all keys */
#define MAX_ANCHORS 256

struct count {
	unsigned tokens, anchors, depth;
};

/* NULL: it is all right. */
static const char *
count_token(struct count *count, yaml_token_type_t type)
{
	if (++count->tokens > MAX_TOKENS)
		return "the file has too many entries";
	switch (type) {
	case YAML_TAG_DIRECTIVE_TOKEN:
		return "%TAG is not known here";
	case YAML_ANCHOR_TOKEN:
		return ++count->anchors > MAX_ANCHORS ? "the file has more than 256 anchors (&)"
						      : NULL;
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
		return ++count->depth > XD_YAML_MAX_DEPTH ? "is nested too deeply" : NULL;
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
	case YAML_BLOCK_END_TOKEN:
		if (count->depth > 0)
			count->depth--;
		return NULL;
	default:
		return NULL;
	}
}

int
xd_yaml_scan(const char *text, size_t len, struct xd_lines *lines, struct xd_error *err)
{
	struct count count = {0};
	const char *problem = NULL;
	yaml_parser_t parser;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		return xd_fail(err, -ENOMEM, "no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (more && !problem) {
		yaml_token_t token;

		/* What is no YAML, the parser will tell better. */
		if (!yaml_parser_scan(&parser, &token))
			break;
		more = token.type != YAML_STREAM_END_TOKEN && token.type != YAML_NO_TOKEN;
		problem = count_token(&count, token.type);
		if (problem)
			xd_lines_add(lines, "", token.start_mark.line + 1);
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return problem ? xd_fail(err, -E2BIG, "%s", problem) : 0;
}
