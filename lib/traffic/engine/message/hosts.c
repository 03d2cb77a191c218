/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not go together of hosts and their ports. */
#include <errno.h>

#include "traffic/engine/message/hosts.h"

int
xd_message_hosts_check(const struct xd_gen *gen, const struct xd_message_hosts *hosts,
	const char *engine, struct xd_error *err)
{
	if (!hosts->link && gen->nb_ports != 1 && gen->nb_ports % 2)
		return xd_fail(err, -EINVAL, "%s has one port, or pairs of them, not %u", engine,
			gen->nb_ports);
	if (hosts->has_peer && gen->nb_ports != 1)
		return xd_fail(err, -EINVAL,
			"--connect goes with one port: of two, the second is connected to");
	if (hosts->link && gen->nb_ports > XD_GEN_PORTS_MAX / 2)
		return xd_fail(err, -EINVAL,
			"with a peer, %s has up to %u ports at each end, not %u", engine,
			XD_GEN_PORTS_MAX / 2, gen->nb_ports);
	for (unsigned i = 0; i < gen->nb_ports; i++)
		if (gen->ports[i]->max_frame < hosts->frame_bytes)
			return xd_fail(err, -EINVAL,
				"%s: frames of %u bytes are too long for it: it carries %u",
				gen->ports[i]->name, hosts->frame_bytes, gen->ports[i]->max_frame);
	return 0;
}
