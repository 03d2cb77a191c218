/* SPDX-License-Identifier: BSD-3-Clause */
/* One function per request, and the table that finds it; those about one ring are in
 * backend_rings.c. */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#include "vhost_user/backend_internal.h"
#include "vhost_user/memory_table.h"

#define MTU_MIN 68 /* RFC 791 */

static int
answer_u64(struct xd_vu_message *m, uint64_t value)
{
	m->payload.u64 = value;
	m->header.size = sizeof(m->payload.u64);
	return XD_VU_ANSWER;
}

void
xd_vu_backend_forget(struct xd_vu_backend *be)
{
	struct xd_vu_state *s = &be->state;

	for (unsigned i = 0; i < s->nb_vrings; i++)
		xd_vu_ring_reset(be, &s->vrings[i]);
	/* What was noted of rings stays: this may be why it was noted. */
	memset(be->placed, 0, sizeof(be->placed));
	xd_vu_inflight_forget(be);
	xd_vu_memory_clear(&s->memory, be->msg.reaper);
	be->nb_again = 0;
	s->features = 0;
	s->protocol_features = 0;
	xd_vu_log_forget(be);
	__atomic_store_n(&s->memory.lost, false, __ATOMIC_RELAXED);
	be->status = 0;
}

static int
get_features(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)err;
	return answer_u64(m, be->opts.features);
}

static int
set_features(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	uint64_t features = m->payload.u64;

	if (features & ~be->opts.features)
		return xd_fail(err, -EPROTO, "SET_FEATURES with 0x%" PRIx64 ", not offered",
			features & ~be->opts.features);
	/* Another kind of rings: what was looked up is of no use. */
	if ((features ^ be->state.features) & (1ull << XD_VIRTIO_F_RING_PACKED))
		memset(be->placed, 0, sizeof(be->placed));
	be->state.features = features;
	xd_vu_log_update(be); /* a migration begins or ends */
	/* Without protocol features there is no SET_VRING_ENABLE, and rings are enabled always. */
	for (unsigned i = 0; i < be->state.nb_vrings; i++) {
		if (!(features & XD_VU_F_PROTOCOL_FEATURES))
			be->state.vrings[i].enabled = true;
	}
	return XD_VU_DONE;
}

static int
get_protocol_features(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)err;
	return answer_u64(m, be->opts.protocol_features);
}

static int
set_protocol_features(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	uint64_t features = m->payload.u64;

	if (features & ~be->opts.protocol_features)
		return xd_fail(err, -EPROTO,
			"SET_PROTOCOL_FEATURES with 0x%" PRIx64 ", not offered",
			features & ~be->opts.protocol_features);
	be->state.protocol_features = features;
	return XD_VU_DONE;
}

static int
set_owner(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)be, (void)m, (void)err;
	return XD_VU_DONE; /* who is connected is the owner */
}

static int
reset_owner(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)m, (void)err;
	/* Deprecated; the specification allows to disable all rings on it, and no more. */
	for (unsigned i = 0; i < be->state.nb_vrings; i++)
		be->state.vrings[i].enabled = false;
	return XD_VU_DONE;
}

static int
reset_device(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)m, (void)err;
	for (unsigned i = 0; i < be->state.nb_vrings; i++) {
		xd_vu_unplace_ring(be, i);
		xd_vu_ring_reset(be, &be->state.vrings[i]);
	}
	be->state.features = 0;
	xd_vu_log_update(be);
	be->status = 0;
	return XD_VU_DONE;
}

static int
set_mem_table(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	const struct xd_vu_mem_table *table = &m->payload.table;
	struct xd_guest_memory *mem = calloc(1, sizeof(*mem));
	int ret = 0;

	if (!mem)
		return xd_fail(err, -ENOMEM, "no memory for a memory table");
	for (unsigned i = 0; i < table->nb_regions && !ret; i++)
		ret = xd_vu_memory_add(
			mem, &table->regions[i], m->fds[i], &be->bus_owner, be->msg.reaper, err);
	if (ret) {
		xd_vu_memory_clear(mem, be->msg.reaper);
	} else {
		xd_vu_memory_clear(&be->state.memory, be->msg.reaper);
		be->nb_again = 0;
		be->state.memory.n = mem->n;
		memcpy(be->state.memory.regions, mem->regions, mem->n * sizeof(mem->regions[0]));
		/* What else was mapped may be what is lost. */
		if (!be->log.map && !be->inflight.map)
			__atomic_store_n(&be->state.memory.lost, false, __ATOMIC_RELAXED);
	}
	free(mem);
	return ret ? ret : XD_VU_DONE;
}

static int
get_max_mem_slots(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)be, (void)err;
	return answer_u64(m, XD_GUEST_REGIONS_MAX);
}

/*
 * QEMU (7.2 at least) keeps a memory table for every queue pair, and adds and removes each region
 * once for each of them: a region that is there already is added by that, and removed by the first
 * removal; the others find nothing, rightly.
 */
static int
add_mem_reg(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	const struct xd_vu_mem_region *region = &m->payload.one.region;
	int ret;

	if (xd_vu_memory_has(&be->state.memory, region, m->fds[0])) {
		if (be->nb_again == XD_VU_AGAIN_MAX)
			return xd_fail(err, -ENOSPC,
				"memory region at 0x%" PRIx64 " was added more than %d times",
				region->guest_addr, XD_VU_AGAIN_MAX);
		be->again[be->nb_again++] = *region;
		return XD_VU_DONE;
	}
	ret = xd_vu_memory_add(
		&be->state.memory, region, m->fds[0], &be->bus_owner, be->msg.reaper, err);
	return ret ? ret : XD_VU_DONE;
}

static int
rem_mem_reg(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	const struct xd_vu_mem_region *region = &m->payload.one.region;
	int ret = xd_vu_memory_remove(&be->state.memory, region, be->msg.reaper, err);

	for (unsigned i = 0; ret == -ENOENT && i < be->nb_again; i++) {
		const struct xd_vu_mem_region *r = &be->again[i];

		if (r->guest_addr != region->guest_addr || r->user_addr != region->user_addr ||
			r->size != region->size)
			continue;
		be->again[i] = be->again[--be->nb_again];
		ret = XD_VU_DONE;
	}
	return ret;
}

static int
get_queue_num(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)err;
	return answer_u64(m, be->opts.nb_queue_pairs); /* front ends count pairs for a NIC */
}

static int
send_rarp(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	uint8_t mac[6];

	(void)err;
	memcpy(mac, &m->payload.u64, sizeof(mac)); /* its first 6 bytes, as they lie in memory */
	if (be->opts.ops->rarp)
		be->opts.ops->rarp(be->opts.ctx, mac);
	return XD_VU_DONE;
}

static int
net_set_mtu(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	uint64_t max = be->opts.mtu ? be->opts.mtu : UINT16_MAX;

	if (m->payload.u64 < MTU_MIN || m->payload.u64 > max) {
		xd_fail(err, -EINVAL,
			"the guest's MTU of %" PRIu64 " is refused, the port takes %d to %" PRIu64,
			m->payload.u64, MTU_MIN, max);
		return XD_VU_NOT_DONE;
	}
	return XD_VU_DONE;
}

static int
get_config(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct virtio_net_config config = {
		.status = VIRTIO_NET_S_LINK_UP,
		.max_virtqueue_pairs = (uint16_t)be->opts.nb_queue_pairs,
		.mtu = be->opts.mtu,
	};
	uint8_t space[XD_VU_CONFIG_BYTES] = {0};
	struct xd_vu_config *c = &m->payload.config;
	uint32_t offset = c->offset;
	uint32_t size = c->size;

	if (offset > sizeof(space) || size > sizeof(space) - offset)
		return xd_fail(err, -EPROTO,
			"GET_CONFIG of %u bytes at %u, beyond the configuration space", size,
			offset);
	memcpy(space, &config, sizeof(config));
	memcpy(c->bytes, space + offset, size);
	return XD_VU_ANSWER;
}

static int
set_status(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	if (m->payload.u64 > UINT8_MAX)
		return xd_fail(
			err, -EPROTO, "SET_STATUS to 0x%" PRIx64 ", beyond 8 bits", m->payload.u64);
	be->status = (uint8_t)m->payload.u64;
	/* 0 resets the device (virtio 1.2, 2.1.2). Front ends set their rings up again after it,
	 * but do not all repeat what else they said before. */
	for (unsigned i = 0; i < be->state.nb_vrings && be->status == 0; i++) {
		xd_vu_unplace_ring(be, i);
		xd_vu_ring_stop(be, &be->state.vrings[i]);
	}
	return XD_VU_DONE;
}

static int
get_status(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	(void)err;
	return answer_u64(m, be->status);
}

static const xd_vu_request_fn functions[XD_VU_REQUESTS] = {
	[XD_VU_GET_FEATURES] = get_features,
	[XD_VU_SET_FEATURES] = set_features,
	[XD_VU_SET_OWNER] = set_owner,
	[XD_VU_RESET_OWNER] = reset_owner,
	[XD_VU_SET_MEM_TABLE] = set_mem_table,
	[XD_VU_GET_PROTOCOL_FEATURES] = get_protocol_features,
	[XD_VU_SET_PROTOCOL_FEATURES] = set_protocol_features,
	[XD_VU_GET_QUEUE_NUM] = get_queue_num,
	[XD_VU_SEND_RARP] = send_rarp,
	[XD_VU_NET_SET_MTU] = net_set_mtu,
	[XD_VU_GET_CONFIG] = get_config,
	[XD_VU_RESET_DEVICE] = reset_device,
	[XD_VU_GET_MAX_MEM_SLOTS] = get_max_mem_slots,
	[XD_VU_ADD_MEM_REG] = add_mem_reg,
	[XD_VU_REM_MEM_REG] = rem_mem_reg,
	[XD_VU_SET_STATUS] = set_status,
	[XD_VU_GET_STATUS] = get_status,
};

int
xd_vu_backend_handle(struct xd_vu_backend *be, struct xd_error *err)
{
	xd_vu_request_fn fn = functions[be->msg.header.request];

	if (!fn)
		fn = xd_vu_ring_request(be->msg.header.request);
	if (!fn)
		fn = xd_vu_log_request(be->msg.header.request);
	if (!fn)
		fn = xd_vu_inflight_request(be->msg.header.request);
	if (!fn)
		return xd_fail(err, -EPROTO, "%s is not supported",
			xd_vu_request_name(be->msg.header.request));
	return fn(be, &be->msg, err);
}
