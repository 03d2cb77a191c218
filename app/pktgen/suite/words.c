/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line that a step is, and whether it could be begun: what reads every command line
 * reads it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "option_table.h"
#include "suite.h"

#define PORT_BYTES 512

static void
add_port(json_t *words, const struct suite_step *step, const struct suite_ports *ports, unsigned i)
{
	char port[PORT_BYTES];

	if (ports->given)
		snprintf(port, sizeof(port), "%s", ports->given[i]);
	else
		snprintf(port, sizeof(port), "virtio:%s/vm%u", ports->dir, i + 1);
	json_array_append_new(words, json_string("--port"));
	json_array_append_new(words, step->guest[0] && !strncmp(port, "virtio:", 7)
					     ? json_sprintf("%s,%s", port, step->guest)
					     : json_string(port));
}

json_t *
suite_words(const struct suite_step *step, const struct suite_ports *ports)
{
	json_t *words = json_array();

	json_array_append_new(words, json_string("crossdock-pktgen"));
	json_array_append_new(words, json_string(step->engine->results->name));
	for (unsigned i = 0; i < step->nb_ports; i++)
		add_port(words, step, ports, i);
	json_array_extend(words, step->options);
	return words;
}

char **
suite_argv(const json_t *words, int *argc)
{
	size_t n = json_array_size(words);
	char **argv = calloc(n + 1, sizeof(*argv));

	for (size_t i = 0; argv && i < n; i++)
		argv[i] = (char *)(uintptr_t)json_string_value(json_array_get(words, i));
	*argc = (int)n;
	return argv;
}

bool
suite_step_fits(const struct suite_step *step, const struct suite_ports *ports)
{
	return !ports->given || step->nb_ports <= ports->nb_given;
}

/* The option that an error is about, when it begins with it: "--size 63: ..."; what follows. */
static const char *
option_at_fault(const char *text, char *name, size_t size)
{
	size_t len;

	name[0] = '\0';
	if (strncmp(text, "--", 2))
		return text;
	len = strcspn(text + 2, " :");
	if (len >= size)
		return text;
	snprintf(name, size, "%.*s", (int)len, text + 2);
	text += 2 + len;
	return text + strspn(text, ": ");
}

/* What is wrong with a step, at the key of its option; of a common one, of these. */
static int
blame(const struct suite *s, const struct suite_step *step, const struct xd_error *inner,
	struct xd_error *err)
{
	const json_t *common = json_object_get(s->root, "options");
	char name[32], key[128];
	const char *what = option_at_fault(inner->text, name, sizeof(name));
	const json_t *keys = json_array_get(
		json_object_get(s->root, "steps"), strtoul(step->key + 6, NULL, 10) - 1);

	if (!strcmp(name, "port"))
		snprintf(key, sizeof(key), "%s.%s", step->key, step->guest[0] ? "guest" : "ports");
	else if (name[0] && !json_object_get(keys, name) && json_object_get(common, name))
		snprintf(key, sizeof(key), "options.%s", name);
	else
		snprintf(key, sizeof(key), "%s%s%s", step->key, name[0] ? "." : "", name);
	return suite_blame(s, key, -EINVAL, what, err);
}

static int
check_step(struct suite *s, struct suite_step *step, const struct suite_ports *ports,
	struct xd_error *err)
{
	json_t *words = suite_words(step, ports);
	struct xd_error inner = {0};
	struct options o = {0};
	int argc, rc;
	char **argv = suite_argv(words, &argc);

	if (!argv) {
		json_decref(words);
		return xd_fail(err, -ENOMEM, "no memory for a suite");
	}
	rc = options_parse(&o, argc, argv, &inner);
	if (rc)
		rc = blame(s, step, &inner, err);
	else
		step->expected_s = expect_seconds(&o);
	options_fini(&o);
	free(argv);
	json_decref(words);
	return rc;
}

int
suite_check(struct suite *s, const struct suite_ports *ports, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < s->nb_steps && !rc; i++)
		if (suite_step_fits(&s->steps[i], ports))
			rc = check_step(s, &s->steps[i], ports, err);
	return rc;
}
