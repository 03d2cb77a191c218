/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether enough hugepages can be had, and what to type when not. */
#include "memory/hugepages.h"

#include <errno.h>
#include <linux/mman.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define MIB      ((size_t)1 << 20)
#define PAGE_2M  (2 * MIB)
#define PAGE_1G  (1024 * MIB)
#define NB_2M    (XD_HUGEPAGES_NEED_MIB / 2)
#define SYSFS_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/"

static bool
can_reserve(size_t bytes, int page_flag)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | page_flag, -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, bytes);
	return true;
}

bool
xd_hugepages_available(void)
{
	return can_reserve(NB_2M * PAGE_2M, MAP_HUGE_2MB) || can_reserve(PAGE_1G, MAP_HUGE_1GB);
}

/* One number of a file of the kernel's; 0 when there is none. */
static unsigned long
read_number(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

bool
xd_hugepages_on_node(int node)
{
	static const char *const sizes[] = {"2048", "1048576"};
	unsigned long n = 0;
	char path[128];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path),
			"/sys/devices/system/node/node%d/hugepages/hugepages-%skB/free_hugepages",
			node, sizes[i]);
		n += read_number(path);
	}
	return n != 0;
}

int
xd_hugepages_fail(struct xd_error *err)
{
	unsigned long total = read_number(SYSFS_2M "nr_hugepages");
	unsigned long unused = read_number(SYSFS_2M "free_hugepages");
	unsigned long reserved = read_number(SYSFS_2M "resv_hugepages");

	unused -= reserved < unused ? reserved : unused;
	if (unused >= NB_2M)
		return xd_fail(err, -ENOMEM,
			"needs %u MiB of hugepages; %lu MiB are free, but a limit of this process "
			"keeps it from using them: see hugetlb.2MB.max of its control group",
			XD_HUGEPAGES_NEED_MIB, unused * 2);
	return xd_fail(err, -ENOMEM,
		"needs %u MiB of hugepages, %lu MiB are free; type: "
		"echo %lu >" SYSFS_2M "nr_hugepages",
		XD_HUGEPAGES_NEED_MIB, unused * 2, total + NB_2M - unused);
}
