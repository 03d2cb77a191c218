/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a vhost-user port, and what of them no row can say. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/owner.h"
#include "base/path.h"
#include "drivers/vhost/vhost.h"
#include "port/rows.h"
#include "virtqueue/feature_names.h"

static_assert(sizeof(struct xd_vhost_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

const struct xd_key xd_vhost_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_vhost_config, key), __VA_ARGS__},
#include "drivers/vhost/keys.def"
#undef XD_KEY
	XD_PORT_KEYS_FULL(1000000),
	XD_PORT_KEY_COALESCE,
	{0},
};

/* The directory that a path lies in. */
static void
directory_of(const char *path, char dir[XD_PATH_MAX])
{
	strcpy(dir, path);
	*strrchr(dir, '/') = 0;
	if (!dir[0])
		strcpy(dir, "/");
}

/* A directory that is not there: as a client the switch waits for it and the socket in it, as a
 * server it makes the last part of the path itself. */
static bool
may_be_missing(const struct xd_port_config *port, const char *dir)
{
	const struct xd_vhost_config *vhost = xd_vhost_config(port);
	char parent[XD_PATH_MAX];
	struct stat st;

	if (vhost->mode == XD_SOCKET_CLIENT)
		return true;
	directory_of(dir, parent);
	return stat(parent, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
check_path(const struct xd_port_config *port, struct xd_error *err)
{
	const struct xd_vhost_config *vhost = xd_vhost_config(port);
	char dir[XD_PATH_MAX];
	struct stat st;

	if (!vhost->path[0])
		return xd_port_config_fail(err, -EINVAL, port, "path",
			"a vhost-user port needs path, the socket that the guest's front end uses");
	if (vhost->path[0] != '/')
		return xd_port_config_fail(err, -EINVAL, port, "path",
			"\"%s\" is relative: write the whole path, from /", vhost->path);
	directory_of(vhost->path, dir);
	if (stat(dir, &st) && errno == ENOENT && may_be_missing(port, dir))
		return 0;
	if (stat(dir, &st))
		return xd_port_config_fail(err, -errno, port, "path",
			"directory %s: %s (mkdir -p %s)", dir, strerror(errno), dir);
	if (!S_ISDIR(st.st_mode))
		return xd_port_config_fail(
			err, -ENOTDIR, port, "path", "%s is not a directory", dir);
	if (stat(vhost->path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return xd_port_config_fail(
			err, -EEXIST, port, "path", "%s exists and is not a socket", vhost->path);
	return 0;
}

/* Whose the socket shall be. */
static int
check_owner(const struct xd_port_config *port, struct xd_error *err)
{
	const struct xd_vhost_config *vhost = xd_vhost_config(port);
	const char *key = vhost->socket_owner[0]                ? "socket_owner"
			  : vhost->socket_group[0]              ? "socket_group"
			  : vhost->socket_mode != XD_MODE_UNSET ? "socket_mode"
								: NULL;
	struct xd_error inner;
	uid_t uid;
	gid_t gid;

	if (key && vhost->mode == XD_SOCKET_CLIENT)
		return xd_port_config_fail(err, -EINVAL, port, key,
			"does not go with mode client: there the front end makes the socket, so "
			"set it there, or use mode server");
	if (vhost->socket_owner[0] && xd_owner_user(vhost->socket_owner, &uid, &inner))
		return xd_port_config_fail(err, inner.code, port, "socket_owner", "%s", inner.text);
	if (vhost->socket_group[0] && xd_owner_group(vhost->socket_group, &gid, &inner))
		return xd_port_config_fail(err, inner.code, port, "socket_group", "%s", inner.text);
	return 0;
}

int
xd_vhost_check(const struct xd_port_config *port, struct xd_error *err)
{
	int ret = check_owner(port, err);

	if (ret == 0)
		ret = check_path(port, err);
	if (ret == 0 && port->queues > XD_VHOST_MAX_PAIRS)
		return xd_port_config_fail(err, -EINVAL, port, "queues",
			"%u queue pairs: at most %u", port->queues, XD_VHOST_MAX_PAIRS);
	return ret ? ret : xd_vhost_check_features(port, err);
}

unsigned
xd_vhost_claims(const struct xd_port_config *port, struct xd_claim *claims)
{
	claims[0] = (struct xd_claim){.kind = "socket", .key = "path", .what = "path"};
	xd_path_plain(xd_vhost_config(port)->path, claims[0].name, sizeof(claims[0].name));
	return claims[0].name[0] != 0;
}
