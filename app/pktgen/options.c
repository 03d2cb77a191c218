/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands by name, and what is asked of options that were parsed. */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"

/* Commands that are no engine's. */
static const struct {
	const char *name;
	enum command_kind kind;
} others[] = {{"report", COMMAND_REPORT}, {"help", COMMAND_HELP}, {"version", COMMAND_VERSION}};

#define OTHERS (sizeof(others) / sizeof(others[0]))

const char *
command_name(unsigned i)
{
	unsigned n = 0;

	for (; engines[n]; n++)
		if (n == i)
			return engines[n]->results->name;
	return i - n < OTHERS ? others[i - n].name : NULL;
}

bool
command_named(const char *name, struct command *command)
{
	*command = (struct command){COMMAND_ENGINE, engine_named(name)};
	for (unsigned i = 0; i < OTHERS && !command->engine; i++)
		if (!strcmp(others[i].name, name)) {
			command->kind = others[i].kind;
			return true;
		}
	return command->engine != NULL;
}

uint32_t
options_longest(const struct options *o)
{
	return o->capture ? xd_capture_list(o->capture)->max_len : xd_sizes_max(&o->traffic.sizes);
}

void
options_fini(struct options *o)
{
	xd_template_destroy(o->template);
	xd_capture_destroy(o->capture);
	free(o->own);
	o->own = NULL;
	o->template = NULL;
	o->capture = NULL;
}
