/* SPDX-License-Identifier: BSD-3-Clause */
/* The requests about the dirty log, by which a guest is migrated while it runs: see
 * virtqueue/dirty_log.h. */
#include <errno.h>
#include <string.h>

#include "vhost_user/backend_internal.h"

void
xd_vu_log_update(struct xd_vu_backend *be)
{
	bool on = be->log.at && (be->state.features & XD_VU_F_LOG_ALL);

	be->state.log = (struct xd_dirty_log){
		.bits = on ? be->log.at : NULL,
		.nb_pages = on ? be->log.size * 8 : 0,
	};
}

void
xd_vu_log_forget(struct xd_vu_backend *be)
{
	xd_vu_unmap(&be->log, be->msg.reaper);
	xd_vu_log_update(be);
}

/* A guest that grows while it migrates gets a larger log; the front end goes through the old one
 * when this is answered. */
static int
set_log_base(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_mapping map;
	int ret;

	if (m->payload.log.size > UINT64_MAX / 8)
		return xd_fail(err, -EINVAL, "the dirty log is too large");
	ret = xd_vu_map(&map, m->fds[0], m->payload.log.offset, m->payload.log.size, &be->bus_owner,
		"the dirty log", be->msg.reaper, err);
	if (ret)
		return ret;
	xd_vu_unmap(&be->log, be->msg.reaper);
	be->log = map;
	xd_vu_log_update(be);
	/* Protocol feature LOG_SHMFD has it answered, with or without REPLY_ACK. */
	m->header.size = 0;
	return XD_VU_ANSWER;
}

/* The eventfd, closed by who called, would tell the front end that there is something in the
 * log. Front ends go through it in rounds, by themselves. */
static int
set_log_fd(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)be, (void)m, (void)err;
	return XD_VU_DONE;
}

xd_vu_request_fn
xd_vu_log_request(uint32_t request)
{
	switch (request) {
	case XD_VU_SET_LOG_BASE:
		return set_log_base;
	case XD_VU_SET_LOG_FD:
		return set_log_fd;
	default:
		return NULL;
	}
}
