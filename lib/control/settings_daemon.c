/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of the sections that exist once: workers, memory, control, log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/daemon_config.h"
#include "control/settings_read.h"

/* ---- workers ---- */

static int
set_cores(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	unsigned cores[XD_MAX_WORKERS];
	int n = xd_ranges_list(cores, XD_MAX_WORKERS, text, setting->max, err);

	return n < 0 ? n : xd_config_set_workers(entry, cores, n);
}

static void
print_cores(const void *entry, char *text)
{
	const struct xd_config *config = entry;
	size_t used = 0;

	text[0] = 0;
	for (unsigned i = 0; i < config->nb_cores; i++)
		used += snprintf(text + used, XD_SETTING_TEXT - used, "%s%u", i ? "," : "",
			config->cores[i]);
}

static const char *const idle_words[] = {"sleep", "poll"};

static int
set_idle(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	int i = xd_read_word(setting, idle_words, 2, text, err);

	if (i >= 0)
		((struct xd_config *)entry)->idle = i;
	return i < 0 ? i : 0;
}

static void
print_idle(const void *entry, char *text)
{
	strcpy(text, idle_words[((const struct xd_config *)entry)->idle]);
}

const struct xd_setting xd_worker_settings[] = {
	{"cores", NULL, XD_SETTING_LIST, "a list such as 1,2", 0, XD_RANGES_MAX - 1, set_cores,
		print_cores, NULL},
	{"idle", NULL, XD_SETTING_WORD, "sleep or poll", 0, 0, set_idle, print_idle, NULL},
	{0},
};

/* ---- memory ---- */

static const char *const hugepages_words[] = {"auto", "required", "none"};

static int
set_hugepages(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	int i = xd_read_word(setting, hugepages_words, 3, text, err);

	if (i >= 0)
		((struct xd_config *)entry)->hugepages = i;
	return i < 0 ? i : 0;
}

static void
print_hugepages(const void *entry, char *text)
{
	strcpy(text, hugepages_words[((const struct xd_config *)entry)->hugepages]);
}

const struct xd_setting xd_memory_settings[] = {
	{"hugepages", NULL, XD_SETTING_WORD, "auto, required or none", 0, 0, set_hugepages,
		print_hugepages, NULL},
	{0},
};

/* ---- control ---- */

static int
set_path(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_daemon_config *config = entry;

	(void)setting;
	if (strlen(text) >= sizeof(config->control_path))
		return xd_fail(err, -ENAMETOOLONG, "has %zu bytes: a socket path has at most %zu",
			strlen(text), sizeof(config->control_path) - 1);
	strcpy(config->control_path, text);
	return 0;
}

static void
print_path(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_daemon_config *)entry)->control_path);
}

static int
set_group(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_daemon_config *config = entry;

	(void)setting;
	if (strlen(text) >= sizeof(config->control_group))
		return xd_fail(err, -EINVAL, "there is no group \"%.60s\"", text);
	strcpy(config->control_group, text);
	return 0;
}

static void
print_group(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_daemon_config *)entry)->control_group);
}

static int
set_mode(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	return xd_read_mode(setting, text, &((struct xd_daemon_config *)entry)->control_mode, err);
}

static void
print_mode(const void *entry, char *text)
{
	sprintf(text, "%04o", ((const struct xd_daemon_config *)entry)->control_mode);
}

const struct xd_setting xd_control_settings[] = {
	{"path", NULL, XD_SETTING_WORD, "the path of a socket", 0, 0, set_path, print_path, NULL},
	{"group", NULL, XD_SETTING_WORD, "the name of a group", 0, 0, set_group, print_group, NULL},
	{"mode", NULL, XD_SETTING_WORD, "permission bits such as \"0660\"", 0, 0777, set_mode,
		print_mode, NULL},
	{0},
};

/* ---- log ---- */

static int
set_level(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	if (xd_log_level_parse(text, &((struct xd_daemon_config *)entry)->log_level))
		return xd_fail(err, -EINVAL, "is \"%.60s\": must be %s", text, setting->help);
	return 0;
}

static void
print_level(const void *entry, char *text)
{
	const struct xd_daemon_config *config = entry;

	strcpy(text, xd_log_level_name(config->log_level));
}

const struct xd_setting xd_log_settings[] = {
	{"level", NULL, XD_SETTING_WORD, "error, warn, info or debug", 0, 0, set_level, print_level,
		NULL},
	{0},
};
