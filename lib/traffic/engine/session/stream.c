/* SPDX-License-Identifier: BSD-3-Clause */
/* One stream: a burst taken from one port, changed or made by the mode, and sent out of another, as
 * copies or as mbufs. */
#include <rte_ethdev.h>

#include "traffic/engine/session/stream.h"
#include "traffic/host/tsc.h"

/* ---- What is shown ---- */

void
xd_forward_keep(
	struct xd_forward_ring *ring, unsigned port, bool sent, const uint8_t *frame, uint32_t len)
{
	struct xd_forward_seen *seen = &ring->seen[ring->tail & (XD_FORWARD_SEEN - 1)];

	if (ring->tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == XD_FORWARD_SEEN) {
		__atomic_store_n(&ring->missed, ring->missed + 1, __ATOMIC_RELAXED);
		return;
	}
	memcpy(seen->head, frame, sizeof(seen->head));
	seen->len = len;
	seen->port = port;
	seen->sent = sent;
	__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
}

/* One writer: a store of each count is enough, and none is torn. */
void
xd_stream_show(struct xd_forward_stream *s)
{
	const uint64_t *from = (const uint64_t *)&s->now;
	uint64_t *to = (uint64_t *)&s->shown;

	for (unsigned i = 0; i < sizeof(s->now) / sizeof(*from); i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

static void
wait_cycles(uint64_t cycles)
{
	uint64_t start = xd_tsc();

	while (xd_tsc() - start < cycles)
		__builtin_ia32_pause();
}

/* ---- Frames that are copied ---- */

/* As far as there is room. A device has what it did not take before offered first. */
static void
send_views(struct xd_forward_stream *s, uint16_t n)
{
	while (s->head < n && xd_gen_port_send(s->tx, (uint16_t)(n - s->head)))
		;
}

/* What was taken and finds no room is dropped, after as many tries as were asked for. */
static void
flush(struct xd_forward_stream *s)
{
	uint16_t n = s->tail, sent;

	if (n == 0)
		return;
	send_views(s, n);
	for (unsigned i = 0; i < s->retries && s->head < n; i++) {
		xd_gen_port_notify_of(s->tx, XD_GEN_SENDING, true);
		wait_cycles(s->delay_cycles);
		send_views(s, n);
	}
	sent = s->head;
	s->now.tx_frames += sent;
	s->now.tx_dropped += (uint64_t)(n - sent);
	s->head = s->tail = 0;
}

/* The header that it leaves with; false: it asks for what the sending port does not do. */
static inline bool
pass_header(struct xd_forward_stream *s, const struct xd_arrival *a, struct xd_forward_view *v)
{
	if (!s->offload)
		return !(a->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && !a->header.gso_type;
	v->header = a->header;
	v->header.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	v->header.num_buffers = 0;
	return true;
}

/* Changes it in a copy; false: there is no answer. */
static bool
answer(struct xd_forward_stream *s, const struct xd_arrival *a, struct xd_forward_view *v)
{
	const uint8_t summed = VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;
	uint8_t *copy = s->copies + (size_t)s->tail * s->room;

	memcpy(copy, a->data, a->len);
	if (!s->mode->answer(s, copy, &v->len, a->header.flags & summed))
		return false;
	v->data = copy;
	v->header = (struct virtio_net_hdr_v1){.num_buffers = 0};
	return true;
}

void
xd_stream_take(void *stream, const struct xd_arrival *a)
{
	struct xd_forward_stream *s = stream;
	struct xd_forward_view *v = &s->views[s->tail];
	bool goes = a->len <= s->room;

	s->now.rx_frames++;
	s->now.rx_bytes += a->len;
	if (__builtin_expect(s->received != NULL, 0))
		xd_forward_keep(s->received, s->rx_number, false, a->data, a->len);
	if (!s->passes)
		return;
	v->data = a->data;
	v->len = a->len;
	if (goes && s->copies)
		goes = answer(s, a, v);
	else if (goes)
		goes = pass_header(s, a, v);
	if (!goes) {
		s->now.left_out++;
		return;
	}
	s->tail++;
	if (__builtin_expect(a->gathered, 0) || s->tail == XD_GEN_BURST)
		flush(s);
}

void
xd_stream_end(void *stream)
{
	flush(stream);
}

/* ---- Frames that move ---- */

static void
show_mbufs(
	struct xd_forward_ring *ring, unsigned port, bool sent, struct rte_mbuf **mbufs, uint16_t n)
{
	uint8_t head[sizeof(((struct xd_forward_seen *)0)->head)];

	for (uint16_t i = 0; ring && i < n; i++) {
		const void *at = rte_pktmbuf_read(mbufs[i], 0, sizeof(head), head);

		if (at)
			xd_forward_keep(ring, port, sent, at, mbufs[i]->pkt_len);
	}
}

static uint64_t
bytes_of(struct rte_mbuf **mbufs, uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += mbufs[i]->pkt_len;
	return bytes;
}

static unsigned
move(struct xd_forward_stream *s)
{
	struct rte_mbuf *mbufs[XD_GEN_BURST];
	uint16_t n = rte_eth_rx_burst(s->rx->ethdev, 0, mbufs, s->burst), sent;
	uint64_t bytes, left;

	if (n == 0)
		return 0;
	bytes = bytes_of(mbufs, n);
	show_mbufs(s->received, s->rx_number, false, mbufs, n);
	s->mode->edit(s, mbufs, n);
	show_mbufs(s->sent, s->tx_number, true, mbufs, n);
	sent = rte_eth_tx_burst(s->tx->ethdev, 0, mbufs, n);
	for (unsigned i = 0; i < s->retries && sent < n; i++) {
		wait_cycles(s->delay_cycles);
		sent += rte_eth_tx_burst(s->tx->ethdev, 0, mbufs + sent, (uint16_t)(n - sent));
	}
	left = sent < n ? bytes_of(mbufs + sent, (uint16_t)(n - sent)) : 0;
	if (sent < n)
		rte_pktmbuf_free_bulk(mbufs + sent, (unsigned)(n - sent));
	s->now.rx_frames += n;
	s->now.rx_bytes += bytes;
	s->now.tx_frames += sent;
	s->now.tx_bytes += bytes - left;
	s->now.tx_dropped += (uint64_t)(n - sent);
	return n;
}

/* ---- A burst ---- */

unsigned
xd_stream_pass(struct xd_forward_stream *s)
{
	unsigned n = s->moves ? move(s) : xd_gen_port_receive(s->rx, s->burst);

	if (n)
		xd_stream_show(s);
	return n;
}

uint16_t
xd_stream_send(struct xd_forward_stream *s, uint16_t n)
{
	uint16_t sent = xd_gen_port_send(s->tx, n);

	s->now.tx_frames += sent;
	if (sent)
		xd_stream_show(s);
	return sent;
}

unsigned
xd_stream_make(struct xd_forward_stream *s)
{
	return xd_stream_send(s, s->burst);
}
