/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules from text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "drivers/af_xdp/rules.h"
#include "port/port.h"

#define WORD_MAX 40 /* bytes of the longest rule, and more */

static const struct kind {
	const char *name;
	enum xd_steer_kind kind;
	uint32_t min, max; /* 0: an Ethernet address */
	const char *takes;
} kinds[] = {
	{"mac", XD_STEER_MAC, 0, 0, "an address such as 02:00:00:00:00:01"},
	{"vlan", XD_STEER_VLAN, 1, XD_VLAN_MAX, "1 to 4094"},
	/* Below are lengths: IEEE 802.3, 3.2.6. */
	{"ethertype", XD_STEER_ETHERTYPE, 0x600, 0xffff, "a number such as 0x88cc"},
	{"udp", XD_STEER_UDP, 1, 0xffff, "1 to 65535"},
	{"tcp", XD_STEER_TCP, 1, 0xffff, "1 to 65535"},
};

#define NB_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool
read_number(const struct kind *kind, const char *text, uint8_t value[2])
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, 0);
	if (errno || *end || number < kind->min || number > kind->max)
		return false;
	xd_put16(value, (uint32_t)number);
	return true;
}

static int
fail_word(const struct xd_port_config *config, const char *key, const char *word,
	const struct kind *kind, struct xd_error *err)
{
	if (kind != NULL)
		return xd_port_config_fail(err, -EINVAL, config, key, "\"%s\": %s= takes %s", word,
			kind->name, kind->takes);
	return xd_port_config_fail(err, -EINVAL, config, key,
		"\"%s\" is no rule: write %s, or mac=, vlan=, ethertype=, udp= or tcp= with a "
		"value, such as vlan=10",
		word, !strcmp(key, "steer") ? "all" : "own or none");
}

static int
read_rule(const struct xd_port_config *config, const char *key, const char *word,
	struct xd_af_xdp_rule *rule, struct xd_error *err)
{
	for (size_t i = 0; i < NB_KINDS; i++) {
		const struct kind *kind = &kinds[i];
		size_t len = strlen(kind->name);
		bool ok;

		if (strncmp(word, kind->name, len) || word[len] != '=')
			continue;
		rule->kind = (uint8_t)kind->kind;
		ok = kind->max ? read_number(kind, word + len + 1, rule->value)
			       : xd_mac_parse(word + len + 1, rule->value);
		return ok ? 0 : fail_word(config, key, word, kind, err);
	}
	return fail_word(config, key, word, NULL, err);
}

/* Adds a rule that is not there yet. */
static int
add(const struct xd_port_config *config, const char *key, const char *word, uint8_t whose,
	struct xd_af_xdp_rules *rules, struct xd_error *err)
{
	struct xd_af_xdp_rule rule = {.whose = whose};
	int ret = read_rule(config, key, word, &rule, err);

	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < rules->n; i++) {
		const struct xd_af_xdp_rule *other = &rules->rules[i];

		if (other->kind == rule.kind &&
			!memcmp(other->value, rule.value, sizeof(rule.value)))
			return xd_port_config_fail(err, -EINVAL, config, key, "\"%s\" is in %s",
				word, other->whose == whose ? "it twice" : "steer and in kernel");
	}
	if (rules->n == XD_AF_XDP_RULES)
		return xd_port_config_fail(
			err, -E2BIG, config, key, "more than %u rules", XD_AF_XDP_RULES);
	rules->rules[rules->n++] = rule;
	return 0;
}

/* word, alone of its kind, sets *flag; none stands for an empty list. */
static int
read_list(const struct xd_port_config *config, const char *key, const char *text,
	const char *flag_word, bool *flag, uint8_t whose, struct xd_af_xdp_rules *rules,
	struct xd_error *err)
{
	*flag = !text[0];
	if (!strcmp(text, "none") && whose == XD_STEER_KEEP)
		return 0;
	while (*text) {
		size_t len = strcspn(text, ",");
		char word[WORD_MAX];
		int ret = 0;

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (!strcmp(word, flag_word))
			*flag = true;
		else
			ret = add(config, key, word, whose, rules, err);
		if (ret < 0)
			return ret;
		text += len;
		if (*text == ',' && !*++text)
			return fail_word(config, key, "", NULL, err);
	}
	return 0;
}

int
xd_af_xdp_rules_read(
	const struct xd_port_config *config, struct xd_af_xdp_rules *rules, struct xd_error *err)
{
	const struct xd_af_xdp_config *xdp = xd_af_xdp_config(config);
	int ret;

	memset(rules, 0, sizeof(*rules));
	ret = read_list(config, "steer", xdp->steer, "all", &rules->all, XD_STEER_TAKE, rules, err);
	if (ret == 0)
		ret = read_list(config, "kernel", xdp->kernel, "own", &rules->own, XD_STEER_KEEP,
			rules, err);
	return ret;
}
