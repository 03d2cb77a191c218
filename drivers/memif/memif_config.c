/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a memif port, and what of them no row can say. */
#include <assert.h>
#include <errno.h>
#include <sys/un.h>

#include "base/path.h"
#include "drivers/memif/memif.h"

static_assert(sizeof(struct xd_memif_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

const struct xd_key xd_memif_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_memif_config, key), __VA_ARGS__},
#include "drivers/memif/keys.def"
#undef XD_KEY
	{0},
};

int
xd_memif_check(const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_memif_config *memif = xd_memif_config(config);
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!memif->path[0])
		return xd_port_config_fail(err, -EINVAL, config, "path",
			"a memif port needs path, the socket that both ends use");
	if (memif->path[0] != '/')
		return xd_port_config_fail(err, -EINVAL, config, "path",
			"\"%s\" is relative: write the whole path, from /", memif->path);
	if (strlen(memif->path) > max)
		return xd_port_config_fail(err, -ENAMETOOLONG, config, "path",
			"is longer than the %zu bytes of a socket's path", max);
	if (memif->socket_mode != XD_MODE_UNSET && memif->mode == XD_MEMIF_CLIENT)
		return xd_port_config_fail(err, -EINVAL, config, "socket_mode",
			"does not go with mode client: there the peer makes the socket, so set it "
			"there, or use mode server");
	return 0;
}

unsigned
xd_memif_claims(const struct xd_port_config *config, struct xd_claim *claims)
{
	claims[0] = (struct xd_claim){.kind = "socket", .key = "path", .what = "path"};
	xd_path_plain(xd_memif_config(config)->path, claims[0].name, sizeof(claims[0].name));
	return claims[0].name[0] != 0;
}
