/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest_port.h"
#include "vhost_user/message.h"

#define NS_PER_MS    1000000ull
#define TIMEOUT_MS   30000 /* for the switch to appear */
#define ROOM         2048  /* bytes of a receive buffer, when a frame may take several */
#define ROOM_ALONE   10240 /* when it may not */
#define TX_AREA      (1u << 20)
#define TABLE_OFFSET (TX_AREA - 65536) /* indirect table, at the end of the area */
#define GAP          64                /* bytes between buffers of a chain, so that none adjoin */
#define PIECES_MAX   1024
#define SENT_MS      5000

/* Nothing open, nothing shared. */
static void
reset(struct guest *g, const struct guest_options *options)
{
	struct guest_options copy = *options;

	memset(g, 0, sizeof(*g));
	g->options = copy;
	g->fd = g->kick_fds[0] = g->kick_fds[1] = g->call_fds[0] = g->call_fds[1] = -1;
}

static int
share_memory(struct guest *g, size_t bytes)
{
	void *memory;

	g->bytes = (bytes + 4095) & ~(size_t)4095;
	if (g->options.file[0])
		g->fd = open(g->options.file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	else
		g->fd = memfd_create("vhost-guest", MFD_CLOEXEC);
	if (g->fd < 0 || ftruncate(g->fd, (off_t)g->bytes))
		return -errno;
	memory = mmap(NULL, g->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	g->memory = memory;
	return 0;
}

static int
offer_buffer(struct guest *g, uint8_t *buffer)
{
	struct xd_split_piece piece = {
		.addr = guest_addr(g, buffer),
		.len = g->rx_room,
		.write = true,
	};

	return xd_split_driver_add(&g->rings[GUEST_RX], &piece, 1, buffer);
}

/* Has so many paths of nested epoll sets lead to the descriptor that Linux allows no more. The sets
 * stay open. */
static int
add_crowd(int fd)
{
	int outer = epoll_create1(EPOLL_CLOEXEC), set = epoll_create1(EPOLL_CLOEXEC), copy;
	struct epoll_event event = {.events = EPOLLIN};

	if (outer < 0 || set < 0 || epoll_ctl(outer, EPOLL_CTL_ADD, set, &event))
		return -errno;
	do {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} while (copy >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, copy, &event) == 0);
	return errno == EINVAL ? 0 : -errno;
}

static int
make_rings(struct guest *g, struct xd_error *err)
{
	size_t ring = (xd_split_driver_bytes(g->options.size) + 4095) & ~(size_t)4095;
	int rc;

	g->rx_room = g->mergeable ? ROOM : ROOM_ALONE;
	rc = share_memory(g, 2 * ring + TX_AREA + (size_t)g->options.size * g->rx_room);
	for (unsigned i = 0; i < 2 && !rc; i++) {
		rc = xd_split_driver_init(&g->rings[i], g->memory + i * ring, g->options.size,
			g->features >> XD_VIRTIO_RING_F_EVENT_IDX & 1);
		g->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		g->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (!rc && g->options.crowd)
			rc = add_crowd(g->kick_fds[i]);
	}
	if (rc)
		return xd_fail(err, rc, "no memory for rings: %s", strerror(-rc));
	g->tx_area = g->memory + 2 * ring;
	g->rx_buffers = g->tx_area + TX_AREA;
	for (unsigned i = 0; i < g->options.size; i++)
		offer_buffer(g, g->rx_buffers + (size_t)i * g->rx_room);
	xd_split_driver_publish(&g->rings[GUEST_RX]);
	xd_split_driver_interrupts_on(&g->rings[GUEST_RX]);
	xd_split_driver_interrupts_off(&g->rings[GUEST_TX]);
	return 0;
}

static int
attach(struct guest *g, struct xd_error *err)
{
	struct xd_vu_frontend_region region = {
		.fd = g->fd,
		.addr = g->memory,
		.guest_addr = GUEST_BASE,
		.size = g->bytes,
	};
	int rc = xd_vu_frontend_set_memory(g->frontend, &region, 1, err);

	for (unsigned i = 0; i < 2 && !rc; i++) {
		struct xd_vu_frontend_ring ring = {
			.size = (uint16_t)g->options.size,
			.desc = g->rings[i].desc,
			.avail = g->rings[i].avail,
			.used = g->rings[i].used,
			.kick_fd = g->options.no_kick ? -1 : g->kick_fds[i],
			.call_fd = g->call_fds[i],
		};

		rc = xd_vu_frontend_set_ring(g->frontend, i, &ring, err);
	}
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = xd_vu_frontend_enable(g->frontend, i, true, err);
	if (!rc)
		guest_kick(g, GUEST_RX);
	return rc;
}

int
guest_open(struct guest *g, const struct guest_options *options, struct xd_error *err)
{
	struct xd_vu_frontend_opts o = {
		.path = options->path,
		.server = options->server,
		.features = 1ull << XD_VIRTIO_F_VERSION_1 | XD_VU_F_PROTOCOL_FEATURES |
			    (uint64_t)options->mergeable << VIRTIO_NET_F_MRG_RXBUF |
			    (uint64_t)options->event_idx << XD_VIRTIO_RING_F_EVENT_IDX |
			    (uint64_t)options->indirect << XD_VIRTIO_RING_F_INDIRECT_DESC,
		.protocol_features = XD_VU_PF_BIT(XD_VU_PF_MQ) | XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK) |
				     XD_VU_PF_BIT(XD_VU_PF_RARP),
		.timeout_ms = TIMEOUT_MS,
	};
	int rc;

	reset(g, options);
	g->frontend = xd_vu_frontend_open(&o, err);
	if (!g->frontend)
		return -EIO;
	g->features = xd_vu_frontend_features(g->frontend);
	g->mergeable = g->features >> VIRTIO_NET_F_MRG_RXBUF & 1;
	g->indirect = g->features >> XD_VIRTIO_RING_F_INDIRECT_DESC & 1;
	rc = make_rings(g, err);
	if (!rc)
		rc = attach(g, err);
	if (rc)
		guest_close(g);
	return rc;
}

void
guest_close(struct guest *g)
{
	xd_vu_frontend_close(g->frontend);
	for (unsigned i = 0; i < 2; i++) {
		xd_split_driver_fini(&g->rings[i]);
		if (g->kick_fds[i] >= 0)
			close(g->kick_fds[i]);
		if (g->call_fds[i] >= 0)
			close(g->call_fds[i]);
	}
	if (g->memory)
		munmap(g->memory, g->bytes);
	if (g->fd >= 0)
		close(g->fd);
	reset(g, &g->options);
}

void
guest_kick(struct guest *g, unsigned ring)
{
	eventfd_write(g->kick_fds[ring], 1);
}

/* Spreads header and frame over buffers of the given sizes; returns their number or -EINVAL. */
static int
spread(struct guest *g, const uint8_t *frame, size_t len, const unsigned *split, unsigned n,
	struct xd_split_piece *pieces)
{
	static const uint8_t header[GUEST_HEADER];
	size_t at = 0, offset = 0, total = GUEST_HEADER + len;
	unsigned count = 0;

	for (; at < total && count < PIECES_MAX; count++) {
		size_t bytes = count < n ? split[count] : count ? total - at : GUEST_HEADER;
		uint8_t *to = g->tx_area + offset;

		if (bytes == 0 || bytes > total - at || offset + bytes > TABLE_OFFSET)
			return -EINVAL;
		pieces[count] = (struct xd_split_piece){guest_addr(g, to), (uint32_t)bytes, false};
		for (size_t i = 0; i < bytes; i++, at++)
			to[i] = at < GUEST_HEADER ? header[at] : frame[at - GUEST_HEADER];
		offset += (bytes + GAP + 63) & ~(size_t)63;
	}
	return at == total ? (int)count : -EINVAL;
}

static void
take_sent(struct guest *g, int *rc)
{
	void *cookie;
	uint32_t len;

	while ((*rc = xd_split_driver_get(&g->rings[GUEST_TX], &cookie, &len)) == 1)
		;
}

int
guest_send(struct guest *g, const uint8_t *frame, size_t len, const unsigned *split, unsigned n,
	bool indirect)
{
	struct xd_split_piece pieces[PIECES_MAX];
	struct xd_vring_desc *table = (struct xd_vring_desc *)(g->tx_area + TABLE_OFFSET);
	struct xd_split_driver *tx = &g->rings[GUEST_TX];
	int count = spread(g, frame, len, split, n, pieces), rc;

	if (count < 0)
		return count;
	if (indirect)
		rc = xd_split_driver_add_indirect(
			tx, pieces, (unsigned)count, table, guest_addr(g, table), g);
	else
		rc = xd_split_driver_add(tx, pieces, (unsigned)count, g);
	if (!rc && xd_split_driver_publish(tx))
		guest_kick(g, GUEST_TX);
	return rc;
}

int
guest_wait_sent(struct guest *g, unsigned ms)
{
	uint64_t deadline = xd_clock_ns() + ms * NS_PER_MS;
	int rc = 0;

	for (;;) {
		take_sent(g, &rc);
		if (rc < 0 || xd_split_driver_outstanding(&g->rings[GUEST_TX]) == 0)
			return rc;
		if (xd_clock_ns() > deadline)
			return -ETIMEDOUT;
		usleep(20);
	}
}

int64_t
guest_blast(struct guest *g, const uint8_t *frame, size_t len, uint64_t count)
{
	struct xd_split_driver *tx = &g->rings[GUEST_TX];
	struct xd_split_piece pieces[PIECES_MAX];
	int n = spread(g, frame, len, NULL, 0, pieces), rc = 0;
	uint64_t sent = 0, last = xd_clock_ns();

	if (n < 0)
		return n;
	while (sent < count && rc >= 0) {
		unsigned before = xd_split_driver_outstanding(tx);

		/* Device-readable buffers may be in several chains at once. */
		while (sent < count && !xd_split_driver_add(tx, pieces, (unsigned)n, g))
			sent++;
		if (xd_split_driver_publish(tx))
			guest_kick(g, GUEST_TX);
		take_sent(g, &rc);
		if (xd_split_driver_outstanding(tx) != before)
			last = xd_clock_ns();
		else if (xd_clock_ns() - last > SENT_MS * NS_PER_MS)
			return -ETIMEDOUT;
	}
	rc = rc < 0 ? rc : guest_wait_sent(g, SENT_MS);
	return rc < 0 ? rc : (int64_t)sent;
}

/* Copies a buffer's bytes behind what is there already and offers it again. */
static int
take_buffer(struct guest *g, uint8_t *frame, size_t *len, uint8_t *buffer, uint32_t bytes)
{
	if (bytes > g->rx_room || *len + bytes > GUEST_FRAME_MAX)
		return -EPROTO;
	memcpy(frame + *len, buffer, bytes);
	*len += bytes;
	return offer_buffer(g, buffer) ? -EPROTO : 0;
}

/* One frame with its header, if one is there: 1, 0 or -EPROTO. */
static int
take_frame(struct guest *g, uint8_t *frame, size_t *len)
{
	struct xd_split_driver *rx = &g->rings[GUEST_RX];
	uint16_t buffers = 1;
	uint32_t bytes;
	void *buffer;
	int rc = xd_split_driver_get(rx, &buffer, &bytes);

	if (rc <= 0)
		return rc;
	*len = 0;
	if (bytes < GUEST_HEADER)
		return -EPROTO;
	if (g->mergeable)
		memcpy(&buffers, (uint8_t *)buffer + 10, sizeof(buffers));
	rc = take_buffer(g, frame, len, buffer, bytes);
	if (buffers == 0)
		return -EPROTO;
	/* The buffers of a frame become visible together (section 5.1.6.4). */
	for (uint16_t i = 1; i < buffers && !rc; i++) {
		if (xd_split_driver_get(rx, &buffer, &bytes) != 1)
			return -EPROTO;
		rc = take_buffer(g, frame, len, buffer, bytes);
	}
	return rc ? rc : 1;
}

/* Waits for an interrupt, or a hang-up, until the deadline. */
static int
wait_call(struct guest *g, uint64_t deadline)
{
	struct pollfd fds[2] = {
		{.fd = g->call_fds[GUEST_RX], .events = POLLIN},
		{.fd = xd_vu_frontend_fd(g->frontend), .events = POLLRDHUP},
	};
	uint64_t now = xd_clock_ns();

	if (now >= deadline)
		return -EAGAIN;
	poll(fds, 2, (int)((deadline - now + NS_PER_MS - 1) / NS_PER_MS));
	guest_interrupts(g);
	return fds[1].revents & (POLLRDHUP | POLLHUP) ? -EPIPE : 0;
}

int
guest_receive(struct guest *g, uint8_t *frame, unsigned ms)
{
	uint8_t whole[GUEST_FRAME_MAX];
	uint64_t deadline = xd_clock_ns() + ms * NS_PER_MS;
	struct xd_split_driver *rx = &g->rings[GUEST_RX];
	size_t len;

	for (;;) {
		int rc = take_frame(g, whole, &len);

		if (rc < 0)
			return rc;
		if (rc == 1) {
			if (xd_split_driver_publish(rx))
				guest_kick(g, GUEST_RX);
			xd_split_driver_interrupts_on(rx);
			memcpy(g->header, whole, GUEST_HEADER);
			memcpy(frame, whole + GUEST_HEADER, len - GUEST_HEADER);
			return (int)(len - GUEST_HEADER);
		}
		if (xd_split_driver_interrupts_on(rx))
			continue;
		rc = wait_call(g, deadline);
		if (rc)
			return rc;
	}
}

uint64_t
guest_interrupts(struct guest *g)
{
	eventfd_t n;

	for (unsigned i = 0; i < 2; i++)
		if (eventfd_read(g->call_fds[i], &n) == 0)
			g->interrupts += n;
	return g->interrupts;
}
