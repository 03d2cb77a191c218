/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NUMA node of a guest's memory. A guest may be started on one node, moved to another, or have
 * its memory given back and taken again, so a few of its pages are asked for now and then, other
 * ones each time: they are spread evenly, with a step that has no factor in common with sizes of
 * memory.
 */
#include "drivers/vhost/vhost.h"
#include "memory/nodes.h"

#define STEPS 8191 /* a prime: in so many steps through all of the memory */

/* The page at a place in all regions laid end to end. */
static void *
page_at(const struct xd_guest_memory *memory, uint64_t place)
{
	for (unsigned i = 0; i < memory->n; i++) {
		if (place < memory->regions[i].size)
			return memory->regions[i].host + (place & ~4095ull);
		place -= memory->regions[i].size;
	}
	return NULL;
}

int16_t
xd_vhost_node(struct xd_port *port)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	const struct xd_guest_memory *memory = &xd_vu_backend_state(p->backend)->memory;
	void *pages[XD_NODE_SAMPLES];
	uint64_t bytes = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < memory->n; i++)
		bytes += memory->regions[i].size;
	if (bytes == 0)
		return -1;
	/* On a machine with one node there is nothing to ask for. */
	if (p->one_node)
		return 0;
	for (; n < XD_NODE_SAMPLES; n++) {
		/* 511 steps on: the pages of one look are spread, and so are those of looks to
		 * come.
		 */
		p->sampled = (p->sampled + 511) % STEPS;
		pages[n] = page_at(memory, bytes / STEPS * p->sampled);
		if (!pages[n])
			break;
	}
	return (int16_t)xd_memory_pages_node(pages, n, port->node, NULL);
}
