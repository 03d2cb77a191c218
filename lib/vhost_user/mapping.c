/* SPDX-License-Identifier: BSD-3-Clause */
/* See mapping.h: files that the front end sent, checked and mapped. */
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vhost_user/mapping.h"

/* *page_bytes: what mappings of the file are rounded to. */
static int
check_file(int fd, uint64_t offset, uint64_t size, const char *what, uint64_t *page_bytes,
	struct xd_error *err)
{
	struct statfs fs;
	struct stat st;
	uint64_t end;

	if (size == 0)
		return xd_fail(err, -EINVAL, "%s of size 0", what);
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return xd_fail(err, -errno, "%s: fstat: %s", what, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xd_fail(err, -EINVAL, "%s is not backed by a file", what);
	if (__builtin_add_overflow(offset, size, &end) || end > (uint64_t)st.st_size)
		return xd_fail(err, -EINVAL,
			"%s of size 0x%" PRIx64 " at offset 0x%" PRIx64
			" lies beyond its file of 0x%" PRIx64 " bytes",
			what, size, offset, (uint64_t)st.st_size);
	/* The block size of hugetlbfs is its page size. */
	*page_bytes = fs.f_type == HUGETLBFS_MAGIC ? (uint64_t)fs.f_bsize
						   : (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int
xd_vu_map(struct xd_vu_mapping *m, int fd, uint64_t offset, uint64_t size,
	const struct xd_bus_owner *owner, const char *what, struct xd_reaper *reaper,
	struct xd_error *err)
{
	const int access = PROT_READ | PROT_WRITE;
	uint64_t page_bytes = 0, begin, bytes;
	bool huge;
	void *map;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = check_file(fd, offset, size, what, &page_bytes, err);
	if (ret)
		return ret;
	begin = offset & ~(page_bytes - 1);
	/* No overflow: all of it is below the size of a file, an off_t. */
	bytes = offset - begin + size;
	bytes = (bytes + page_bytes - 1) & ~(page_bytes - 1);
	/* A mapping of huge pages that can be written to would make its file longer by the page
	 * behind it: it becomes writable afterwards, and without that page. */
	huge = page_bytes > (uint64_t)sysconf(_SC_PAGESIZE);
	map = mmap(NULL, bytes + page_bytes, huge ? PROT_NONE : access, MAP_SHARED | MAP_NORESERVE,
		fd, (off_t)begin);
	if (map == MAP_FAILED)
		return xd_fail(err, -errno, "cannot map %s of size 0x%" PRIx64 ": %s", what, size,
			strerror(errno));
	if (huge && mprotect(map, bytes, access) < 0) {
		ret = xd_fail(err, -errno, "cannot map %s of size 0x%" PRIx64 " to write: %s", what,
			size, strerror(errno));
		goto err_map;
	}
	/* Guests' memory has no place in our core dumps. */
	madvise(map, bytes + page_bytes, MADV_DONTDUMP);
	ret = xd_bus_error_add(map, bytes, page_bytes, owner);
	if (ret) {
		xd_fail(err, ret, "cannot watch over %s: %s", what, strerror(-ret));
		goto err_map;
	}
	*m = (struct xd_vu_mapping){
		.map = map,
		.bytes = bytes + page_bytes,
		.at = (uint8_t *)map + (offset - begin),
		.size = size,
	};
	return 0;

err_map:
	xd_reaper_unmap(reaper, map, bytes + page_bytes);
	return ret;
}

void
xd_vu_unmap(struct xd_vu_mapping *m, struct xd_reaper *reaper)
{
	if (!m->map)
		return;
	xd_bus_error_remove(m->map);
	xd_reaper_unmap(reaper, m->map, m->bytes);
	memset(m, 0, sizeof(*m));
}
