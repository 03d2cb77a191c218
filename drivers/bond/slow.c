/* SPDX-License-Identifier: BSD-3-Clause */
/* Slow protocols' frames between workers and control: slow.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "base/clock.h"
#include "drivers/bond/ring.h"
#include "drivers/bond/slow.h"

#define IN_RING XD_BOND_SLOW_RATE /* a power of two; holds one less */
#define PLACES  (XD_BOND_MEMBERS * XD_BOND_SLOW_KINDS)

static_assert(sizeof(struct xd_bond_slow_frame) % 4 == 0, "elements of an rte_ring");
static_assert(XD_LACP_FRAME <= XD_HEAD, "a whole one lies in a snapshot");
static_assert(PLACES <= 32, "places are bits of 32");

struct xd_bond_slow {
	struct rte_ring *in[XD_BOND_MEMBERS];
	int32_t left[XD_BOND_MEMBERS]; /* that a member may still send in this second */
	int fd;
	/* Places with a frame: set by control, cleared by the worker that sent it; and those that
	 * the worker has not tried since control last told it. */
	uint32_t full, untried;
	uint64_t first_until_ns; /* written by control with untried */
	uint8_t out[PLACES][XD_LACP_FRAME];
};

static unsigned
place_of(unsigned member, enum xd_bond_slow_kind kind)
{
	return member * XD_BOND_SLOW_KINDS + kind;
}

/* ---- Control ---- */

struct xd_bond_slow *
xd_bond_slow_create(void)
{
	struct xd_bond_slow *slow = calloc(1, sizeof(*slow));
	bool made = slow != NULL;

	if (!slow)
		return NULL;
	slow->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned i = 0; i < XD_BOND_MEMBERS; i++) {
		slow->in[i] =
			xd_bond_ring(sizeof(struct xd_bond_slow_frame), IN_RING, RING_F_SC_DEQ);
		made &= slow->in[i] != NULL;
	}
	xd_bond_slow_refill(slow);
	if (made && slow->fd >= 0)
		return slow;
	xd_bond_slow_destroy(slow);
	return NULL;
}

void
xd_bond_slow_destroy(struct xd_bond_slow *slow)
{
	if (!slow)
		return;
	for (unsigned i = 0; i < XD_BOND_MEMBERS; i++)
		free(slow->in[i]);
	if (slow->fd >= 0)
		close(slow->fd);
	free(slow);
}

int
xd_bond_slow_fd(const struct xd_bond_slow *slow)
{
	return slow->fd;
}

void
xd_bond_slow_begin(struct xd_bond_slow *slow)
{
	uint64_t count;

	if (read(slow->fd, &count, sizeof(count)) < 0)
		return; /* read already */
}

bool
xd_bond_slow_get(struct xd_bond_slow *slow, unsigned member, struct xd_bond_slow_frame *frame)
{
	return rte_ring_sc_dequeue_elem(slow->in[member], frame, sizeof(*frame)) == 0;
}

void
xd_bond_slow_refill(struct xd_bond_slow *slow)
{
	for (unsigned i = 0; i < XD_BOND_MEMBERS; i++)
		__atomic_store_n(&slow->left[i], XD_BOND_SLOW_RATE, __ATOMIC_RELAXED);
}

uint8_t *
xd_bond_slow_place(struct xd_bond_slow *slow, unsigned member, enum xd_bond_slow_kind kind)
{
	const unsigned place = place_of(member, kind);

	return __atomic_load_n(&slow->full, __ATOMIC_ACQUIRE) >> place & 1 ? NULL
									   : slow->out[place];
}

void
xd_bond_slow_put(struct xd_bond_slow *slow, unsigned member, enum xd_bond_slow_kind kind)
{
	__atomic_fetch_or(&slow->full, 1u << place_of(member, kind), __ATOMIC_RELEASE);
}

bool
xd_bond_slow_again(struct xd_bond_slow *slow)
{
	uint32_t full = __atomic_load_n(&slow->full, __ATOMIC_ACQUIRE);

	__atomic_store_n(&slow->first_until_ns,
		xd_clock_ns() + XD_NS_PER_S / 1000 * XD_BOND_SLOW_FIRST_MS, __ATOMIC_RELAXED);
	__atomic_store_n(&slow->untried, full, __ATOMIC_RELEASE);
	return full != 0;
}

/* ---- Workers ---- */

enum xd_drop
xd_bond_slow_take(struct xd_bond_slow *slow, unsigned member, const struct xd_frame *frame)
{
	static const uint64_t one = 1;
	const uint8_t *data = frame->buf + frame->start;
	struct xd_bond_slow_frame copy = {.len = frame->len};

	if (__atomic_load_n(&slow->left[member], __ATOMIC_RELAXED) <= 0)
		return XD_DROP_SLOW_FLOOD;
	memcpy(copy.bytes, data, frame->head_len < XD_LACP_FRAME ? frame->head_len : XD_LACP_FRAME);
	if (rte_ring_mp_enqueue_elem(slow->in[member], &copy, sizeof(copy)) < 0)
		return XD_DROP_SLOW_FLOOD;
	__atomic_fetch_sub(&slow->left[member], 1, __ATOMIC_RELAXED);
	/* A counter that is full tells as much. */
	if (write(slow->fd, &one, sizeof(one)) < 0)
		return XD_DROP_NONE;
	return XD_DROP_NONE;
}

void
xd_bond_slow_rx(struct xd_bond_slow *slow, struct xd_batch *batch)
{
	uint32_t full = __atomic_load_n(&slow->full, __ATOMIC_ACQUIRE);

	for (; full && batch->n < XD_BATCH; full &= full - 1) {
		const unsigned place = (unsigned)__builtin_ctz(full);
		struct xd_frame *f = &batch->frames[batch->n++];

		xd_frame_init(f, XD_LACP_FRAME, XD_LACP_FRAME, 0);
		memcpy(f->buf + XD_HEADROOM, slow->out[place], XD_LACP_FRAME);
		f->member = (uint16_t)(place / XD_BOND_SLOW_KINDS);
		__atomic_fetch_and(&slow->untried, ~(1u << place), __ATOMIC_RELAXED);
	}
}

void
xd_bond_slow_release(struct xd_bond_slow *slow, struct xd_bond *bond, const struct xd_batch *batch)
{
	uint32_t waits = 0, sent = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		const struct xd_frame *f = &batch->frames[i];
		const bool marker = xd_lacp_is_marker(f->buf + XD_HEADROOM);

		if (f->member == XD_BOND_NONE)
			continue;
		if (f->nb_dst)
			sent |= 1u << place_of(f->member,
					marker ? XD_BOND_SLOW_MARKER : XD_BOND_SLOW_LACP);
		else
			waits |= 1u << f->member;
	}
	__atomic_fetch_and(&slow->full, ~sent, __ATOMIC_RELEASE);
	if (waits && xd_clock_ns() >= __atomic_load_n(&slow->first_until_ns, __ATOMIC_RELAXED))
		waits = 0;
	__atomic_store_n(&bond->waits, waits, __ATOMIC_RELAXED);
}

bool
xd_bond_slow_arm(const struct xd_bond_slow *slow, const struct xd_bond *bond)
{
	return __atomic_load_n(&slow->untried, __ATOMIC_ACQUIRE) != 0 || bond->waits != 0;
}
