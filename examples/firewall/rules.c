/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules out of a YAML file, and against a tuple. */
#include "rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct reader {
	const char *path;
	yaml_document_t doc;
	char *why;
};

static bool
wrong(struct reader *r, const yaml_node_t *node, const char *expected)
{
	snprintf(r->why, 256, "%s:%zu: expected %s", r->path, node->start_mark.line + 1, expected);
	return false;
}

static const char *
text_of(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static bool
read_action(struct reader *r, const yaml_node_t *node, bool *accept)
{
	*accept = strcmp(text_of(node), "accept") == 0;
	return *accept || strcmp(text_of(node), "drop") == 0 || wrong(r, node, "accept or drop");
}

static bool
read_side(struct reader *r, const yaml_node_t *node, struct rule *rule)
{
	rule->from = strcmp(text_of(node), "inside") == 0 ? INSIDE : OUTSIDE;
	return rule->from == INSIDE || strcmp(text_of(node), "outside") == 0 ||
	       wrong(r, node, "inside or outside");
}

static bool
read_net(struct reader *r, const yaml_node_t *node, struct net *net)
{
	char text[64], *slash, *end = NULL;
	unsigned long bits, most;

	snprintf(text, sizeof(text), "%s", text_of(node));
	slash = strchr(text, '/');
	if (slash)
		*slash = 0;
	net->ipv6 = strchr(text, ':') != NULL;
	most = net->ipv6 ? 128 : 32;
	bits = slash ? strtoul(slash + 1, &end, 10) : most;
	if (inet_pton(net->ipv6 ? AF_INET6 : AF_INET, text, net->addr) != 1 || bits > most ||
		(slash && (end == slash + 1 || *end)))
		return wrong(r, node, "an address, or ADDRESS/BITS");
	net->bits = (uint8_t)bits;
	net->set = true;
	return true;
}

static bool
read_proto(struct reader *r, const yaml_node_t *node, struct rule *rule)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protos[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}};

	for (unsigned i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (strcmp(text_of(node), protos[i].name) == 0) {
			rule->proto = protos[i].number;
			return true;
		}
	}
	return wrong(r, node, "tcp, udp, icmp or icmpv6");
}

static bool
read_ports(struct reader *r, const yaml_node_t *node, struct rule *rule)
{
	unsigned min, max;
	char more;
	const int n = sscanf(text_of(node), "%5u-%5u%c", &min, &max, &more);

	if (n < 1 || n > 2 ||
		(n == 1 && strspn(text_of(node), "0123456789") != strlen(text_of(node))))
		return wrong(r, node, "PORT or PORT-PORT");
	if (n == 1)
		max = min;
	if (min < 1 || max > 65535 || min > max)
		return wrong(r, node, "ports from 1 to 65535");
	rule->min_port = (uint16_t)min;
	rule->max_port = (uint16_t)max;
	return true;
}

static bool
read_name(struct reader *r, const yaml_node_t *node, struct rule *rule)
{
	const size_t len = strlen(text_of(node));

	if (len < 1 || len >= sizeof(rule->name))
		return wrong(r, node, "a name of 1 to 31 characters");
	memcpy(rule->name, text_of(node), len + 1);
	return true;
}

/* The name of a pair of a mapping, which none before it has; NULL: one has. */
static const yaml_node_t *
key_of(struct reader *r, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);

	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
		if (strcmp(text_of(yaml_document_get_node(&r->doc, p->key)), text_of(key)) == 0) {
			wrong(r, key, "each key once");
			return NULL;
		}
	}
	return key;
}

static bool
read_key(struct reader *r, const yaml_node_t *key, const yaml_node_t *value, struct rule *rule)
{
	const char *name = text_of(key);

	if (strcmp(name, "name") == 0)
		return read_name(r, value, rule);
	if (strcmp(name, "action") == 0)
		return read_action(r, value, &rule->accept);
	if (strcmp(name, "from") == 0)
		return read_side(r, value, rule);
	if (strcmp(name, "source") == 0)
		return read_net(r, value, &rule->src);
	if (strcmp(name, "to") == 0)
		return read_net(r, value, &rule->dst);
	if (strcmp(name, "protocol") == 0)
		return read_proto(r, value, rule);
	if (strcmp(name, "ports") == 0)
		return read_ports(r, value, rule);
	return wrong(r, key, "name, action, from, source, to, protocol or ports");
}

static bool
read_rule(struct reader *r, const yaml_node_t *node, struct rule *rule)
{
	bool action = false;

	if (node->type != YAML_MAPPING_NODE)
		return wrong(r, node, "a rule: {action: accept, from: inside}");
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
		p++) {
		const yaml_node_t *key = key_of(r, node, p);

		if (!key || !read_key(r, key, yaml_document_get_node(&r->doc, p->value), rule))
			return false;
		action |= strcmp(text_of(key), "action") == 0;
	}
	if (rule->min_port && rule->proto != 6 && rule->proto != 17)
		return wrong(r, node, "protocol: tcp or udp where there are ports");
	return action || wrong(r, node, "a rule with an action");
}

static bool
read_switch(struct reader *r, const yaml_node_t *node, bool *on)
{
	*on = strcmp(text_of(node), "true") == 0;
	return *on || strcmp(text_of(node), "false") == 0 || wrong(r, node, "true or false");
}

static bool
read_rules(struct reader *r, const yaml_node_t *node, struct rules *rules)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(r, node, "a list of rules");
	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		struct rule *rule = &rules->rule[rules->n];

		if (rules->n == MAX_RULES)
			return wrong(r, node, "1024 rules at most");
		snprintf(rule->name, sizeof(rule->name), "rule %u", ++rules->n);
		if (!read_rule(r, yaml_document_get_node(&r->doc, *i), rule))
			return false;
	}
	return true;
}

static bool
read_timeout(
	struct reader *r, const yaml_node_t *key, const yaml_node_t *value, struct rules *rules)
{
	static const struct {
		const char *name;
		enum xd_ct_timeout which;
	} timeouts[] = {{"tcp", XD_CT_TIMEOUT_TCP_ESTABLISHED}, {"udp", XD_CT_TIMEOUT_UDP},
		{"udp-stream", XD_CT_TIMEOUT_UDP_STREAM}, {"icmp", XD_CT_TIMEOUT_ICMP}};
	unsigned seconds;
	char more;

	for (unsigned i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++) {
		if (strcmp(text_of(key), timeouts[i].name) != 0)
			continue;
		if (sscanf(text_of(value), "%7u%c", &seconds, &more) != 1 || seconds < 1 ||
			seconds > 2000000)
			return wrong(r, value, "1 to 2000000 seconds");
		rules->timeout_s[timeouts[i].which] = seconds;
		return true;
	}
	return wrong(r, key, "tcp, udp, udp-stream or icmp");
}

static bool
read_timeouts(struct reader *r, const yaml_node_t *node, struct rules *rules)
{
	if (node->type != YAML_MAPPING_NODE)
		return wrong(r, node, "timeouts: {udp: 30}");
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
		p++) {
		const yaml_node_t *key = key_of(r, node, p);

		if (key == NULL ||
			!read_timeout(r, key, yaml_document_get_node(&r->doc, p->value), rules))
			return false;
	}
	return true;
}

static bool
read_document(struct reader *r, struct rules *rules)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
	bool good = true;

	if (root == NULL || root->type != YAML_MAPPING_NODE) {
		snprintf(r->why, 256, "%s:1: expected default: and rules:", r->path);
		return false;
	}
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
		good && p < root->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = key_of(r, root, p);
		const yaml_node_t *value = yaml_document_get_node(&r->doc, p->value);

		if (key == NULL)
			good = false;
		else if (strcmp(text_of(key), "default") == 0)
			good = read_action(r, value, &rules->accept);
		else if (strcmp(text_of(key), "rules") == 0)
			good = read_rules(r, value, rules);
		else if (strcmp(text_of(key), "timeouts") == 0)
			good = read_timeouts(r, value, rules);
		else if (strcmp(text_of(key), "counters") == 0)
			good = read_switch(r, value, &rules->counters);
		else
			good = wrong(r, key, "default, rules, timeouts or counters");
	}
	return good;
}

/* The next document of the file; false: r->why says what is wrong. */
static bool
load(struct reader *r, yaml_parser_t *parser)
{
	if (yaml_parser_load(parser, &r->doc))
		return true;
	snprintf(r->why, 256, "%s:%zu: %s", r->path, parser->problem_mark.line + 1,
		parser->problem ? parser->problem : "cannot be read");
	return false;
}

static bool
is_last(struct reader *r, yaml_parser_t *parser)
{
	const yaml_node_t *root;
	bool last;

	if (!load(r, parser))
		return false;
	root = yaml_document_get_root_node(&r->doc);
	last = root == NULL || wrong(r, root, "one document");
	yaml_document_delete(&r->doc);
	return last;
}

static bool
read_file(struct reader *r, FILE *file, struct rules *rules)
{
	yaml_parser_t parser;
	bool good;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_file(&parser, file);
	good = load(r, &parser);
	if (good) {
		good = read_document(r, rules);
		yaml_document_delete(&r->doc);
	}
	good = good && is_last(r, &parser);
	yaml_parser_delete(&parser);
	return good;
}

struct rules *
rules_read(const char *path, char why[256])
{
	struct rules *rules = calloc(1, sizeof(*rules));
	struct reader r = {.path = path, .why = why};
	FILE *file = fopen(path, "r");
	bool good;

	snprintf(why, 256, "%s: %s", path, strerror(errno));
	good = rules && file && read_file(&r, file, rules);
	if (file)
		fclose(file);
	if (!good) {
		free(rules);
		return NULL;
	}
	return rules;
}

static bool
is_in(const struct net *net, const uint8_t *addr, bool ipv6)
{
	const unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (!net->set)
		return true;
	if (net->ipv6 != ipv6 || memcmp(net->addr, addr, whole) != 0)
		return false;
	return rest == 0 || ((net->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

static bool
fits(const struct rule *rule, enum side from, const struct xd_ct_tuple *t)
{
	const uint16_t port = ntohs(t->dst_port);

	return (rule->from == ANY || rule->from == from) &&
	       (rule->proto == 0 || rule->proto == t->proto) &&
	       (rule->max_port == 0 || (port >= rule->min_port && port <= rule->max_port)) &&
	       is_in(&rule->src, t->src, t->ipv6) && is_in(&rule->dst, t->dst, t->ipv6);
}

bool
rules_accept(struct rules *rules, enum side from, const struct xd_ct_tuple *t, struct rule **which)
{
	for (unsigned i = 0; i < rules->n; i++) {
		if (fits(&rules->rule[i], from, t)) {
			*which = &rules->rule[i];
			return rules->rule[i].accept;
		}
	}
	*which = NULL;
	return rules->accept;
}
