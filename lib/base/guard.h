/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that ends waits which a peer has made of a write to its eventfd: see event_fd.h.
 *
 * Each thread that must not wait has a slot, in which it says what it is writing to. The guard
 * looks at the slots every XD_GUARD_TICK_MS while there are writes, and sleeps while there are
 * none. A write that it finds twice, to an eventfd that is full, it ends by emptying that, again
 * and again if the peer fills it up again. So a write lasts at most twice that time and a little.
 * It costs its thread two atomic operations on a cache line of its own.
 *
 * The guard uses the descriptor of a write only until xd_guard_write() returns: it may be closed
 * then.
 */
#ifndef XD_BASE_GUARD_H
#define XD_BASE_GUARD_H

#include <stdint.h>

#define XD_GUARD_TICK_MS 5

struct xd_guard;

struct xd_guard_slot {
	struct xd_guard *guard;
	unsigned state; /* enum in guard.c; its thread and the guard write */
	uint32_t n;     /* of the write at hand; its thread writes, as it does fd */
	int fd;
} __attribute__((aligned(64)));

/* NULL: errno says why there is no thread. */
struct xd_guard *xd_guard_create(unsigned nb_slots);
/* No slot is in use any more. NULL is fine. */
void xd_guard_destroy(struct xd_guard *g);
/* Of the thread that alone uses it. NULL if g is: then nothing is guarded. */
struct xd_guard_slot *xd_guard_slot(struct xd_guard *g, unsigned i);

/* Adds one to an eventfd. The slot's thread. */
void xd_guard_write(struct xd_guard_slot *slot, int fd);

#endif
