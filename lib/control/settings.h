/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of bridges and ports: one table each, with a reader from text and a printer to
 * text. The YAML file, `port add` and `port set`, JSON and the state file all go through it, so a
 * new setting is one new line there.
 *
 *   settings.c         keys, whatever the table; bridges
 *   settings_port.c    ports: the table, and what every type has
 *   settings_vhost.c   what ports of type vhost-user have besides
 *   settings_daemon.c  sections that exist once
 *   settings_read.c    what readers have in common
 *
 * Text: numbers are decimal; a list is "10,20" or "10-20", or words "a,b"; an optional setting that
 * is not set prints as "" and is unset with "". Plain functions without state: any thread.
 */
#ifndef XD_CONTROL_SETTINGS_H
#define XD_CONTROL_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "control/ranges.h"
#include "crossdock.h"

#define XD_SETTING_TEXT XD_RANGES_TEXT /* bytes of the longest value, with its NUL */

/* A list is one of numbers ("10,20-30"), words are a list of those ("a,b"). */
enum xd_setting_kind { XD_SETTING_WORD, XD_SETTING_NUMBER, XD_SETTING_LIST, XD_SETTING_WORDS };

struct xd_setting {
	const char *key;
	const char *type; /* the only built-in port type that has it; NULL: every type */
	enum xd_setting_kind kind;
	const char *help;  /* values, for people */
	uint64_t min, max; /* of a number, of permission bits */
	/* Reads text into the entry (struct xd_port_config, ...); errors have no key. */
	int (*set)(const struct xd_setting *setting, void *entry, const char *text,
		struct xd_error *err);
	/* Writes the value, "" when it is not set. */
	void (*print)(const void *entry, char text[XD_SETTING_TEXT]);
	const char *unset; /* what "" stands for, for people; NULL: "none" */
};

/* Tables, each ended by a NULL key. */
extern const struct xd_setting xd_port_settings[];   /* of struct xd_port_config */
extern const struct xd_setting xd_bridge_settings[]; /* of struct xd_bridge_config */
extern const struct xd_setting xd_worker_settings[]; /* of struct xd_config */
extern const struct xd_setting xd_memory_settings[]; /* of struct xd_config */

/* The setting of that key, or NULL. */
const struct xd_setting *xd_setting_find(const struct xd_setting *table, const char *key);

/* Sets one key. Errors name the full key, "ports.NAME.KEY". -ENOENT: there is no such key (the
 * text names the nearest one); -EINVAL: not a value for it, or a key of another port type. */
int xd_port_set(
	struct xd_port_config *port, const char *key, const char *text, struct xd_error *err);
int xd_bridge_set(
	struct xd_bridge_config *bridge, const char *key, const char *text, struct xd_error *err);

/* The same for any table: `type` is the port's or NULL, errors name PREFIX.KEY. */
int xd_setting_set(const struct xd_setting *table, const char *type, const char *prefix,
	void *entry, const char *key, const char *text, struct xd_error *err);

/* The check of the key alone. */
int xd_setting_known(const struct xd_setting *table, const char *type, const char *prefix,
	const char *key, struct xd_error *err);

/* Whether a port of this type has the setting at all. */
bool xd_setting_applies(const struct xd_setting *setting, const char *type);

/* The settings as a JSON object: numbers, strings, arrays. What is not set, or does not apply to
 * the type, is left out. NULL: no memory. */
json_t *xd_settings_to_json(const struct xd_setting *table, const char *type, const void *entry);
json_t *xd_setting_to_json(const struct xd_setting *setting, const void *entry); /* or null */
json_t *xd_port_to_json(const struct xd_port_config *port);
json_t *xd_bridge_to_json(const struct xd_bridge_config *bridge);

/* A JSON value (string, integer, array of those, null) as a setting's text. -EINVAL: neither. */
int xd_setting_from_json(const json_t *value, char text[XD_SETTING_TEXT]);
/* Whether it is an empty list of words: that could mean all of them or none, so it is refused. */
bool xd_setting_ambiguous(const struct xd_setting *setting, const json_t *value);

#endif
