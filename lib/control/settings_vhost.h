/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings that only ports of type vhost-user have: each a reader and a printer, for the table
 * of settings_port.c. entry is a struct xd_port_config. Any thread. */
#ifndef XD_CONTROL_SETTINGS_VHOST_H
#define XD_CONTROL_SETTINGS_VHOST_H

#include "control/settings.h"

#define XD_VHOST_SETTING(name)                                                                     \
	int xd_vhost_set_##name(const struct xd_setting *setting, void *entry, const char *text,   \
		struct xd_error *err);                                                             \
	void xd_vhost_print_##name(const void *entry, char *text)

XD_VHOST_SETTING(path);
XD_VHOST_SETTING(mode);
XD_VHOST_SETTING(full);
XD_VHOST_SETTING(wait_us);
XD_VHOST_SETTING(features);
XD_VHOST_SETTING(compat);
XD_VHOST_SETTING(socket_owner);
XD_VHOST_SETTING(socket_group);
XD_VHOST_SETTING(socket_mode);

#undef XD_VHOST_SETTING

/* All of them as xd_config_add_port makes them. */
void xd_vhost_settings_clear(struct xd_port_config *port);

#endif
