/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "vhost_user/socket.h"

#define PATIENCE_MS 30000
#define MAX_SCM_FDS 253 /* that one message can carry (SCM_MAX_FD of Linux) */

void
die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint32_t
random_u32(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

int
memory_file(uint64_t bytes)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		die("memory file: %s", strerror(errno));
	return fd;
}

/* ---- The connection ---- */

void
hostile_connect(struct hostile *h)
{
	uint64_t until_ms = now_ms() + PATIENCE_MS;

	while ((h->sock = xd_vu_connect(h->path)) < 0) {
		if (now_ms() > until_ms)
			die("%s: %s", h->path, strerror(-h->sock));
		usleep(500);
	}
}

void
hostile_hang_up(struct hostile *h)
{
	close(h->sock);
	h->sock = -1;
	for (unsigned i = 0; i < 2; i++) {
		if (h->rings[i].kick > 0)
			close(h->rings[i].kick);
		if (h->rings[i].call > 0)
			close(h->rings[i].call);
		h->rings[i] = (struct ring){.kick = -1, .call = -1};
	}
}

bool
hostile_has(const struct hostile *h, enum xd_vu_protocol_feature feature)
{
	return h->protocol >> feature & 1;
}

void
hostile_need(const struct hostile *h, unsigned protocol_feature, const char *name)
{
	if (!(h->protocol >> protocol_feature & 1))
		die("the port does not offer %s", name);
}

void
hostile_negotiate(struct hostile *h)
{
	/* In order, several buffers may come back as one: rings.c looks at each. */
	h->features = ask_u64(h, XD_VU_GET_FEATURES) & ~(h->without | 1ull << XD_VIRTIO_F_IN_ORDER);
	if (h->packed && !(h->features >> XD_VIRTIO_F_RING_PACKED & 1))
		die("the port does not offer packed rings");
	if (!h->packed)
		h->features &= ~(1ull << XD_VIRTIO_F_RING_PACKED);
	h->protocol = ask_u64(h, XD_VU_GET_PROTOCOL_FEATURES);
	say_u64(h, XD_VU_SET_PROTOCOL_FEATURES, h->protocol, -1);
	say(h, XD_VU_SET_OWNER, NULL, 0, -1);
	say_u64(h, XD_VU_SET_FEATURES, h->features, -1);
}

void
hostile_share(struct hostile *h)
{
	static const struct {
		uint64_t guest, size, offset;
	} where[] = {{LOW, REGION, 0}, {HIGH, REGION, REGION}, {SPARSE, SPARSE_BYTES, 2 * REGION}};
	struct xd_vu_mem_table table = {.nb_regions = 3};

	if (h->memory)
		munmap(h->memory, 2 * REGION);
	if (h->memory_fd >= 0)
		close(h->memory_fd);
	h->memory_fd = memory_file(FILE_BYTES);
	h->memory = mmap(NULL, 2 * REGION, PROT_READ | PROT_WRITE, MAP_SHARED, h->memory_fd, 0);
	if (h->memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	/* Any number will do for our addresses, as long as rings are told by the same. */
	h->user = 0x7f0000000000;
	for (unsigned i = 0; i < 3; i++)
		table.regions[i] = (struct xd_vu_mem_region){.guest_addr = where[i].guest,
			.size = where[i].size,
			.user_addr = h->user + where[i].offset + i * GAP,
			.mmap_offset = where[i].offset};
	raw(h, XD_VU_SET_MEM_TABLE, XD_VU_VERSION, 8 + 3 * 32, &table, 8 + 3 * 32,
		(int[]){h->memory_fd, h->memory_fd, h->memory_fd}, 3);
}

void
hostile_reconnect(struct hostile *h, enum stage stage)
{
	if (h->sock >= 0)
		hostile_hang_up(h);
	hostile_connect(h);
	if (stage >= CONNECTED)
		hostile_negotiate(h);
	if (stage >= MEMORY)
		hostile_share(h);
	if (stage >= RINGS)
		rings_up(h);
}

/* ---- Messages ---- */

static bool
send_all(struct hostile *h, struct msghdr *msg)
{
	for (;;) {
		ssize_t n = sendmsg(h->sock, msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		struct pollfd p = {.fd = h->sock, .events = POLLOUT};

		if (n >= 0)
			return true; /* messages are far shorter than the socket's buffer */
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (poll(&p, 1, PATIENCE_MS) == 0)
			die("the switch reads no more");
	}
}

bool
raw(struct hostile *h, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
	size_t len, const int *fds, unsigned nb_fds)
{
	uint32_t header[3] = {request, flags, size};
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(MAX_SCM_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov[2] = {
		{.iov_base = header, .iov_len = sizeof(header)},
		{.iov_base = (void *)(uintptr_t)payload, .iov_len = len},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	if (nb_fds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nb_fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nb_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nb_fds * sizeof(int));
	}
	return send_all(h, &msg);
}

bool
say(struct hostile *h, uint32_t request, const void *payload, uint32_t size, int fd)
{
	return raw(h, request, XD_VU_VERSION, size, payload, size, &fd, fd >= 0);
}

bool
say_u64(struct hostile *h, uint32_t request, uint64_t value, int fd)
{
	return say(h, request, &value, sizeof(value), fd);
}

bool
say_state(struct hostile *h, uint32_t request, uint32_t index, uint32_t num)
{
	struct xd_vu_vring_state state = {index, num};

	return say(h, request, &state, sizeof(state), -1);
}

/* 1: read; 0: hung up. */
static int
read_all(struct hostile *h, void *to, size_t len)
{
	uint64_t until_ms = now_ms() + PATIENCE_MS;
	size_t have = 0;

	while (have < len) {
		ssize_t n = recv(h->sock, (uint8_t *)to + have, len - have, MSG_DONTWAIT);
		struct pollfd p = {.fd = h->sock, .events = POLLIN};

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		if (n > 0)
			have += (size_t)n;
		else if (now_ms() > until_ms || poll(&p, 1, PATIENCE_MS) == 0)
			die("the switch does not answer");
	}
	return 1;
}

uint64_t
ask_u64(struct hostile *h, uint32_t request)
{
	uint8_t payload[sizeof(union xd_vu_payload)];
	uint32_t header[3];
	uint64_t value;

	say(h, request, NULL, 0, -1);
	do { /* answers to what was said before come first */
		if (!read_all(h, header, sizeof(header)))
			die("the switch hung up on %s", xd_vu_request_name(request));
		if (header[2] > sizeof(payload) || !read_all(h, payload, header[2]))
			die("an answer to %s of %u bytes", xd_vu_request_name(header[0]),
				header[2]);
	} while (header[0] != request);
	memcpy(&value, payload, sizeof(value));
	return value;
}

void
expect_alive(struct hostile *h)
{
	ask_u64(h, XD_VU_GET_FEATURES);
}

void
expect_refused(struct hostile *h, const char *what)
{
	uint64_t until_ms = now_ms() + PATIENCE_MS;
	uint8_t discard[4096];

	for (;;) {
		ssize_t n = recv(h->sock, discard, sizeof(discard), MSG_DONTWAIT);
		struct pollfd p = {.fd = h->sock, .events = POLLIN};

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (now_ms() > until_ms)
			die("the switch did not refuse %s", what);
		poll(&p, 1, 100);
	}
}

uint32_t
good_payload(struct hostile *h, uint32_t request, union xd_vu_payload *payload, int *fd)
{
	const struct xd_vu_rule *rule = xd_vu_rule(request);

	memset(payload, 0, sizeof(*payload));
	*fd = -1;
	if (h->memory_fd < 0)
		h->memory_fd = memory_file(FILE_BYTES);
	if (rule->fds_max && request != XD_VU_REM_MEM_REG)
		*fd = h->memory_fd;
	switch (request) {
	case XD_VU_SET_MEM_TABLE:
		payload->table.nb_regions = 1;
		payload->table.regions[0] = (struct xd_vu_mem_region){LOW, REGION, LOW, 0};
		break;
	case XD_VU_ADD_MEM_REG:
		payload->one.region = (struct xd_vu_mem_region){LOW, REGION, LOW, 0};
		break;
	case XD_VU_SET_VRING_NUM:
		payload->state.num = RING_SIZE;
		break;
	case XD_VU_GET_CONFIG:
	case XD_VU_SET_CONFIG:
		payload->config.size = rule->size_min - XD_VU_CONFIG_HEADER;
		break;
	case XD_VU_NET_SET_MTU:
		payload->u64 = 1500;
		break;
	}
	return rule->size_min;
}
