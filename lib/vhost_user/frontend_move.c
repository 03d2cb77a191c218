/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls for guests that change while they run: memory that comes and goes, migration, and switches
 * that come back. */
#include <errno.h>
#include <string.h>

#include "vhost_user/frontend_internal.h"

static int
need(const struct xd_vu_frontend *fe, enum xd_vu_protocol_feature feature, const char *what,
	struct xd_error *err)
{
	if (xd_vu_fe_has(fe, feature))
		return 0;
	return xd_fail(err, -ENOTSUP, "the switch on %s knows no %s (protocol feature %d)",
		fe->path, what, (int)feature);
}

int
xd_vu_fe_add_region(
	struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *region, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_ADD_MEM_REG, .size = sizeof(m.payload.one)},
		.payload.one.region = xd_vu_fe_region(region),
		.nb_fds = 1,
		.fds = {region->fd},
	};

	return xd_vu_fe_change(fe, &m, err);
}

int
xd_vu_frontend_add_region(
	struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *region, struct xd_error *err)
{
	int ret = need(fe, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots", err);

	if (!ret)
		ret = xd_vu_fe_add_region(fe, region, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_remove_region(
	struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *region, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_REM_MEM_REG, .size = sizeof(m.payload.one)},
		.payload.one.region = xd_vu_fe_region(region),
	};
	int ret = need(fe, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots", err);

	if (!ret)
		ret = xd_vu_fe_change(fe, &m, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_set_features(struct xd_vu_frontend *fe, uint64_t features, struct xd_error *err)
{
	int ret = xd_vu_fe_change_u64(fe, XD_VU_SET_FEATURES, features, err);

	if (!ret)
		ret = xd_vu_fe_barrier(fe, err);
	if (!ret)
		fe->features = features;
	return ret;
}

int
xd_vu_frontend_set_log(
	struct xd_vu_frontend *fe, int fd, uint64_t size, uint64_t offset, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_SET_LOG_BASE, .size = sizeof(m.payload.log)},
		.payload.log = {.size = size, .offset = offset},
		.nb_fds = 1,
		.fds = {fd},
	};
	int ret = need(fe, XD_VU_PF_LOG_SHMFD, "dirty log", err);

	return ret ? ret : xd_vu_fe_query(fe, &m, 0, err);
}

int
xd_vu_frontend_get_inflight(
	struct xd_vu_frontend *fe, struct xd_vu_frontend_inflight *in, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_GET_INFLIGHT_FD, .size = sizeof(m.payload.inflight)},
		.payload.inflight = {.nb_queues = in->nb_queues, .queue_size = in->queue_size},
	};
	int ret = need(fe, XD_VU_PF_INFLIGHT_SHMFD, "inflight tracking", err);

	in->fd = -1;
	if (!ret)
		ret = xd_vu_fe_query(fe, &m, sizeof(m.payload.inflight), err);
	if (ret)
		return ret;
	if (m.nb_fds == 1) {
		in->fd = xd_vu_message_take_fd(&m, 0);
		in->size = m.payload.inflight.size;
		in->offset = m.payload.inflight.offset;
	} else {
		ret = xd_fail(err, -EPROTO,
			"the switch on %s answered GET_INFLIGHT_FD with %u descriptors, not 1",
			fe->path, m.nb_fds);
	}
	xd_vu_message_reset(&m);
	return ret;
}

int
xd_vu_frontend_set_inflight(
	struct xd_vu_frontend *fe, const struct xd_vu_frontend_inflight *in, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_SET_INFLIGHT_FD, .size = sizeof(m.payload.inflight)},
		.payload.inflight = {.size = in->size,
			.offset = in->offset,
			.nb_queues = in->nb_queues,
			.queue_size = in->queue_size},
		.nb_fds = 1,
		.fds = {in->fd},
	};
	int ret = need(fe, XD_VU_PF_INFLIGHT_SHMFD, "inflight tracking", err);

	if (!ret)
		ret = xd_vu_fe_change(fe, &m, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_send_rarp(struct xd_vu_frontend *fe, const uint8_t mac[6], struct xd_error *err)
{
	uint64_t payload = 0;
	int ret = need(fe, XD_VU_PF_RARP, "RARP", err);

	memcpy(&payload, mac, 6);
	if (!ret)
		ret = xd_vu_fe_change_u64(fe, XD_VU_SEND_RARP, payload, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}
