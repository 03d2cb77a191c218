/* SPDX-License-Identifier: BSD-3-Clause */
/* The requests about one ring. */
#include <assert.h>
#include <errno.h>

#include "vhost_user/backend_internal.h"
#include "base/event_fd.h"

#define GUARD_MS 500 /* between looks for call descriptors that were filled up */

static_assert(XD_VU_MAX_VRINGS <= XD_EVENT_FDS_MAX, "all of a port's are looked at together");

static void
close_fd(struct xd_vu_backend *be, int *fd)
{
	xd_reaper_close(be->msg.reaper, *fd);
	*fd = -1;
}

void
xd_vu_ring_stop(struct xd_vu_backend *be, struct xd_vu_vring *vr)
{
	vr->started = false;
	close_fd(be, &vr->kick_fd);
}

void
xd_vu_ring_reset(struct xd_vu_backend *be, struct xd_vu_vring *vr)
{
	close_fd(be, &vr->kick_fd);
	close_fd(be, &vr->call_fd);
	*vr = (struct xd_vu_vring){.kick_fd = -1, .call_fd = -1};
}

/* A worker that waits to write would be waited for. */
bool
xd_vu_backend_unblock(struct xd_vu_backend *be)
{
	int fds[XD_VU_MAX_VRINGS];

	xd_reaper_unblock(be->msg.reaper);
	for (unsigned i = 0; i < be->state.nb_vrings; i++)
		fds[i] = be->state.vrings[i].call_fd;
	return xd_event_fd_drain_any(fds, be->state.nb_vrings);
}

void
xd_vu_backend_notify(struct xd_vu_backend *be, unsigned vring)
{
	be->notified = true;
	xd_reaper_notify(be->msg.reaper, be->state.vrings[vring].call_fd);
}

/* Whether anybody has written to a call descriptor since the last look, or still is to. */
static bool
was_notified(struct xd_vu_backend *be)
{
	bool by_worker = !be->opts.ops->notified || be->opts.ops->notified(be->opts.ctx);
	bool by_reaper = be->notified || xd_reaper_waiting(be->msg.reaper).notifications;

	be->notified = false;
	return by_worker || by_reaper;
}

void
xd_vu_backend_guard(void *ctx)
{
	struct xd_vu_backend *be = ctx;
	struct xd_error err;

	/* Whoever fills up what nobody writes to keeps nobody waiting: an idle guest costs nothing.
	 */
	if (was_notified(be))
		be->filled |= xd_vu_backend_unblock(be);
	if (!be->filled)
		return;
	xd_fail(&err, -EPROTO, "a call descriptor was filled up to keep its writers waiting");
	xd_vu_backend_fail(be, -EPROTO, &err);
}

/* The ring that the message speaks of, or NULL with err filled. */
static struct xd_vu_vring *
ring(struct xd_vu_backend *be, uint32_t index, struct xd_error *err)
{
	if (index < be->state.nb_vrings)
		return &be->state.vrings[index];
	xd_fail(err, -EPROTO, "%s of ring %u, but the port has %u (%u queue pairs)",
		xd_vu_request_name(be->msg.header.request), index, be->state.nb_vrings,
		be->state.nb_vrings / 2);
	return NULL;
}

/* Something that a ring's place was looked up for has changed. */
static void
moved(struct xd_vu_backend *be, uint32_t index)
{
	if (be->placed[index])
		xd_vu_unplace_ring(be, index);
}

static int
set_vring_num(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.state.index, err);
	uint32_t num = m->payload.state.num;

	if (!vr)
		return -EPROTO;
	/* A packed ring has any size (virtio 1.2, 2.8.10.1), a split ring not (2.7). */
	if (num < 1 || num > XD_VRING_SIZE_MAX || (!xd_vu_packed(be) && (num & (num - 1))))
		return xd_fail(err, -EPROTO, "ring %u of %u entries, not %s up to %u",
			m->payload.state.index, num, xd_vu_packed(be) ? "1" : "a power of 2",
			XD_VRING_SIZE_MAX);
	if (vr->size != num)
		moved(be, m->payload.state.index);
	vr->size = num;
	return XD_VU_DONE;
}

static int
set_vring_addr(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	const struct xd_vu_vring_addr *addr = &m->payload.addr;
	struct xd_vu_vring *vr = ring(be, addr->index, err);
	uint32_t known = be->opts.features & XD_VU_F_LOG_ALL ? XD_VU_VRING_F_LOG : 0;

	if (!vr)
		return -EPROTO;
	if (addr->flags & ~known)
		return xd_fail(err, -EPROTO, "SET_VRING_ADDR of ring %u with flags 0x%x",
			addr->index, addr->flags);
	/* The same addresses come again when logging is switched on or off. */
	if (vr->desc_addr != addr->desc || vr->avail_addr != addr->avail ||
		vr->used_addr != addr->used)
		moved(be, addr->index);
	vr->desc_addr = addr->desc;
	vr->avail_addr = addr->avail;
	vr->used_addr = addr->used;
	vr->log = addr->flags & XD_VU_VRING_F_LOG;
	vr->log_addr = addr->log;
	vr->has_addr = true;
	return XD_VU_DONE;
}

static int
set_vring_base(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.state.index, err);

	if (!vr)
		return -EPROTO;
	if (m->payload.state.num > UINT16_MAX && !xd_vu_packed(be))
		return xd_fail(err, -EPROTO, "ring %u at entry %u, beyond 65535",
			m->payload.state.index, m->payload.state.num);
	vr->base = m->payload.state.num;
	return XD_VU_DONE;
}

static int
get_vring_base(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.state.index, err);

	if (!vr)
		return -EPROTO;
	/* One that never started in this connection may be known from before. */
	xd_vu_place_ring(be, m->payload.state.index);
	xd_vu_unplace_ring(be, m->payload.state.index);
	xd_vu_ring_stop(be, vr);
	m->payload.state.num = vr->base;
	return XD_VU_ANSWER;
}

/* Replaces one of a ring's descriptors with what SET_VRING_KICK, CALL or ERR brought. */
static void
replace_fd(struct xd_vu_backend *be, int *fd, struct xd_vu_message *m)
{
	close_fd(be, fd);
	if (m->nb_fds)
		*fd = xd_vu_message_take_fd(m, 0);
}

static int
set_vring_kick(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.u64 & XD_VU_VRING_INDEX_MASK, err);

	if (!vr)
		return -EPROTO;
	replace_fd(be, &vr->kick_fd, m);
	vr->started = true;
	return XD_VU_DONE;
}

static int
set_vring_call(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.u64 & XD_VU_VRING_INDEX_MASK, err);
	int ret = m->nb_fds && vr ? xd_event_fd_use(m->fds[0], err) : 0;

	if (!vr)
		return -EPROTO;
	if (ret)
		return ret;
	replace_fd(be, &vr->call_fd, m);
	if (!be->guard)
		be->guard =
			xd_loop_timer(be->opts.loop, GUARD_MS, GUARD_MS, xd_vu_backend_guard, be);
	return be->guard ? XD_VU_DONE : xd_fail(err, -ENOMEM, "no memory for a timer");
}

static int
set_vring_err(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	/* What is wrong with a ring is said in the log and by `port show`; the eventfd is closed.
	 */
	return ring(be, m->payload.u64 & XD_VU_VRING_INDEX_MASK, err) ? XD_VU_DONE : -EPROTO;
}

static int
set_vring_enable(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_vring *vr = ring(be, m->payload.state.index, err);

	if (!vr)
		return -EPROTO;
	if (m->payload.state.num > 1)
		return xd_fail(err, -EPROTO, "SET_VRING_ENABLE of ring %u to %u, not 0 or 1",
			m->payload.state.index, m->payload.state.num);
	vr->enabled = m->payload.state.num;
	return XD_VU_DONE;
}

static const xd_vu_request_fn functions[XD_VU_REQUESTS] = {
	[XD_VU_SET_VRING_NUM] = set_vring_num,
	[XD_VU_SET_VRING_ADDR] = set_vring_addr,
	[XD_VU_SET_VRING_BASE] = set_vring_base,
	[XD_VU_GET_VRING_BASE] = get_vring_base,
	[XD_VU_SET_VRING_KICK] = set_vring_kick,
	[XD_VU_SET_VRING_CALL] = set_vring_call,
	[XD_VU_SET_VRING_ERR] = set_vring_err,
	[XD_VU_SET_VRING_ENABLE] = set_vring_enable,
};

xd_vu_request_fn
xd_vu_ring_request(uint32_t request)
{
	return functions[request];
}
