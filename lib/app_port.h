/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Application ports: the program that embeds the switch is behind a port itself (type: app), and
 * receives and sends frames in DPDK's packet buffers, on threads of its own.
 *
 *     struct xd_app *app = xd_app_open(sw, "inside", &err);
 *     struct rte_mbuf *mbufs[32];
 *
 *     for (;;) {
 *         unsigned n = xd_app_rx_burst(app, 0, mbufs, 32), sent;
 *
 *         ...
 *         sent = xd_app_tx_burst(app, 0, mbufs, n);
 *         rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
 *     }
 *
 * The port is up while somebody has it open; else it drops what it is sent (port-down). A program
 * that stops receiving finds its queue full, or all buffers used: what comes then is dropped and
 * counted (ring-full), or waits with its sender (full: wait). Nobody else waits for it. In the
 * other direction xd_app_tx_burst says how many frames there was room for.
 *
 * Buffers. What is received is the program's to send, here or anywhere, or to free: a frame of
 * another device's in the buffer that it came in, if nobody else gets it, or a copy in one of the
 * port's, which has `ring` of them for each queue, and as many again. Those of the program's own
 * that it sends are taken, and may leave by a device as they are; nothing may be written to them
 * any more.
 *
 * Offloads. What is received needs nothing: checksums are finished and long frames segmented;
 * unless the program takes them as they are (xd_app_set_offloads). Then a frame says what it needs
 * as one does that is sent to a device, and may be sent so, to a device that does that (after
 * rte_eth_tx_prepare) or back to the switch: RTE_MBUF_F_TX_TCP_CKSUM, _UDP_CKSUM or
 * _TCP_SEG with _IPV4 or _IPV6, l2_len, l3_len and l4_len, tso_segsz, the pseudo-header's sum where
 * the checksum goes, which is without the length in one to be segmented; such a one of IPv4 has
 * RTE_MBUF_F_TX_IP_CKSUM too, and the IP checksum of the whole. For a program that reads what it
 * gets the same is said in the words of receiving: RTE_MBUF_F_RX_L4_CKSUM_NONE (not finished, and
 * whole nevertheless), RTE_MBUF_F_RX_LRO (tso_segsz is valid). A long frame lies in a chain.
 *
 * What is sent may ask for the same, whoever made it: DPDK has the conditions (rte_mbuf_core.h). Of
 * one to be segmented, lengths and version must be those of its headers, and tso_segsz at least 8.
 * One that asks for what cannot be, or for any other RTE_MBUF_F_TX_*, is dropped (bad-offload), as
 * is one whose buffers contradict themselves (bad-buffer). What RTE_MBUF_F_RX_* say of it is not
 * looked at.
 */
#ifndef XD_APP_PORT_H
#define XD_APP_PORT_H

#include <stdbool.h>

#include "base/api.h"
#include "base/error.h"

XD_API_BEGIN

struct rte_mbuf;
struct xd_app;
struct xd_switch;

/*
 * Opens a port, which comes up. The caller's, to be closed. Any thread.
 *   -ENOENT  the switch has no port of this name
 *   -EINVAL  it is of another type
 *   -EBUSY   it is open
 */
struct xd_app *xd_app_open(struct xd_switch *sw, const char *port, struct xd_error *err);
/* Closes it: the port goes down, what waits for the program is freed. NULL is fine; also after the
 * port has been deleted, or the switch destroyed. Any thread, while none is in a call below. */
void xd_app_close(struct xd_app *app);

/*
 * Which offloads the program takes as they are, from now on: XD_OFFLOAD_* (frame/offload.h), none
 * when it opens the port. XD_OFFLOAD_CSUM: checksums that are not finished; with it TSO4, TSO6: TCP
 * to be segmented, ECN: also with the CWR flag set, which whoever segments clears in all segments
 * but the first (RFC 3168). UDP always comes segmented: RTE_MBUF_F_TX_UDP_SEG of DPDK 22.11 is
 * fragmentation. Frames that wait already stay as they are.
 * 0; -EINVAL: there are no such, or segmentation without checksums. Any thread.
 */
int xd_app_set_offloads(struct xd_app *app, unsigned offloads);

/* Returns how many receive queues it was opened with, and as many to transmit. Any thread. */
unsigned xd_app_nb_queues(const struct xd_app *app);
/* Whether the port is not in the switch any more, or was made anew (another number of queues, say):
 * close it then; it receives what still waits, and sends nothing. Any thread. */
bool xd_app_is_gone(const struct xd_app *app);

/* Receives at most n frames, which are the caller's then, and returns how many. Of each queue one
 * thread at a time; never waits. */
unsigned xd_app_rx_burst(struct xd_app *app, unsigned queue, struct rte_mbuf **mbufs, unsigned n);
/* Sends frames and returns how many, the first ones, were taken: the others stay the caller's. A
 * frame that is none (runt, too-long, bad-offload, bad-buffer) is taken, dropped, and counted at
 * the port. Of those taken nothing is left in mbufs that could be used. Of each queue one thread at
 * a time; never waits, but for a system call that wakes a sleeping worker.
 */
unsigned xd_app_tx_burst(struct xd_app *app, unsigned queue, struct rte_mbuf **mbufs, unsigned n);

/* A descriptor that is readable (level-triggered, for epoll) while frames wait: until
 * xd_app_rx_burst has found none. Not to be read or written, nor closed. From the first call on,
 * workers write to it, a system call each time that frames come to a queue which was found empty.
 * -EINVAL: there is no such queue. Of each queue one thread at a time. */
int xd_app_fd(struct xd_app *app, unsigned queue);

XD_API_END

#endif
