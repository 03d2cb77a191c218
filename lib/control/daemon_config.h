/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration file says: the switch's configuration, and how the daemon is reached. */
#ifndef XD_CONTROL_DAEMON_CONFIG_H
#define XD_CONTROL_DAEMON_CONFIG_H

#include <sys/types.h>

#include "control/settings.h"
#include "crossdock.h"

#define XD_CONTROL_PATH "/run/crossdock/control.sock" /* unless the configuration says other */
#define XD_CONTROL_MODE 0660

struct xd_daemon_config {
	struct xd_config *config;
	char control_path[XD_PATH_MAX];
	char control_group[XD_NAME_MAX]; /* "": leave the socket's group as it comes */
	mode_t control_mode;             /* permission bits of the socket */
	enum xd_log_level log_level;
};

/* Sections of the file that are tables of settings. */
extern const struct xd_setting xd_control_settings[]; /* of struct xd_daemon_config */
extern const struct xd_setting xd_log_settings[];     /* of struct xd_daemon_config */

struct xd_daemon_config *xd_daemon_config_create(void); /* defaults; NULL: no memory */
struct xd_daemon_config *xd_daemon_config_copy(const struct xd_daemon_config *config);
void xd_daemon_config_destroy(struct xd_daemon_config *config); /* NULL is fine */

/* xd_config_check() and the daemon's own settings. Errors name the key. */
int xd_daemon_config_check(const struct xd_daemon_config *config, struct xd_error *err);

/* The whole configuration as one JSON object, with the sections of the file. */
json_t *xd_daemon_config_to_json(const struct xd_daemon_config *config);

/* The last core that the calling thread may run on: where the worker runs when the file names no
 * cores. Before the EAL is up, which narrows that set. */
unsigned xd_default_core(void);

#endif
