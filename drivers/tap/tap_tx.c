/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmitting: each write takes one frame, behind its virtio-net header, to the kernel, which
 * copies it from where it lies. What of it lies in a guest's memory it may find gone (EFAULT).
 */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "drivers/tap/tap.h"
#include "virtqueue/net_header.h"

#define PAGE_BYTES  4096 /* the least that a piece of memory can be missing */
#define FAULT_TRIES 3

/* Bytes of a frame that is gathered first: measured, that is less than what a system call with
 * several pieces takes more. */
#define SHORT_MAX 2048

/* A frame may be as many pieces as its segments, behind header and snapshot. */
#define PIECES_MAX (2 + UINT8_MAX)

/* 0: it is with the kernel. */
static int
write_pieces(int fd, const struct iovec *pieces, unsigned n, size_t len)
{
	ssize_t ret = n == 1 ? write(fd, pieces[0].iov_base, len) : writev(fd, pieces, (int)n);

	return likely(ret >= 0) ? 0 : -errno;
}

/* Reads a byte of each page that the frame lies in: where there is no page any more, that is a
 * fault of this thread's, and whoever owns the memory answers for it as for any other access
 * (memory/bus_error.h), which also puts a page there. */
static void
touch(const struct xd_frame *f)
{
	for (unsigned i = 0; i < f->nb_segs; i++) {
		const volatile uint8_t *at = f->segs[i].addr;
		uint32_t len = f->segs[i].len;

		for (uint32_t k = 0; k < len; k += PAGE_BYTES)
			(void)at[k];
		(void)at[len - 1];
	}
}

static __rte_noinline int
write_again(int fd, const struct xd_frame *f, const struct iovec *pieces, unsigned n, size_t len)
{
	int ret = -EFAULT;

	for (unsigned i = 0; ret == -EFAULT && i < FAULT_TRIES; i++) {
		touch(f);
		ret = write_pieces(fd, pieces, n, len);
	}
	return ret;
}

static inline void
put_header(uint8_t *at, struct xd_net_header header)
{
	memcpy(at, &header.first, sizeof(header.first));
	memcpy(at + sizeof(header.first), &header.second, sizeof(header.second));
}

/* The header lies in the headroom in front of the frame, unless that is used up. */
static int
write_long(int fd, struct xd_frame *f, struct xd_net_header header)
{
	struct iovec pieces[PIECES_MAX];
	uint8_t apart[XD_TAP_HEADER], *data = xd_frame_data(f);
	unsigned n = 0;
	int ret;

	if (likely(f->start >= XD_TAP_HEADER)) {
		put_header(data - XD_TAP_HEADER, header);
		pieces[n++] = (struct iovec){data - XD_TAP_HEADER, XD_TAP_HEADER + f->head_len};
	} else {
		put_header(apart, header);
		pieces[n++] = (struct iovec){apart, XD_TAP_HEADER};
		pieces[n++] = (struct iovec){data, f->head_len};
	}
	for (unsigned i = 0; i < f->nb_segs; i++)
		pieces[n++] = (struct iovec){(void *)(uintptr_t)f->segs[i].addr, f->segs[i].len};
	ret = write_pieces(fd, pieces, n, XD_TAP_HEADER + f->len);
	return unlikely(ret == -EFAULT) ? write_again(fd, f, pieces, n, XD_TAP_HEADER + f->len)
					: ret;
}

static inline int
write_frame(int fd, struct xd_frame *f, struct xd_net_header header)
{
	uint8_t whole[XD_TAP_HEADER + SHORT_MAX];

	if (f->nb_segs == 0 || f->len > SHORT_MAX)
		return write_long(fd, f, header);
	put_header(whole, header);
	xd_frame_gather(f, whole + XD_TAP_HEADER);
	return likely(write(fd, whole, XD_TAP_HEADER + f->len) >= 0) ? 0 : -errno;
}

/* Why a frame that the kernel did not take is dropped. */
static enum xd_drop
reason_of(int ret)
{
	switch (ret) {
	case -EIO:    /* the interface is down, */
	case -EBADFD: /* or has gone */
	case -ENODEV:
		return XD_DROP_PORT_DOWN;
	case -EINVAL: /* a header that it does not like */
		return XD_DROP_UNFINISHED_OFFLOAD;
	default:
		return XD_DROP_NO_BUFFER;
	}
}

/* Makes segments of a frame that the kernel would not take whole. What does not go after the first
 * is lost, as on a wire. */
static int
write_segments(int fd, struct xd_frame *f)
{
	struct xd_segmenter segmenter;
	struct xd_frame *segment;
	int ret = 0;

	if (xd_segment_begin(&segmenter, f) < 0)
		return -EINVAL;
	for (unsigned i = 0; ret == 0 && (segment = xd_segment_next(&segmenter)) != NULL; i++) {
		ret = write_frame(fd, segment, xd_net_header_plain());
		if (ret == -EAGAIN && i > 0)
			ret = -ENOBUFS;
	}
	return ret;
}

/* A frame that needs an offload. 0, or negative errno. */
static int
write_offload(int fd, struct xd_frame *f, uint8_t offloads, struct xd_counters *counters)
{
	if (likely(!(xd_offload_needs(f->offload) & ~offloads)))
		return write_frame(fd, f, xd_net_header_of(f));
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		counters->segmented++;
		return write_segments(fd, f);
	}
	if (xd_frame_finish_checksum(f) < 0)
		return -EINVAL;
	counters->checksums++;
	return write_frame(fd, f, xd_net_header_plain());
}

uint8_t
xd_tap_takes(struct xd_port *port, unsigned worker)
{
	(void)worker;
	return __atomic_load_n(&port->up, __ATOMIC_ACQUIRE) ? ((struct xd_tap_port *)port)->offloads
							    : 0;
}

uint16_t
xd_tap_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	const uint16_t max_frame = __atomic_load_n(&port->max_frame, __ATOMIC_RELAXED);
	const uint16_t queue = xd_port_tx_queue(port, worker);
	struct xd_counters *counters = &port->counters[worker];
	struct xd_drops *drops = &port->drops[queue];

	if (unlikely(!__atomic_load_n(&port->up, __ATOMIC_ACQUIRE)))
		return xd_port_drop_down(port, worker, n);
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];
		int fd = p->queues[queue].dev.fd, ret;

		if (xd_frame_is_too_long(f, max_frame)) {
			xd_drop(drops, XD_DROP_OVER_MTU, 1);
			continue;
		}
		ret = f->offload.word ? write_offload(fd, f, p->offloads, counters)
				      : write_frame(fd, f, xd_net_header_plain());
		if (unlikely(ret == -EAGAIN))
			return i;
		if (unlikely(ret < 0)) {
			xd_drop(drops, reason_of(ret), 1);
			continue;
		}
		counters->tx_frames++;
		counters->tx_bytes += f->len;
	}
	return n;
}
