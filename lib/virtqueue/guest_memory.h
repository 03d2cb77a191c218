/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's memory: the regions that its front end shared, and its addresses translated with
 * bounds. */
#ifndef XD_VIRTQUEUE_GUEST_MEMORY_H
#define XD_VIRTQUEUE_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XD_GUEST_REGIONS_MAX 509

struct xd_guest_region {
	uint64_t guest_addr; /* guest physical */
	uint64_t user_addr; /* the front end's virtual address, which ring addresses are given in */
	uint64_t size;      /* bytes; guest_addr + size and user_addr + size do not wrap */
	uint8_t *host;      /* where guest_addr is mapped here */
	void *map;          /* what was mapped, */
	uint64_t map_bytes; /* and how much of it: at least size */
	uint64_t dev, ino;  /* the file behind it, which the mapping alone keeps */
};

/* Regions in the order of guest_addr, without overlap. Written by control while the port is paused,
 * read by workers. */
struct xd_guest_memory {
	unsigned n;
	bool lost; /* a region's file was truncated under us; set by a signal handler */
	struct xd_guest_region regions[XD_GUEST_REGIONS_MAX];
};

/* The region that holds guest_addr, or NULL. */
static inline const struct xd_guest_region *
xd_guest_region(const struct xd_guest_memory *mem, uint64_t guest_addr)
{
	unsigned first = 0, n = mem->n;

	/* The last region that begins at or before guest_addr is the only one that can hold it. */
	while (n > 1) {
		unsigned half = n / 2;

		if (guest_addr >= mem->regions[first + half].guest_addr)
			first += half;
		n -= half;
	}
	if (n && guest_addr - mem->regions[first].guest_addr < mem->regions[first].size)
		return &mem->regions[first];
	return NULL;
}

/* Host address of guest_addr, with *contiguous set to the bytes that lie behind it in the same
 * region; NULL when no region holds it. */
static inline uint8_t *
xd_guest_ptr(const struct xd_guest_memory *mem, uint64_t guest_addr, uint64_t *contiguous)
{
	const struct xd_guest_region *r = xd_guest_region(mem, guest_addr);

	if (!r)
		return NULL;
	*contiguous = r->size - (guest_addr - r->guest_addr);
	return r->host + (guest_addr - r->guest_addr);
}

/* Host address of len bytes at the front end's address user_addr, all in one region, or NULL. */
static inline uint8_t *
xd_guest_user_ptr(const struct xd_guest_memory *mem, uint64_t user_addr, uint64_t len)
{
	for (unsigned i = 0; i < mem->n; i++) {
		const struct xd_guest_region *r = &mem->regions[i];
		uint64_t offset = user_addr - r->user_addr;

		if (offset < r->size)
			return len <= r->size - offset ? r->host + offset : NULL;
	}
	return NULL;
}

#endif
