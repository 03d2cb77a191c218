/* SPDX-License-Identifier: BSD-3-Clause */
/* A front end with memory and rings in it, for tests of what a back end finds there. */
#ifndef XD_TEST_VHOST_USER_GUEST_H
#define XD_TEST_VHOST_USER_GUEST_H

#include "vhost_user_env.h"
#include "vhost_user/inflight.h"

#define GUEST_BYTES (512 * 1024)
#define RING_STRIDE 0x10000 /* ring i is at i times this */
#define USED_AT     0x8000

struct guest {
	int fd;
	uint8_t *mem;
	struct xd_vu_frontend *fe;
};

static inline struct guest
guest_create(void)
{
	struct guest g = {.fd = memory_file(GUEST_BYTES)};

	g.mem = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, g.fd, 0);
	assert_true(g.mem != MAP_FAILED);
	memset(g.mem, 0, GUEST_BYTES);
	return g;
}

static inline void
guest_connect(struct env *e, struct guest *g, uint64_t features)
{
	struct xd_vu_frontend_region r = {.fd = g->fd, .addr = g->mem, .size = GUEST_BYTES};

	g->fe = env_open_with(e, false, features, PROTOCOL_FEATURES);
	assert_int_equal(xd_vu_frontend_set_memory(g->fe, &r, 1, NULL), 0);
}

static inline struct xd_vu_frontend_ring
guest_ring(const struct guest *g, unsigned i, uint16_t size, uint32_t base)
{
	uint8_t *at = g->mem + i * RING_STRIDE;

	return (struct xd_vu_frontend_ring){
		.size = size,
		.base = base,
		.desc = at,
		.avail = at + USED_AT / 2,
		.used = at + USED_AT,
		.kick_fd = -1,
		.call_fd = -1,
	};
}

/* Sets a ring, which starts, and returns where the back end goes on. */
static inline uint32_t
guest_start(struct env *e, struct guest *g, unsigned i, uint16_t size, uint32_t base)
{
	struct xd_vu_frontend_ring ring = guest_ring(g, i, size, base);

	assert_int_equal(xd_vu_frontend_set_ring(g->fe, i, &ring, NULL), 0);
	return env_state(e).vrings[i].base;
}

static inline void
guest_destroy(struct guest *g)
{
	munmap(g->mem, GUEST_BYTES);
	close(g->fd);
}

/* A position, with the wrap counter in bit 15, as SET_VRING_BASE has it. */
#define BASE(position) ((uint32_t)(position) | (uint32_t)(position) << 16)
#define FRESH          BASE(0x8000)

/* Makes a packed ring look as it does when the device stands at `position` and the driver has given
 * it all that it can. */
static inline void
guest_fill_packed(struct guest *g, unsigned i, uint16_t size, uint16_t position)
{
	struct xd_packed_desc *ring = (void *)(g->mem + i * RING_STRIDE);
	bool wrap = position & 0x8000;

	for (unsigned d = 0; d < size; d++) {
		/* Behind the position: available for the next lap. */
		bool lap = d < (position & 0x7fffu) ? !wrap : wrap;

		ring[d] = (struct xd_packed_desc){.addr = 0x70000,
			.len = 1024,
			.id = (uint16_t)d,
			.flags = lap ? XD_PACKED_DESC_F_AVAIL : XD_PACKED_DESC_F_USED};
	}
}

/* What a worker notes. */
static inline void
guest_note(struct env *e, unsigned i, uint16_t position)
{
	struct xd_vq_record r;

	xd_loop_lock(e->loop);
	r = xd_vu_vring_record(e->be, i);
	if (r.position) {
		struct xd_packed_position *at = (struct xd_packed_position *)(void *)r.position;

		at->used_idx = position & 0x7fff;
		at->used_wrap = position >> 15;
	} else {
		assert_non_null(r.used_idx);
		*r.used_idx = position;
	}
	xd_loop_unlock(e->loop);
}

static inline bool
guest_has_record(struct env *e, unsigned i)
{
	struct xd_vq_record r;
	bool has;

	xd_loop_lock(e->loop);
	r = xd_vu_vring_record(e->be, i);
	has = r.used_idx || r.position;
	xd_loop_unlock(e->loop);
	return has;
}

#endif
