/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inflight tracking: we make the memory, the front end keeps it, and gives it to whoever takes its
 * rings up after us. What is in it: inflight.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vhost_user/backend_internal.h"
#include "vhost_user/inflight.h"

/* Regions that a port makes. */
#define MADE_AT_ONCE  16
#define MADE_EVERY_NS (10 * XD_NS_PER_S)

/* Checks what the message says of queues; *bytes is what they need together. */
static int
check_queues(const struct xd_vu_backend *be, const struct xd_vu_inflight_desc *d, uint64_t *bytes,
	struct xd_error *err)
{
	const char *name = xd_vu_request_name(be->msg.header.request);

	if (d->nb_queues < 1 || d->nb_queues > be->state.nb_vrings)
		return xd_fail(err, -EPROTO, "%s of %u queues, not 1 to %u", name, d->nb_queues,
			be->state.nb_vrings);
	if (d->queue_size < 1 || d->queue_size > XD_VRING_SIZE_MAX)
		return xd_fail(err, -EPROTO, "%s of queues of %u entries, not 1 to %u", name,
			d->queue_size, XD_VRING_SIZE_MAX);
	*bytes = d->nb_queues * xd_inflight_queue_bytes(xd_vu_packed(be), d->queue_size);
	return 0;
}

/* A packed ring's intents lie behind the queues, in memory that we made. */
static uint64_t
tail_bytes(const struct xd_vu_backend *be, unsigned nb_queues)
{
	return xd_vu_packed(be)
		       ? sizeof(struct xd_inflight_tail) + nb_queues * sizeof(struct xd_intent)
		       : 0;
}

static int
write_tail(int fd, uint64_t offset)
{
	static const uint64_t magic = XD_INFLIGHT_TAIL_MAGIC;

	return pwrite(fd, &magic, sizeof(magic), (off_t)offset) == sizeof(magic) ? 0 : -1;
}

/* Makes the region that d describes. Of its memory only the tail is touched. */
static int
make_region(struct xd_vu_backend *be, const struct xd_vu_inflight_desc *d, uint64_t tail_at,
	struct xd_error *err)
{
	int fd, ret;

	if (!xd_rate_take(&be->made_rate, xd_clock_ns(), MADE_AT_ONCE, MADE_EVERY_NS))
		return xd_fail(err, -EPROTO, "GET_INFLIGHT_FD again and again");
	fd = memfd_create("crossdock-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)d->size) < 0 ||
		(tail_at < d->size && write_tail(fd, tail_at) < 0)) {
		ret = xd_fail(err, -errno, "cannot make an inflight region: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return ret;
	}
	/* So nobody can take it from under us. Regions are zeroes: not initialised. */
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	xd_reaper_close(be->msg.reaper, be->made_fd); /* the front end may have filled it */
	be->made_fd = fd;
	be->made = *d;
	return 0;
}

/* The front end keeps what it is given, at our expense: so the same again if it asks again. What it
 * may have noted in there is held against the rings, as always. */
static int
get_inflight_fd(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	struct xd_vu_inflight_desc *d = &m->payload.inflight;
	uint64_t bytes = 0;
	int ret = check_queues(be, d, &bytes, err);

	if (ret)
		return ret;
	d->size = bytes + tail_bytes(be, d->nb_queues);
	d->offset = 0;
	if (be->made_fd < 0 || be->made.size != d->size || be->made.nb_queues != d->nb_queues ||
		be->made.queue_size != d->queue_size) {
		ret = make_region(be, d, bytes, err);
		if (ret)
			return ret;
	}
	be->answer_fd = be->made_fd;
	return XD_VU_ANSWER; /* with as many bytes as it was asked with */
}

static bool
any_started(const struct xd_vu_backend *be)
{
	for (unsigned i = 0; i < be->state.nb_vrings; i++) {
		if (be->state.vrings[i].started)
			return true;
	}
	return false;
}

static int
set_inflight_fd(struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err)
{
	const struct xd_vu_inflight_desc *d = &m->payload.inflight;
	struct xd_vu_mapping map;
	uint64_t bytes = 0;
	int ret = check_queues(be, d, &bytes, err);

	if (ret)
		return ret;
	if (any_started(be))
		return xd_fail(err, -EPROTO, "SET_INFLIGHT_FD while rings run");
	if (d->size < bytes || d->offset % sizeof(uint64_t))
		return xd_fail(err, -EINVAL,
			"the inflight region of 0x%llx bytes at 0x%llx is too small, or not "
			"aligned, for %u queues of %u entries",
			(unsigned long long)d->size, (unsigned long long)d->offset, d->nb_queues,
			d->queue_size);
	ret = xd_vu_map(&map, m->fds[0], d->offset, d->size, &be->bus_owner, "the inflight region",
		be->msg.reaper, err);
	if (ret)
		return ret;
	xd_vu_unmap(&be->inflight, be->msg.reaper);
	be->inflight = map;
	be->inflight_queues = d->nb_queues;
	be->inflight_queue_size = d->queue_size;
	for (unsigned i = 0; i < be->state.nb_vrings; i++)
		be->placed[i] = false;
	return XD_VU_DONE;
}

void
xd_vu_inflight_forget(struct xd_vu_backend *be)
{
	xd_vu_unmap(&be->inflight, be->msg.reaper);
	be->inflight_queues = 0;
	xd_reaper_close(be->msg.reaper, be->made_fd);
	be->made_fd = -1;
}

void *
xd_vu_inflight_queue(const struct xd_vu_backend *be, unsigned vring)
{
	uint64_t bytes = xd_inflight_queue_bytes(xd_vu_packed(be), be->inflight_queue_size);

	/* The kind of rings may have been negotiated since the region was given: look again. */
	if (vring >= be->inflight_queues ||
		be->state.vrings[vring].size > be->inflight_queue_size ||
		(vring + 1) * bytes > be->inflight.size)
		return NULL;
	return be->inflight.at + vring * bytes;
}

struct xd_intent *
xd_vu_inflight_intent(const struct xd_vu_backend *be, unsigned vring)
{
	uint64_t at = be->inflight_queues *
		      xd_inflight_queue_bytes(xd_vu_packed(be), be->inflight_queue_size);
	struct xd_inflight_tail *tail;

	if (!xd_vu_packed(be) || vring >= be->inflight_queues ||
		at + tail_bytes(be, be->inflight_queues) > be->inflight.size)
		return NULL;
	tail = (struct xd_inflight_tail *)(void *)(be->inflight.at + at);
	if (__atomic_load_n(&tail->magic, __ATOMIC_RELAXED) != XD_INFLIGHT_TAIL_MAGIC)
		return NULL;
	return &tail->intents[vring];
}

xd_vu_request_fn
xd_vu_inflight_request(uint32_t request)
{
	switch (request) {
	case XD_VU_GET_INFLIGHT_FD:
		return get_inflight_fd;
	case XD_VU_SET_INFLIGHT_FD:
		return set_inflight_fd;
	default:
		return NULL;
	}
}
