/* SPDX-License-Identifier: BSD-3-Clause */
/* A memif client for tests, in the same thread as the port's control: one region, a ring each way.
 */
#ifndef TEST_MEMIF_PEER_H
#define TEST_MEMIF_PEER_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "drivers/memif/protocol.h"

#define PEER_LOG2    6
#define PEER_RING    (1u << PEER_LOG2)
#define PEER_BUFFER  2048u
#define PEER_LAYOUT  (128 + 16 * PEER_RING)
#define PEER_BUFFERS 8192 /* where they begin */
#define PEER_BYTES   (PEER_BUFFERS + 2 * PEER_RING * PEER_BUFFER)

struct peer {
	struct xd_loop *loop; /* of the port */
	int sock, memory, events[2];
	uint8_t *at;
	struct xd_memif_layout *to, *from; /* the switch, and from it */
};

/* Lets the port see what was sent, until it has answered or hung up. */
static inline ssize_t
peer_answer(struct peer *peer, struct xd_memif_message *m)
{
	ssize_t n = -1;

	for (unsigned i = 0; i < 5000 && n < 0; i++) {
		xd_loop_run_once(peer->loop, 1);
		n = recv(peer->sock, m, sizeof(*m), MSG_DONTWAIT);
	}
	return n;
}

static inline ssize_t
peer_send(struct peer *peer, const struct xd_memif_message *m, size_t size, const int *fds,
	unsigned nb_fds)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = {0};
	struct iovec piece = {(void *)(uintptr_t)m, size};
	struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};

	if (nb_fds) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(nb_fds * sizeof(int));
		CMSG_FIRSTHDR(&header)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&header)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&header)->cmsg_len = CMSG_LEN(nb_fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), fds, nb_fds * sizeof(int));
	}
	return sendmsg(peer->sock, &header, MSG_NOSIGNAL);
}

/* The type of what the port answers to a message; 0: it has hung up. */
static inline int
peer_say(struct peer *peer, const struct xd_memif_message *m, int fd)
{
	struct xd_memif_message answer = {0};

	if (peer_send(peer, m, sizeof(*m), &fd, fd >= 0) < 0)
		return 0;
	return peer_answer(peer, &answer) == sizeof(answer) ? answer.type : 0;
}

static inline void
peer_lay_out(struct xd_memif_layout *layout, unsigned ring)
{
	layout->cookie = XD_MEMIF_COOKIE;
	for (unsigned i = 0; i < PEER_RING; i++)
		layout->desc[i] = (struct xd_memif_desc){.length = PEER_BUFFER,
			.offset = PEER_BUFFERS + (ring * PEER_RING + i) * PEER_BUFFER};
}

static inline bool
peer_open(struct peer *peer, struct xd_loop *loop, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct xd_memif_message hello;

	*peer = (struct peer){.loop = loop};
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	peer->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	peer->memory = memfd_create("peer", MFD_CLOEXEC);
	peer->events[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	peer->events[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ftruncate(peer->memory, PEER_BYTES) < 0)
		return false;
	peer->at = mmap(NULL, PEER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, peer->memory, 0);
	peer->to = (struct xd_memif_layout *)(void *)peer->at;
	peer->from = (struct xd_memif_layout *)(void *)(peer->at + 4096);
	peer_lay_out(peer->to, 0);
	peer_lay_out(peer->from, 1);
	/* All of what it offers; the port fills it by its tail. */
	peer->from->head = PEER_RING;
	return connect(peer->sock, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	       peer_answer(peer, &hello) == sizeof(hello) && hello.type == XD_MEMIF_HELLO;
}

/* Message number i of those that make a connection. */
static inline struct xd_memif_message
peer_message(unsigned i)
{
	static const struct xd_memif_message messages[] = {
		{.type = XD_MEMIF_INIT, .init = {.version = XD_MEMIF_VERSION, .name = "peer"}},
		{.type = XD_MEMIF_ADD_REGION, .add_region = {.size = PEER_BYTES}},
		{.type = XD_MEMIF_ADD_RING,
			.add_ring = {.flags = XD_MEMIF_RING_C2S, .log2_ring_size = PEER_LOG2}},
		{.type = XD_MEMIF_ADD_RING,
			.add_ring = {.offset = 4096, .log2_ring_size = PEER_LOG2}},
		{.type = XD_MEMIF_CONNECT, .connect = {.if_name = "peer0"}},
	};

	return messages[i];
}

#define PEER_MESSAGES 5

static inline int
peer_fd(const struct peer *peer, unsigned i)
{
	return i == 1 ? peer->memory : i == 2 ? peer->events[0] : i == 3 ? peer->events[1] : -1;
}

static inline bool
peer_connect(struct peer *peer)
{
	for (unsigned i = 0; i < PEER_MESSAGES; i++) {
		struct xd_memif_message m = peer_message(i);
		int answer = peer_say(peer, &m, peer_fd(peer, i));

		if (answer != (i + 1 < PEER_MESSAGES ? XD_MEMIF_ACK : XD_MEMIF_CONNECTED))
			return false;
	}
	return true;
}

/* Sends a frame in buffers of the length `piece`. */
static inline void
peer_transmit(struct peer *peer, const uint8_t *frame, uint32_t len, uint32_t piece)
{
	uint16_t head = peer->to->head;
	uint32_t at = 0;

	do {
		struct xd_memif_desc *d = &peer->to->desc[head++ & (PEER_RING - 1)];
		uint32_t n = len - at < piece ? len - at : piece;

		memcpy(peer->at + d->offset, frame + at, n);
		at += n;
		d->length = n;
		d->flags = at < len ? XD_MEMIF_DESC_NEXT : 0;
	} while (at < len);
	__atomic_store_n(&peer->to->head, head, __ATOMIC_RELEASE);
}

/* The frame that came next, whose length it returns; 0: none did. */
static inline uint32_t
peer_receive(struct peer *peer, uint16_t *next, uint8_t *frame)
{
	uint32_t len = 0;
	bool more = true;

	if (__atomic_load_n(&peer->from->tail, __ATOMIC_ACQUIRE) == *next)
		return 0;
	while (more) {
		struct xd_memif_desc *d = &peer->from->desc[(*next)++ & (PEER_RING - 1)];

		memcpy(frame + len, peer->at + d->offset, d->length);
		len += d->length;
		more = d->flags & XD_MEMIF_DESC_NEXT;
		d->length = PEER_BUFFER;
	}
	__atomic_store_n(&peer->from->head, (uint16_t)(*next + PEER_RING), __ATOMIC_RELEASE);
	return len;
}

static inline void
peer_close(struct peer *peer)
{
	close(peer->sock);
	munmap(peer->at, PEER_BYTES);
	close(peer->memory);
	close(peer->events[0]);
	close(peer->events[1]);
}

#endif
