/* SPDX-License-Identifier: BSD-3-Clause */
/* vlog/: levels of the log. Modules are the log's components; there is one destination, standard
 * error, which is shown as the console. */
#include <string.h>
#include <strings.h>

#include "unixctl/commands.h"

/* Open vSwitch's levels, by ours; EMER is as ERR, and OFF cannot be. */
static const char *const level_names[] = {[XD_LOG_ERROR] = "ERR",
	[XD_LOG_WARN] = "WARN",
	[XD_LOG_INFO] = "INFO",
	[XD_LOG_DEBUG] = "DBG"};

bool
xd_unixctl_vlog_list(struct xd_unixctl_call *call)
{
	const struct xd_log *log = xd_switch_log(call->sw);

	fprintf(call->out, "                 console    syslog    file\n"
			   "                 -------    ------    ------\n");
	for (unsigned i = 0; i < XD_LOG_COMPONENTS; i++)
		fprintf(call->out, "%-16s  %4s        OFF        OFF\n", xd_log_component_name(i),
			level_names[log->level[i]]);
	return true;
}

static bool
is_level(const char *word, enum xd_log_level *level)
{
	for (unsigned i = 0; i < XD_LOG_LEVELS; i++) {
		if (!strcasecmp(word, level_names[i])) {
			*level = i;
			return true;
		}
	}
	*level = XD_LOG_ERROR;
	return !strcasecmp(word, "emer");
}

static bool
is_destination(const char *word)
{
	return !strcasecmp(word, "console") || !strcasecmp(word, "syslog") ||
	       !strcasecmp(word, "file");
}

/* "module:destination:level", in any order, what is not there being all of them; the level DBG. */
static bool
set(struct xd_unixctl_call *call, const char *spec)
{
	enum xd_log_component component = XD_LOG_COMPONENTS;
	enum xd_log_level level = XD_LOG_DEBUG;
	char text[128], *rest = text, *word;

	snprintf(text, sizeof(text), "%s", spec);
	while ((word = strsep(&rest, " ,:"))) {
		if (!word[0] || !strcasecmp(word, "any") || is_destination(word) ||
			is_level(word, &level))
			continue;
		if (xd_log_component_parse(word, &component))
			return xd_unixctl_refuse(
				call, "no destination, level, or module \"%s\"", word);
	}
	for (unsigned i = 0; i < XD_LOG_COMPONENTS; i++) {
		if (component == XD_LOG_COMPONENTS || component == i)
			xd_switch_log_level(call->sw, i, level);
	}
	return true;
}

bool
xd_unixctl_vlog_set(struct xd_unixctl_call *call)
{
	for (unsigned i = 0; i < call->nb_args; i++) {
		if (!strncmp(call->args[i], "PATTERN:", 8) ||
			!strncmp(call->args[i], "FACILITY:", 9))
			return xd_unixctl_refuse(
				call, "%.60s: lines have one form here", call->args[i]);
		if (!set(call, call->args[i]))
			return false;
	}
	return true;
}
