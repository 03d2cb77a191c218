/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration file says: the switch's configuration, and how the daemon is reached. */
#ifndef XD_CONTROL_DAEMON_CONFIG_H
#define XD_CONTROL_DAEMON_CONFIG_H

#include <jansson.h>
#include <sys/types.h>

#include "config/noun.h"
#include "crossdock.h"

#define XD_CONTROL_PATH "/run/crossdock/control.sock" /* unless the configuration says other */
#define XD_CONTROL_MODE 0660

#define XD_OVSDB_FILE_MAX 256 /* bytes of a path, with its NUL */

struct xd_daemon_config {
	struct xd_config *config;
	char control_path[XD_PATH_MAX];
	char control_group[XD_NAME_MAX]; /* "": leave the socket's group as it comes */
	mode_t control_mode;             /* permission bits of the socket */
	char unixctl[XD_PATH_MAX];   /* Open vSwitch's run directory, for ovs-appctl; "": none */
	char ovsdb[XD_PATH_MAX + 8]; /* Open vSwitch's database, "unix:PATH"; "": none */
	/* Files in PEM, for "ssl:": its private key and certificate, and the authorities'. */
	char ovsdb_key[XD_OVSDB_FILE_MAX], ovsdb_cert[XD_OVSDB_FILE_MAX],
		ovsdb_ca[XD_OVSDB_FILE_MAX];
	enum xd_log_level log_level;
};

/* The nouns of a file, in their order there: those of a switch, and the daemon's own sections
 * (control, log). NULL after the last. */
const struct xd_noun *xd_daemon_noun(unsigned i);
/* The noun of that name or section, or NULL. */
const struct xd_noun *xd_daemon_noun_find(const char *name);
/* Where the values of a section that is there once lie. */
void *xd_daemon_section(const struct xd_daemon_config *config, const struct xd_noun *noun);

struct xd_daemon_config *xd_daemon_config_create(void); /* defaults; NULL: no memory */
struct xd_daemon_config *xd_daemon_config_copy(const struct xd_daemon_config *config);
void xd_daemon_config_destroy(struct xd_daemon_config *config); /* NULL is fine */

/* xd_config_check() and the daemon's own settings. Errors name the key. */
int xd_daemon_config_check(const struct xd_daemon_config *config, struct xd_error *err);
/* The daemon's own settings alone. running: a configuration that is right, or NULL: what is the
 * same there is not looked at again. */
int xd_daemon_config_check_own(const struct xd_daemon_config *config,
	const struct xd_config *running, struct xd_error *err);

/* The whole configuration as one JSON object, with the sections of the file. */
json_t *xd_daemon_config_to_json(const struct xd_daemon_config *config);

/* The last core that the calling thread may run on: where the worker runs when the file names no
 * cores. Before the EAL is up, which narrows that set. */
unsigned xd_default_core(void);

#endif
