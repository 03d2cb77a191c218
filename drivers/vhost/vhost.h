/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost-user port: a guest's network card.
 *
 * vhost.c is the port's life; vhost_config.c has its keys; vhost_features.c says what is offered;
 * vhost_rings.c brings rings up and down as the front end asks; vhost_rxtx.c is what workers call;
 * vhost_show.c puts it all into words.
 */
#ifndef XD_DRIVERS_VHOST_H
#define XD_DRIVERS_VHOST_H

#include "drivers/vhost/config.h"
#include "port/port.h"
#include "vhost_user/backend.h"
#include "virtqueue/device.h"

#define XD_VHOST_MAX_PAIRS (XD_VU_MAX_VRINGS / 2)

/* The guest's rings of queue pair i, seen from the switch. */
#define XD_VHOST_TO_GUEST(i)   (2 * (i))     /* the guest's receive queue */
#define XD_VHOST_FROM_GUEST(i) (2 * (i) + 1) /* its transmit queue */

/* Kinds of log lines that a guest can cause. */
enum xd_vhost_line {
	XD_VHOST_LINE_RINGS, /* cannot be used */
	XD_VHOST_LINE_FAULT,
	XD_VHOST_LINE_AGAIN, /* used again */
	XD_VHOST_LINE_LINK,  /* up, down */
	XD_VHOST_LINES
};

struct xd_vhost_port {
	struct xd_port port; /* first: the switch knows the port by this */
	struct xd_vu_backend *backend;
	unsigned nb_pairs;

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

	/* To be sent in the guest's name, by the worker of queue 0: written by control before the
	 * flag is set, cleared by the worker. */
	uint8_t rarp_mac[6];
	bool rarp_due;
	uint64_t nb_rarps;

	bool one_node;    /* the machine has no other */
	unsigned sampled; /* of its guest's memory, for its node: where the next page lies */

	struct xd_log_limit lines[XD_VHOST_LINES];
};

extern const struct xd_driver xd_vhost_driver;

/* vhost_config.c. Any thread. */
extern const struct xd_key xd_vhost_keys[];
unsigned xd_vhost_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_vhost_check(const struct xd_port_config *config, struct xd_error *err);

uint16_t xd_vhost_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_vhost_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_vhost_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_vhost_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
uint8_t xd_vhost_takes(struct xd_port *port, unsigned worker);
uint16_t xd_vhost_room(struct xd_port *port, unsigned worker, uint16_t wanted);
void xd_vhost_notify_rx(struct xd_port *port, uint16_t queue, unsigned worker);
void xd_vhost_notify_tx(struct xd_port *port, unsigned worker);
int xd_vhost_fd(struct xd_port *port, uint16_t queue);
bool xd_vhost_arm(struct xd_port *port, uint16_t queue);
void xd_vhost_disarm(struct xd_port *port, uint16_t queue);

/* The back end's ops. Control. */
void xd_vhost_pause(void *ctx);
void xd_vhost_resume(void *ctx);
void xd_vhost_rarp(void *ctx, const uint8_t mac[6]);
bool xd_vhost_notified(void *ctx);
/* On fault_fd. Control. */
void xd_vhost_on_fault(void *ctx, uint32_t events);

/* vhost_features.c. Virtio feature bits that the driver has at all; that a port offers; whether a
 * port's configuration names what cannot be. Any thread. */
uint64_t xd_vhost_supported_features(void);
uint64_t xd_vhost_offered_features(const struct xd_port_config *config);
uint64_t xd_vhost_offered_protocol_features(const struct xd_port_config *config);
int xd_vhost_check_features(const struct xd_port_config *config, struct xd_error *err);
/* XD_OFFLOAD_* that negotiated features let a guest ask for, and that it takes itself. */
uint8_t xd_vhost_offloads_from(uint64_t features);
uint8_t xd_vhost_offloads_to(uint64_t features);

/* vhost_node.c. The node of its guest's memory, by some of its pages. Control. */
int16_t xd_vhost_node(struct xd_port *port);

void xd_vhost_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
