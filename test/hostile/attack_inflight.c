/* SPDX-License-Identifier: BSD-3-Clause */
/* The two further pieces of memory that a front end can share: the dirty log of a migration, and
 * the inflight region (vhost-user specification, "Migration" and "Inflight I/O tracking"). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

#define LOG_FILE (4u << 20) /* a bit for each page of 128 GiB */

struct log {
	uint64_t bytes, offset;
};

struct inflight {
	uint64_t bytes, offset;
	uint16_t nb_queues, queue_size;
};

static void
log_refused(struct hostile *h, uint64_t bytes, uint64_t offset, int fd, const char *what)
{
	struct log log = {bytes, offset};

	hostile_reconnect(h, RINGS);
	hostile_need(h, XD_VU_PF_LOG_SHMFD, "a shared log");
	say(h, XD_VU_SET_LOG_BASE, &log, sizeof(log), fd);
	expect_refused(h, what);
}

static void
log_bad(struct hostile *h)
{
	int fd = memory_file(65536), zero = open("/dev/zero", O_RDWR);

	log_refused(h, 65537, 0, fd, "a log beyond its file");
	log_refused(h, 1ull << 60, 0, fd, "a huge log");
	log_refused(h, UINT64_MAX, 4096, fd, "a log that wraps");
	log_refused(h, 65536, 4096, fd, "a log whose offset leads beyond its file");
	log_refused(h, 4096, UINT64_MAX - 4095, fd, "a log whose offset wraps");
	log_refused(h, 0, 0, fd, "a log of size 0");
	log_refused(h, 4096, 0, zero, "/dev/zero as a log");
	log_refused(h, 4096, 0, open("/tmp", O_RDONLY | O_DIRECTORY), "a directory as a log");
	log_refused(h, 4096, 0, -1, "a log without a descriptor");
}

/* Starts logging into a log of so many bytes, and sends. */
static void
log_on(struct hostile *h, uint64_t bytes, int fd)
{
	struct log log = {bytes, 0};

	hostile_need(h, XD_VU_PF_LOG_SHMFD, "a shared log");
	say(h, XD_VU_SET_LOG_BASE, &log, sizeof(log), fd);
	say_u64(h, XD_VU_SET_FEATURES, h->features | XD_VU_F_LOG_ALL, -1);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = h->user + RING_OFFSET(i);
		struct xd_vu_vring_addr addr = {.index = i,
			.flags = 1,
			.desc = at,
			.avail = at + DRIVER_OFFSET,
			.used = at + DEVICE_OFFSET,
			.log = UINT64_MAX - 7}; /* the ring's own place in the log: far beyond */

		say(h, XD_VU_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	}
	expect_alive(h);
	for (unsigned i = 0; i < 20; i++) {
		send_frame(h, FRAME);
		usleep(2000);
	}
}

/* It has no bit for any page of this guest: nothing is noted. */
static void
log_too_small(struct hostile *h)
{
	log_on(h, 4096, memory_file(4096));
}

/* The file goes while pages are noted in it. */
static void
log_truncated(struct hostile *h)
{
	int fd = memory_file(LOG_FILE);

	log_on(h, LOG_FILE, fd);
	if (ftruncate(fd, 0))
		die("ftruncate: %s", strerror(errno));
	for (unsigned i = 0; i < 20; i++) {
		send_frame(h, FRAME);
		usleep(2000);
	}
}

static void
logs_again(struct hostile *h)
{
	int fd = memory_file(LOG_FILE);
	struct log log = {LOG_FILE, 0};

	hostile_need(h, XD_VU_PF_LOG_SHMFD, "a shared log");
	for (unsigned i = 0; i < 100; i++)
		say(h, XD_VU_SET_LOG_BASE, &log, sizeof(log), fd);
	say(h, XD_VU_GET_FEATURES, NULL, 0, -1);
}

/* ---- Inflight tracking ---- */

static void
inflight_refused(struct hostile *h, struct inflight in, int fd, const char *what)
{
	hostile_reconnect(h, MEMORY);
	hostile_need(h, XD_VU_PF_INFLIGHT_SHMFD, "inflight tracking");
	say(h, XD_VU_SET_INFLIGHT_FD, &in, sizeof(in), fd);
	expect_refused(h, what);
}

static void
inflight_bad(struct hostile *h)
{
	int fd = memory_file(65536), small = memory_file(64);

	inflight_refused(h, (struct inflight){65537, 0, 2, 256}, fd, "a region beyond its file");
	inflight_refused(h, (struct inflight){1ull << 60, 0, 2, 256}, fd, "a huge region");
	inflight_refused(h, (struct inflight){UINT64_MAX, 4096, 2, 256}, fd, "one that wraps");
	inflight_refused(
		h, (struct inflight){65536, 4096, 2, 256}, fd, "an offset beyond the file");
	inflight_refused(
		h, (struct inflight){4096, UINT64_MAX - 4095, 2, 256}, fd, "a wrapping offset");
	inflight_refused(h, (struct inflight){0, 0, 2, 256}, fd, "a region of size 0");
	inflight_refused(
		h, (struct inflight){64, 0, 2, 256}, small, "one too small for its queues");
	inflight_refused(h, (struct inflight){65536, 0, 65535, 65535}, fd, "65535 queues");
	inflight_refused(h, (struct inflight){65536, 0, 2, 65535}, fd, "queues of 65535");
	inflight_refused(
		h, (struct inflight){65536, 0, 2, 256}, open("/dev/zero", O_RDWR), "/dev/zero");
	inflight_refused(h, (struct inflight){65536, 0, 2, 256},
		open("/tmp", O_RDONLY | O_DIRECTORY), "a directory");
	inflight_refused(h, (struct inflight){65536, 0, 2, 256}, -1, "no descriptor");
}

/* Asks for a region; returns its descriptor, or -1, and how long it is. */
static int
inflight_get(struct hostile *h, struct inflight *in)
{
	struct xd_vu_message m = {0};
	uint64_t until_ms = now_ms() + 10000;
	int fd = -1;

	hostile_need(h, XD_VU_PF_INFLIGHT_SHMFD, "inflight tracking");
	say(h, XD_VU_GET_INFLIGHT_FD, in, sizeof(*in), -1);
	while (m.have < XD_VU_HEADER_BYTES + sizeof(*in) && now_ms() < until_ms) {
		if (xd_vu_receive(&m, h->sock, XD_VU_HEADER_BYTES + sizeof(*in), NULL) < 0)
			return -1;
		usleep(100);
	}
	memcpy(in, &m.payload, sizeof(*in));
	if (m.nb_fds)
		fd = xd_vu_message_take_fd(&m, 0);
	xd_vu_message_reset(&m);
	return fd;
}

/* Sizes that nobody has, and so many regions that descriptors or memory would run out. */
static void
inflight_asked(struct hostile *h)
{
	static const struct inflight bad[] = {{0, 0, 65535, 65535}, {0, 0, 0, 0}, {0, 0, 2, 0},
		{UINT64_MAX, UINT64_MAX, 2, 65535}};
	struct inflight in;

	hostile_need(h, XD_VU_PF_INFLIGHT_SHMFD, "inflight tracking");
	for (unsigned i = 0; i < 4; i++) {
		hostile_reconnect(h, MEMORY);
		in = bad[i];
		close(inflight_get(h, &in));
	}
	hostile_reconnect(h, MEMORY);
	for (unsigned i = 0; i < 500; i++) {
		in = (struct inflight){.nb_queues = 2, .queue_size = RING_SIZE};
		close(inflight_get(h, &in));
	}
}

/* A good region for rings of 64, and then rings of 256 (or the other way round): the record must
 * not be written where the region does not reach. */
static void
inflight_other_size(struct hostile *h)
{
	for (unsigned i = 0; i < 2; i++) {
		struct inflight in = {.nb_queues = 2, .queue_size = i ? 1024 : 16};
		int fd;

		hostile_reconnect(h, MEMORY);
		fd = inflight_get(h, &in);
		if (fd < 0)
			die("no inflight region");
		say(h, XD_VU_SET_INFLIGHT_FD, &in, sizeof(in), fd);
		close(fd);
		rings_up(h);
		for (unsigned n = 0; n < 600; n++) {
			send_frame(h, FRAME);
			if (!i)
				usleep(20);
			else
				expect_back(h, TX);
		}
	}
}

/* Every byte of the region says something wild when the rings start, and goes on doing so. */
static void
inflight_scribbled(struct hostile *h)
{
	struct inflight in = {.nb_queues = 2, .queue_size = RING_SIZE};
	int fd = inflight_get(h, &in);
	uint8_t *bytes;

	if (fd < 0)
		die("no inflight region");
	bytes = mmap(NULL, in.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)in.offset);
	if (bytes == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	memset(bytes, 0xff, in.bytes);
	say(h, XD_VU_SET_INFLIGHT_FD, &in, sizeof(in), fd);
	rings_up(h);
	for (unsigned i = 0; i < 100; i++) {
		memset(bytes, (int)i * 37, in.bytes);
		send_frame(h, FRAME);
		usleep(200);
	}
}

static void
inflight_truncated(struct hostile *h)
{
	struct inflight in = {.nb_queues = 2, .queue_size = RING_SIZE};
	int fd = inflight_get(h, &in);

	if (fd < 0)
		die("no inflight region");
	say(h, XD_VU_SET_INFLIGHT_FD, &in, sizeof(in), fd);
	rings_up(h);
	/* A region that the switch sealed against this is as good an end of the attack. */
	if (ftruncate(fd, 0) && errno != EPERM)
		die("ftruncate: %s", strerror(errno));
	for (unsigned i = 0; i < 20; i++) {
		send_frame(h, FRAME);
		usleep(2000);
	}
}

const struct attack attacks_inflight[] = {
	{"log-bad", CONNECTED, BOTH, REFUSED, log_bad},
	{"log-too-small", RINGS, BOTH, EITHER, log_too_small},
	{"log-truncated", RINGS, BOTH, EITHER, log_truncated},
	{"logs-again", RINGS, BOTH, EITHER, logs_again},
	{"bad", CONNECTED, BOTH, REFUSED, inflight_bad},
	{"asked", CONNECTED, BOTH, EITHER, inflight_asked},
	{"other-size", CONNECTED, BOTH, EITHER, inflight_other_size},
	{"scribbled", MEMORY, BOTH, EITHER, inflight_scribbled},
	{"truncated", MEMORY, BOTH, EITHER, inflight_truncated},
	{0},
};
