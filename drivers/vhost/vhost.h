/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost-user port: a guest's network card.
 *
 * vhost.c is the port's life; vhost_rings.c brings rings up and down as the front end asks;
 * vhost_rxtx.c is what workers call; vhost_show.c puts it all into words.
 */
#ifndef XD_DRIVERS_VHOST_H
#define XD_DRIVERS_VHOST_H

#include "port/port.h"
#include "vhost_user/backend.h"
#include "virtqueue/split_device.h"

#define XD_VHOST_MAX_PAIRS  (XD_VU_MAX_VRINGS / 2)
#define XD_VIRTIO_HDR_BYTES 12 /* virtio-net header, VIRTIO_F_VERSION_1: virtio 1.2, 5.1.6 */

/* Feature bits of virtio-net and of vhost-user that this driver offers: virtio 1.2, 5.1.3. */
#define XD_VIRTIO_NET_F_MTU       3
#define XD_VIRTIO_NET_F_MRG_RXBUF 15
#define XD_VIRTIO_NET_F_CTRL_VQ   17
#define XD_VIRTIO_NET_F_MQ        22

/* The guest's rings of queue pair i, seen from the switch. */
#define XD_VHOST_TO_GUEST(i)   (2 * (i))     /* the guest's receive queue */
#define XD_VHOST_FROM_GUEST(i) (2 * (i) + 1) /* its transmit queue */

struct xd_vhost_port {
	struct xd_port port; /* first: the switch knows the port by this */
	struct xd_vu_backend *backend;
	unsigned nb_pairs;

	/* Pairs that frames may be sent to; written by control while paused, read by workers. */
	uint16_t nb_live;
	uint16_t live[XD_VHOST_MAX_PAIRS];
	struct xd_vq vqs[XD_VU_MAX_VRINGS];

	/* A worker that finds a broken ring writes fault_fd; control then stops the port. */
	int fault_fd;
	struct xd_watch *fault_watch;
	bool faulted;
	char fault_text[160];
	uint64_t nb_faults;

	/* One per pair: readable when the guest kicks or the port comes up. */
	int sleep_fds[XD_VHOST_MAX_PAIRS];
	int kick_fds[XD_VHOST_MAX_PAIRS]; /* what was added to sleep_fds; -1 none */
	int wake_fd;                      /* in every sleep_fds */
	char setup_text[160];             /* why the rings could not be used; or empty */
};

extern const struct xd_driver xd_vhost_driver;

uint16_t xd_vhost_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_vhost_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_vhost_tx(struct xd_port *port, uint16_t queue, unsigned worker,
	struct xd_frame *const *frames, uint16_t n);
void xd_vhost_notify_rx(struct xd_port *port, uint16_t queue, unsigned worker);
void xd_vhost_notify_tx(struct xd_port *port, uint16_t queue, unsigned worker);
int xd_vhost_fd(struct xd_port *port, uint16_t queue);
bool xd_vhost_arm(struct xd_port *port, uint16_t queue);
void xd_vhost_disarm(struct xd_port *port, uint16_t queue);

/* The back end's ops. Control. */
void xd_vhost_pause(void *ctx);
void xd_vhost_resume(void *ctx);
/* On fault_fd. Control. */
void xd_vhost_on_fault(void *ctx, uint32_t events);

void xd_vhost_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
