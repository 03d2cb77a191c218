/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "control/settings_read.h"
#include "control/settings_vhost.h"
#include "virtqueue/feature_names.h"

#define DEFAULT_WAIT_US 1000
#define MAX_NAMES       64 /* of features, each bit and a few twice */

void
xd_vhost_settings_clear(struct xd_port_config *port)
{
	port->path[0] = 0;
	port->mode = XD_SOCKET_CLIENT;
	port->full = XD_FULL_DROP;
	port->wait_us = DEFAULT_WAIT_US;
	port->features = XD_VIRTIO_ALL;
	port->compat = XD_COMPAT_NONE;
	port->socket_owner[0] = 0;
	port->socket_group[0] = 0;
	port->socket_mode = XD_MODE_UNSET;
}

/* ---- The socket ---- */

int
xd_vhost_set_path(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return xd_read_string(port->path, sizeof(port->path), "a socket path", text, err);
}

void
xd_vhost_print_path(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->path);
}

static const char *const mode_words[] = {"client", "server"};

int
xd_vhost_set_mode(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	int i = xd_read_word(setting, mode_words, 2, text, err);

	if (i >= 0)
		((struct xd_port_config *)entry)->mode = i;
	return i < 0 ? i : 0;
}

void
xd_vhost_print_mode(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	strcpy(text, mode_words[port->mode == XD_SOCKET_SERVER]);
}

int
xd_vhost_set_socket_owner(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return xd_read_string(port->socket_owner, sizeof(port->socket_owner), "a user's name",
		xd_read_none(text) ? "" : text, err);
}

void
xd_vhost_print_socket_owner(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->socket_owner);
}

int
xd_vhost_set_socket_group(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return xd_read_string(port->socket_group, sizeof(port->socket_group), "a group's name",
		xd_read_none(text) ? "" : text, err);
}

void
xd_vhost_print_socket_group(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->socket_group);
}

int
xd_vhost_set_socket_mode(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;
	mode_t mode = XD_MODE_UNSET;
	int ret = xd_read_none(text) ? 0 : xd_read_mode(setting, text, &mode, err);

	if (ret == 0)
		port->socket_mode = (uint16_t)mode;
	return ret;
}

void
xd_vhost_print_socket_mode(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	text[0] = 0;
	if (port->socket_mode != XD_MODE_UNSET)
		sprintf(text, "%04o", port->socket_mode);
}

/* ---- A full ring ---- */

static const char *const full_words[] = {"drop", "wait"};

int
xd_vhost_set_full(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	int i = text[0] ? xd_read_word(setting, full_words, 2, text, err) : XD_FULL_DROP;

	if (i >= 0)
		((struct xd_port_config *)entry)->full = i;
	return i < 0 ? i : 0;
}

void
xd_vhost_print_full(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	strcpy(text, port->full == XD_FULL_WAIT ? full_words[XD_FULL_WAIT] : "");
}

int
xd_vhost_set_wait_us(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number = DEFAULT_WAIT_US;
	int ret = text[0] ? xd_read_number(setting, text, &number, err) : 0;

	if (ret == 0)
		((struct xd_port_config *)entry)->wait_us = (uint32_t)number;
	return ret;
}

void
xd_vhost_print_wait_us(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	text[0] = 0;
	if (port->wait_us != DEFAULT_WAIT_US)
		sprintf(text, "%" PRIu32, port->wait_us);
}

/* ---- Features ---- */

static int
add_feature(void *ctx, const char *word, struct xd_error *err)
{
	const char *names[MAX_NAMES + 1] = {NULL};
	int bit = xd_feature_bit(word);
	uint64_t *features = ctx;
	char hint[256];

	if (bit >= 0) {
		*features |= 1ull << bit;
		return 0;
	}
	for (unsigned i = 0; i < MAX_NAMES && xd_feature_names[i].name; i++)
		names[i] = xd_feature_names[i].name;
	return xd_fail(err, -EINVAL, "there is no virtio feature \"%.60s\"%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

int
xd_vhost_set_features(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t features = 0;
	int ret = 0;

	(void)setting;
	if (!text[0] || !strcmp(text, "all"))
		features = XD_VIRTIO_ALL;
	else
		ret = xd_read_list(text, add_feature, &features, err);
	if (ret == 0)
		((struct xd_port_config *)entry)->features = features;
	return ret;
}

void
xd_vhost_print_features(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	text[0] = 0;
	if (port->features != XD_VIRTIO_ALL)
		xd_feature_text(port->features, ',', text);
}

/* By enum xd_compat. */
static const char *const compat_words[] = {"none", "ovs-3.1", "ovs-3.1-tso"};

int
xd_vhost_set_compat(
	const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	int i = text[0] ? xd_read_word(setting, compat_words, 3, text, err) : XD_COMPAT_NONE;

	if (i >= 0)
		((struct xd_port_config *)entry)->compat = i;
	return i < 0 ? i : 0;
}

void
xd_vhost_print_compat(const void *entry, char *text)
{
	unsigned compat = ((const struct xd_port_config *)entry)->compat;

	strcpy(text, compat > XD_COMPAT_NONE && compat < 3 ? compat_words[compat] : "");
}
