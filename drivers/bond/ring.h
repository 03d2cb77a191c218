/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings between control and workers, which a bond has several of. */
#ifndef XD_DRIVERS_BOND_RING_H
#define XD_DRIVERS_BOND_RING_H

#include <stdlib.h>

#include <rte_ring_elem.h>

/* n elements, a power of two; the caller's to free(). NULL: no memory. Control. */
static inline struct rte_ring *
xd_bond_ring(unsigned element_bytes, unsigned n, unsigned flags)
{
	ssize_t size = rte_ring_get_memsize_elem(element_bytes, n);
	struct rte_ring *ring = size > 0 ? aligned_alloc(64, RTE_ALIGN((size_t)size, 64)) : NULL;

	if (ring != NULL && rte_ring_init(ring, "bond", n, flags)) {
		free(ring);
		return NULL;
	}
	return ring;
}

#endif
