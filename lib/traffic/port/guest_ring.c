/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's ring made: the sizes of its pages and buffers, its memory, what is written before the
 * first frame. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/port/guest_receive.h"
#include "traffic/port/guest_send.h"

#define RECEIVE_MAX 4096 /* bytes of a mergeable buffer at most: a page */

static uint32_t
power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/* Of a buffer to send from: what kmalloc makes of it. */
static uint32_t
send_page(uint32_t frame_bytes)
{
	return power_of_two(XD_GUEST_FRAME_AT + frame_bytes + XD_GUEST_SHARED_INFO);
}

/* Of a frame in pieces: its headers, and behind them its payload. */
static uint32_t
pieces_page(uint32_t frame_bytes)
{
	return power_of_two(XD_GUEST_HEAD_BYTES + frame_bytes);
}

/* Of the page that receive buffers are cut from. */
static uint32_t
receive_page(const struct xd_virtio_ring_opts *opts)
{
	uint32_t page = power_of_two(xd_guest_receive_bytes(false, opts->room, 0));

	return opts->mergeable || page < XD_GUEST_PIECES_PAGE ? XD_GUEST_PIECES_PAGE : page;
}

/* Twice as many buffers as the ring has entries. Those of a receive ring are as long as the longest
 * frame makes them. */
static uint32_t
pages(const struct xd_virtio_ring_opts *opts)
{
	uint32_t bytes = xd_guest_receive_bytes(opts->mergeable, opts->room, opts->room);
	uint32_t each = opts->write ? receive_page(opts) / bytes : 1;

	return 2 * ((opts->size + each - 1) / each) + (opts->write ? 2 : 0);
}

static uint32_t
page_bytes(const struct xd_virtio_ring_opts *opts)
{
	if (opts->write)
		return receive_page(opts);
	return opts->pieces ? pieces_page(opts->room) : send_page(opts->room);
}

size_t
xd_guest_ring_bytes(const struct xd_virtio_ring_opts *opts)
{
	size_t each = page_bytes(opts);

	if (opts->pieces && !opts->write)
		each += XD_GUEST_TABLE_BYTES;
	/* Whole lines are written: a long frame's last one may go beyond its page. */
	return pages(opts) * each + XD_LINE;
}

static int
make_lists(struct xd_virtio_ring *r, struct xd_guest_ring *g)
{
	g->ids = calloc(r->size, sizeof(*g->ids));
	g->buffers = calloc(r->size, sizeof(*g->buffers));
	g->arrivals = calloc(r->size, sizeof(*g->arrivals));
	if (!g->ids || !g->buffers || !g->arrivals)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->size; i++) /* 0 is the first to be taken */
		g->ids[i] = (uint16_t)(g->lifo ? r->size - 1 - i : i);
	g->last = r->size;
	return 0;
}

int
xd_guest_ring_init(struct xd_virtio_ring *r, const struct xd_virtio_ring_opts *opts,
	uint8_t *memory, uint64_t guest_addr)
{
	struct xd_guest_ring *g = calloc(1, sizeof(*g));
	size_t bytes = (size_t)pages(opts) * page_bytes(opts);

	r->guest = g;
	if (!g)
		return -ENOMEM;
	g->memory = memory;
	g->guest_addr = guest_addr;
	g->lifo = opts->lifo;
	if (opts->pieces && !opts->write) {
		g->tables = memory + bytes;
		g->tables_addr = guest_addr + bytes;
	}
	g->lead = opts->write && !opts->mergeable ? XD_GUEST_SKB_PAD : 0;
	if (xd_guest_pool_init(&g->pool, pages(opts), page_bytes(opts)) || make_lists(r, g)) {
		xd_guest_ring_fini(r);
		return -ENOMEM;
	}
	return 0;
}

void
xd_guest_ring_fini(struct xd_virtio_ring *r)
{
	struct xd_guest_ring *g = r->guest;

	if (!g)
		return;
	xd_guest_pool_fini(&g->pool);
	free(g->ids);
	free(g->buffers);
	free(g->arrivals);
	free(g);
	r->guest = NULL;
}

/* A buffer is as long as its kind of frame asks for. */
void
xd_guest_ring_load(struct xd_virtio_ring *r, struct xd_stream *stream)
{
	struct xd_guest_ring *g = r->guest;
	/* A source writes what it likes, as long as there is room for it. */
	const uint32_t longest =
		stream->list && !stream->list->list ? r->room : xd_stream_max_len(stream);

	g->pieces = g->tables && stream->tcp && stream->size > XD_STREAM_TCP_HEAD;
	g->lead = (g->pieces ? XD_GUEST_TCP_AT : XD_GUEST_FRAME_AT) - XD_VIRTIO_HEADER;
	xd_guest_pool_lay_out(&g->pool, g->pieces ? pieces_page(longest) : send_page(longest));
	if (stream->list)
		return; /* written as they are sent */
	for (uint32_t i = 0; i < g->pool.nb_pages; i++)
		xd_guest_write(g, stream, stream->header, xd_guest_pool_next(&g->pool, i),
			XD_TOUCH_FULL, stream->vary, g->pieces);
}
