/* SPDX-License-Identifier: BSD-3-Clause */
/* See memory_table.h: regions checked, added and removed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vhost_user/mapping.h"
#include "vhost_user/memory_table.h"

static int
check_addresses(
	const struct xd_guest_memory *mem, const struct xd_vu_mem_region *r, struct xd_error *err)
{
	uint64_t end;

	if (mem->n >= XD_GUEST_REGIONS_MAX)
		return xd_fail(err, -ENOSPC, "more than %d memory regions", XD_GUEST_REGIONS_MAX);
	if (r->size == 0)
		return xd_fail(
			err, -EINVAL, "memory region at 0x%" PRIx64 " of size 0", r->guest_addr);
	if (__builtin_add_overflow(r->guest_addr, r->size, &end) ||
		__builtin_add_overflow(r->user_addr, r->size, &end))
		return xd_fail(err, -EINVAL,
			"memory region at 0x%" PRIx64 " of size 0x%" PRIx64
			" wraps around the address space",
			r->guest_addr, r->size);
	for (unsigned i = 0; i < mem->n; i++) {
		const struct xd_guest_region *o = &mem->regions[i];

		if (r->guest_addr < o->guest_addr + o->size &&
			o->guest_addr < r->guest_addr + r->size)
			return xd_fail(err, -EINVAL,
				"memory regions at 0x%" PRIx64 " and 0x%" PRIx64 " overlap",
				o->guest_addr, r->guest_addr);
	}
	return 0;
}

/* Puts a region in its place: they are kept in the order of guest_addr. */
static void
insert(struct xd_guest_memory *mem, const struct xd_guest_region *r)
{
	unsigned i = mem->n++;

	for (; i > 0 && mem->regions[i - 1].guest_addr > r->guest_addr; i--)
		mem->regions[i] = mem->regions[i - 1];
	mem->regions[i] = *r;
}

int
xd_vu_memory_add(struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, int fd,
	const struct xd_bus_owner *owner, struct xd_reaper *reaper, struct xd_error *err)
{
	struct xd_vu_mapping m;
	struct stat st;
	char what[64];
	int ret;

	ret = check_addresses(mem, region, err);
	if (ret)
		return ret;
	snprintf(what, sizeof(what), "the memory region at 0x%" PRIx64, region->guest_addr);
	ret = xd_vu_map(&m, fd, region->mmap_offset, region->size, owner, what, reaper, err);
	if (ret)
		return ret;
	if (fstat(fd, &st) < 0) {
		ret = xd_fail(err, -errno, "%s: fstat: %s", what, strerror(errno));
		xd_vu_unmap(&m, reaper);
		return ret;
	}
	insert(mem, &(struct xd_guest_region){
			    .guest_addr = region->guest_addr,
			    .user_addr = region->user_addr,
			    .size = region->size,
			    .host = m.at,
			    .map = m.map,
			    .map_bytes = m.bytes,
			    .dev = st.st_dev,
			    .ino = st.st_ino,
		    });
	return 0;
}

static void
unmap(struct xd_guest_region *r, struct xd_reaper *reaper)
{
	struct xd_vu_mapping m = {.map = r->map, .bytes = r->map_bytes};

	xd_vu_unmap(&m, reaper);
}

static bool
same_addresses(const struct xd_guest_region *r, const struct xd_vu_mem_region *region)
{
	return r->guest_addr == region->guest_addr && r->user_addr == region->user_addr &&
	       r->size == region->size;
}

bool
xd_vu_memory_has(const struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, int fd)
{
	struct stat st;

	for (unsigned i = 0; i < mem->n; i++) {
		const struct xd_guest_region *r = &mem->regions[i];

		if (same_addresses(r, region))
			return !fstat(fd, &st) && st.st_dev == r->dev && st.st_ino == r->ino;
	}
	return false;
}

int
xd_vu_memory_remove(struct xd_guest_memory *mem, const struct xd_vu_mem_region *region,
	struct xd_reaper *reaper, struct xd_error *err)
{
	for (unsigned i = 0; i < mem->n; i++) {
		struct xd_guest_region *r = &mem->regions[i];

		if (!same_addresses(r, region))
			continue;
		unmap(r, reaper);
		mem->n--;
		memmove(r, r + 1, (mem->n - i) * sizeof(*r));
		return 0;
	}
	return xd_fail(err, -ENOENT, "no memory region at 0x%" PRIx64 " of size 0x%" PRIx64,
		region->guest_addr, region->size);
}

void
xd_vu_memory_clear(struct xd_guest_memory *mem, struct xd_reaper *reaper)
{
	for (unsigned i = 0; i < mem->n; i++)
		unmap(&mem->regions[i], reaper);
	mem->n = 0;
}
