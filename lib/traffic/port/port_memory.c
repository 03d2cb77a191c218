/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory mapped for a port's frames: hugetlbfs, transparent huge pages or small ones, whichever can
 * be had first. */
#include <errno.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traffic/host/numa.h"
#include "traffic/port/port_memory.h"

#define HUGE_BYTES ((size_t)2 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Only a wish: a node that is full must not end the process at the first access. */
static void
prefer_node(const struct xd_port_memory *m, int node)
{
	unsigned long mask[16] = {0};
	const unsigned bits = 8 * sizeof(mask[0]);

	if (node < 0 || (size_t)node >= 8 * sizeof(mask) || numa_available() < 0)
		return;
	mask[(unsigned)node / bits] = 1ul << ((unsigned)node % bits);
	mbind(m->at, m->bytes, MPOL_PREFERRED, mask, 8 * sizeof(mask), 0);
}

static int
map_shared(struct xd_port_memory *m, bool huge)
{
	void *at = MAP_FAILED;

	m->fd = memfd_create(
		"crossdock-pktgen", MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
	if (m->fd < 0)
		return -errno;
	if (ftruncate(m->fd, (off_t)m->bytes) == 0)
		at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (at != MAP_FAILED) {
		m->at = at;
		return 0;
	}
	close(m->fd);
	m->fd = -1;
	return -ENOMEM;
}

/* On a boundary of 2 MiB, so that transparent huge pages fit in. */
static int
map_private(struct xd_port_memory *m, bool huge)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (huge ? MAP_HUGETLB | MAP_HUGE_2MB : 0);
	size_t spare = huge ? 0 : HUGE_BYTES, before;
	uint8_t *at = mmap(NULL, m->bytes + spare, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	before = -(uintptr_t)at & (HUGE_BYTES - 1);
	if (before)
		munmap(at, before);
	if (spare > before)
		munmap(at + before + m->bytes, spare - before);
	m->at = at + before;
	return 0;
}

static int
map(struct xd_port_memory *m, int node, bool shared, bool huge)
{
	int rc = shared ? map_shared(m, huge) : map_private(m, huge);

	if (!rc) {
		if (!huge)
			madvise(m->at, m->bytes, MADV_HUGEPAGE);
		prefer_node(m, node);
		/* A limit of the control group does not show before the pages are touched; here it
		 * is an error, at the first access it would be SIGBUS. */
		if (madvise(m->at, m->bytes, MADV_POPULATE_WRITE) == 0) {
			m->huge = huge;
			return 0;
		}
		if (errno == EINVAL && !huge) { /* an older kernel */
			memset(m->at, 0, m->bytes);
			return 0;
		}
		rc = -ENOMEM;
	}
	xd_port_memory_unmap(m);
	return rc;
}

/* Whether the kernel made huge pages of ordinary ones, all of them. */
static bool
is_transparent(const struct xd_port_memory *m)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	uintptr_t from, to, kib, huge_kib = 0;
	bool inside = false;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = from <= (uintptr_t)m->at && (uintptr_t)m->at < to;
		else if (inside && (sscanf(line, "AnonHugePages: %" SCNuPTR, &kib) == 1 ||
					   sscanf(line, "ShmemPmdMapped: %" SCNuPTR, &kib) == 1))
			huge_kib += kib;
	}
	fclose(f);
	return huge_kib << 10 >= m->bytes;
}

static void
describe(struct xd_port_memory *m, int node)
{
	const char *pages = m->huge             ? "2 MiB pages"
			    : is_transparent(m) ? "transparent 2 MiB pages (no free hugepages)"
						: "4 KiB pages (no free hugepages)";

	if (node < 0)
		snprintf(m->text, sizeof(m->text), "%s, any node", pages);
	else
		snprintf(m->text, sizeof(m->text), "%s, %snode %d", pages,
			m->node == node || m->node == XD_NUMA_UNKNOWN ? "" : "not all on ", node);
}

int
xd_port_memory_map(
	struct xd_port_memory *m, size_t bytes, int node, bool shared, struct xd_error *err)
{
	*m = (struct xd_port_memory){
		.bytes = (bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1), .fd = -1};
	if (m->bytes < bytes || (map(m, node, shared, true) && map(m, node, shared, false)))
		return xd_fail(
			err, -ENOMEM, "no %zu MiB of memory for rings; give size=64", bytes >> 20);
	m->node = xd_numa_node_of(m->at, m->bytes);
	describe(m, node);
	return 0;
}

void
xd_port_memory_unmap(struct xd_port_memory *m)
{
	if (m->at)
		munmap(m->at, m->bytes);
	if (m->at && m->fd >= 0)
		close(m->fd);
	m->at = NULL;
	m->fd = -1;
}
