/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions that are no memory, or not where they are said to be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

#define FILE_SIZE   (1u << 20)
#define LARGE_BYTES (256ull << 20)

typedef struct xd_vu_mem_region region;

/* Says a table of one region, and later the same as ADD_MEM_REG; neither may be taken. */
static void
refused(struct hostile *h, region r, int fd, const char *what)
{
	struct xd_vu_mem_table table = {.nb_regions = 1, .regions = {r}};
	struct xd_vu_mem_one one = {.region = r};

	hostile_reconnect(h, CONNECTED);
	say(h, XD_VU_SET_MEM_TABLE, &table, 8 + 32, fd);
	expect_refused(h, what);
	hostile_reconnect(h, CONNECTED);
	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd);
	expect_refused(h, what);
}

static void
beyond_file(struct hostile *h)
{
	int fd = memory_file(FILE_SIZE), odd = memory_file(FILE_SIZE + 100);

	refused(h, (region){LOW, FILE_SIZE + 1, LOW, 0}, fd, "one byte beyond the file");
	refused(h, (region){LOW, FILE_SIZE, LOW, 4096}, fd, "an offset that leads beyond");
	refused(h, (region){LOW, 1ull << 40, LOW, 0}, fd, "1 TiB of a file of 1 MiB");
	refused(h, (region){LOW, 4096, LOW, 1ull << 62}, fd, "a far offset");
	refused(h, (region){LOW, 4096, LOW, UINT64_MAX - 4095}, fd, "an offset that wraps");
	refused(h, (region){LOW, FILE_SIZE + 4096, LOW, 0}, odd,
		"a page that the file has in part");
	refused(h, (region){LOW, 4096, LOW, 0}, memory_file(0), "an empty file");
}

static void
wraps(struct hostile *h)
{
	int fd = memory_file(FILE_SIZE);

	refused(h, (region){UINT64_MAX - 4095, 8192, LOW, 0}, fd, "guest addresses that wrap");
	refused(h, (region){LOW, 8192, UINT64_MAX - 4095, 0}, fd, "user addresses that wrap");
	refused(h, (region){LOW, UINT64_MAX, LOW, 0}, fd, "the whole address space");
	refused(h, (region){LOW, 0, LOW, 0}, fd, "size 0");
}

static void
overlap(struct hostile *h)
{
	int fd = memory_file(FILE_SIZE);
	struct xd_vu_mem_table table = {.nb_regions = 2,
		.regions = {{LOW, 65536, LOW, 0}, {LOW + 65535, 65536, LOW + (1u << 30), 65536}}};
	struct xd_vu_mem_one one = {.region = table.regions[1]};

	hostile_reconnect(h, CONNECTED);
	raw(h, XD_VU_SET_MEM_TABLE, XD_VU_VERSION, 72, &table, 72, (int[]){fd, fd}, 2);
	expect_refused(h, "regions that overlap");
	hostile_reconnect(h, MEMORY);
	say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd);
	expect_refused(h, "a region that overlaps the table's");
}

static void
table_shapes(struct hostile *h)
{
	static const uint32_t numbers[] = {0, 2, 9, 0x10000001, UINT32_MAX};
	int fd = memory_file(FILE_SIZE);

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct xd_vu_mem_table table = {
			.nb_regions = numbers[i], .regions = {{LOW, 4096, LOW, 0}}};

		hostile_reconnect(h, CONNECTED);
		say(h, XD_VU_SET_MEM_TABLE, &table, 8 + 32, fd);
		expect_refused(h, "a number of regions that is not there");
	}
}

/* Descriptors that are no memory. */
static void
not_memory(struct hostile *h)
{
	int sockets[2], pipes[2], sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
	char path[64];
	struct {
		const char *what;
		int fd;
	} fds[11];
	unsigned n = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pipe(pipes) ||
		ftruncate(sealed, FILE_SIZE) || fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE))
		die("%s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_file(FILE_SIZE));
	fds[n].what = "a directory", fds[n++].fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	fds[n].what = "/dev/zero", fds[n++].fd = open("/dev/zero", O_RDWR);
	fds[n].what = "/dev/null", fds[n++].fd = open("/dev/null", O_RDWR);
	fds[n].what = "a socket", fds[n++].fd = sockets[0];
	fds[n].what = "the connection itself", fds[n++].fd = h->sock;
	fds[n].what = "a pipe", fds[n++].fd = pipes[0];
	fds[n].what = "an eventfd", fds[n++].fd = eventfd(0, 0);
	fds[n].what = "an epoll set", fds[n++].fd = epoll_create1(0);
	fds[n].what = "a file opened to read", fds[n++].fd = open(path, O_RDONLY);
	fds[n].what = "a file opened as a path", fds[n++].fd = open(path, O_PATH);
	fds[n].what = "a file sealed against writes", fds[n++].fd = sealed;
	for (unsigned i = 0; i < n; i++) {
		int fd = dup(fds[i].fd); /* hanging up must not close it */

		if (fd < 0)
			die("%s: %s", fds[i].what, strerror(errno));
		refused(h, (region){LOW, FILE_SIZE, LOW, 0}, fd, fds[i].what);
	}
}

static void
too_many(struct hostile *h)
{
	int fd = memory_file(FILE_SIZE);

	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	for (uint64_t i = 0; i < 600; i++) {
		struct xd_vu_mem_one one = {
			.region = {LOW + i * 8192, 4096, LOW + i * 8192, 4096 * (i % 256)}};

		if (!say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd))
			break;
	}
	expect_refused(h, "600 regions");
}

/* As many regions as there can be, and nothing more. */
static void
most(struct hostile *h)
{
	int fd = memory_file(FILE_SIZE);

	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	for (uint64_t i = 0; i < 509; i++) {
		struct xd_vu_mem_one one = {
			.region = {LOW + i * 8192, 4096, LOW + i * 8192, 4096 * (i % 256)}};

		say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd);
	}
	expect_alive(h);
}

static void
remove_unknown(struct hostile *h)
{
	struct xd_vu_mem_one one = {.region = {LOW, REGION, LOW + 4096, 0}};

	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
	expect_refused(h, "the removal of what is not there");
	hostile_reconnect(h, MEMORY);
	one.region.user_addr = h->user;
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
	expect_alive(h);
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
	expect_refused(h, "a second removal");
}

/* More address space than there is: the switch has to go on with what is left. */
static void
address_space(struct hostile *h)
{
	int fd = memory_file(1ull << 40);
	uint64_t i;

	for (i = 0; i < 300; i++) {
		struct xd_vu_mem_one one = {.region = {i << 40, 1ull << 40, i << 40, 0}};

		if (!say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd))
			break;
	}
	expect_refused(h, "300 TiB");
}

/* The table again and again, while nothing runs. */
static void
replaced(struct hostile *h)
{
	for (unsigned i = 0; i < 300; i++)
		hostile_share(h);
	expect_alive(h);
}

/* Much memory, all of it there, which nobody but the switch has any more. */
static void
give_large(struct hostile *h)
{
	struct xd_vu_mem_one one = {.region = {SPARSE, LARGE_BYTES, SPARSE, 0}};
	int fd = memory_file(LARGE_BYTES);

	if (fallocate(fd, 0, 0, (off_t)LARGE_BYTES))
		die("%llu bytes of memory: %s", LARGE_BYTES, strerror(errno));
	say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd);
	expect_alive(h);
	close(fd);
}

/* Whoever lets go of it last has to free it, page by page. */
static void
last_holder(struct hostile *h)
{
	struct xd_vu_mem_one one = {.region = {SPARSE, LARGE_BYTES, SPARSE, 0}};

	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	give_large(h);
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
	give_large(h);
	hostile_share(h);
	hostile_reconnect(h, CONNECTED);
	give_large(h);
	hostile_reconnect(h, MEMORY);
	expect_alive(h);
}

const struct attack attacks_memory[] = {
	{"beyond-file", CONNECTED, 0, REFUSED, beyond_file},
	{"wraps", CONNECTED, 0, REFUSED, wraps},
	{"overlap", CONNECTED, 0, REFUSED, overlap},
	{"table-shapes", CONNECTED, 0, REFUSED, table_shapes},
	{"not-memory", CONNECTED, 0, REFUSED, not_memory},
	{"too-many", CONNECTED, 0, REFUSED, too_many},
	{"most", CONNECTED, 0, HARMLESS, most},
	{"remove-unknown", MEMORY, 0, REFUSED, remove_unknown},
	{"address-space", CONNECTED, 0, REFUSED, address_space},
	{"replaced", CONNECTED, 0, HARMLESS, replaced},
	{"last-holder", CONNECTED, 0, REAPED, last_holder},
	{0},
};
