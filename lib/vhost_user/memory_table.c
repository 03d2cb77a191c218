/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* *page_bytes: what mappings of the file are rounded to. */
static int
check_file(const struct xd_vu_mem_region *r, int fd, uint64_t *page_bytes, struct xd_error *err)
{
	struct stat st;
	uint64_t end;

	if (fstat(fd, &st) < 0)
		return xd_fail(err, -errno, "memory region: fstat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xd_fail(err, -EINVAL,
			"memory region at 0x%" PRIx64 " is not backed by a file", r->guest_addr);
	if (__builtin_add_overflow(r->mmap_offset, r->size, &end) || end > (uint64_t)st.st_size)
		return xd_fail(err, -EINVAL,
			"memory region at 0x%" PRIx64 " of size 0x%" PRIx64 " at offset 0x%" PRIx64
			" lies beyond its file of 0x%" PRIx64 " bytes",
			r->guest_addr, r->size, r->mmap_offset, (uint64_t)st.st_size);
	/* The block size of hugetlbfs is its page size. */
	*page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	if ((uint64_t)st.st_blksize > *page_bytes && !(st.st_blksize & (st.st_blksize - 1)))
		*page_bytes = (uint64_t)st.st_blksize;
	return 0;
}

int
xd_vu_memory_add(struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, int fd,
	struct xd_error *err)
{
	uint64_t page_bytes = 0, begin, bytes;
	void *map;
	int ret;

	ret = check_addresses(mem, region, err);
	if (ret)
		return ret;
	ret = check_file(region, fd, &page_bytes, err);
	if (ret)
		return ret;
	begin = region->mmap_offset & ~(page_bytes - 1);
	/* No overflow: all of it is below the size of a file, an off_t. */
	bytes = region->mmap_offset - begin + region->size;
	bytes = (bytes + page_bytes - 1) & ~(page_bytes - 1);
	map = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)begin);
	if (map == MAP_FAILED)
		return xd_fail(err, -errno,
			"cannot map the memory region at 0x%" PRIx64 " of size 0x%" PRIx64 ": %s",
			region->guest_addr, region->size, strerror(errno));
	madvise(map, bytes, MADV_DONTDUMP); /* guests' memory has no place in our core dumps */
	mem->regions[mem->n++] = (struct xd_guest_region){
		.guest_addr = region->guest_addr,
		.user_addr = region->user_addr,
		.size = region->size,
		.host = (uint8_t *)map + (region->mmap_offset - begin),
		.map = map,
		.map_bytes = bytes,
		.fd = fd,
	};
	return 0;
}

static void
unmap(struct xd_guest_region *r)
{
	munmap(r->map, r->map_bytes);
	close(r->fd);
}

int
xd_vu_memory_remove(
	struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, struct xd_error *err)
{
	for (unsigned i = 0; i < mem->n; i++) {
		struct xd_guest_region *r = &mem->regions[i];

		if (r->guest_addr != region->guest_addr || r->user_addr != region->user_addr ||
			r->size != region->size)
			continue;
		unmap(r);
		*r = mem->regions[--mem->n];
		return 0;
	}
	return xd_fail(err, -ENOENT, "no memory region at 0x%" PRIx64 " of size 0x%" PRIx64,
		region->guest_addr, region->size);
}

void
xd_vu_memory_clear(struct xd_guest_memory *mem)
{
	for (unsigned i = 0; i < mem->n; i++)
		unmap(&mem->regions[i]);
	mem->n = 0;
}
