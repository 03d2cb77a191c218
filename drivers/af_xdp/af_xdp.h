/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The af_xdp port: an interface that is shared with the kernel, by AF_XDP sockets
 * (Documentation/networking/af_xdp.rst).
 *
 *   af_xdp.c          the port's life: create, start, stop, changes
 *   af_xdp_config.c   its keys
 *   rules.c           the lists of rules among them
 *   af_xdp_netdev.c   the interface: taken, given back, and its own addresses
 *   af_xdp_program.c  the XDP program: loaded, attached, told its rules
 *   steer.bpf.c       the program itself, which the kernel runs
 *   af_xdp_socket.c   a queue's socket: memory, rings, binding
 *   ring.h            rings
 *   af_xdp_rx.c       receive, and sleep
 *   af_xdp_tx.c       transmit
 *   af_xdp_show.c     what `port show` says of it
 *
 * An XDP program at the interface decides of each frame that comes in whether it is the switch's or
 * the kernel's. It is attached by a link (BPF_LINK_CREATE), which like sockets, memory and
 * promiscuous mode hangs on a descriptor of this process: however that ends, nothing stays.
 *
 * Each queue has a socket, and memory that it shares with the kernel (UMEM), in chunks: one half is
 * for frames that come in, the other for frames that go out. Frames that came in are looked at
 * where they lie, and their chunks given back on release. The kernel can be asked for checksums of
 * frames that go out (xsk-tx-metadata.rst) where it copies them.
 *
 * Ring entries of the kernel are checked as a peer's are: what they say lies outside of the memory
 * is dropped.
 */
#ifndef XD_DRIVERS_AF_XDP_H
#define XD_DRIVERS_AF_XDP_H

#include <rte_spinlock.h>

#include "drivers/af_xdp/config.h"
#include "drivers/af_xdp/ring.h"
#include "drivers/af_xdp/rules.h"
#include "frame/offload.h"
#include "netdev/netdev.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* Linux 6.6 and 6.8 have these; their kernels' headers may be older. */
#ifndef XDP_USE_SG
#define XDP_USE_SG    (1 << 4) /* bind: frames in several chunks */
#define XDP_PKT_CONTD (1 << 0) /* desc.options: not the last of its frame */
#endif
#ifndef XDP_TX_METADATA
#define XDP_TX_METADATA (1 << 1) /* desc.options: metadata lies in front */
#endif

#define XD_AF_XDP_MTU_MAX     9216
#define XD_AF_XDP_RX_CHUNKS   2048 /* of a queue; powers of two, as the rings that hold them */
#define XD_AF_XDP_TX_CHUNKS   1024
#define XD_AF_XDP_CHUNK_SMALL 2048 /* bytes; for frames that fit, the other for longer ones: */
#define XD_AF_XDP_CHUNK_LARGE 4096 /* the kernel takes no chunk larger than a page */
#define XD_AF_XDP_RX_OFFSET   256  /* XDP_PACKET_HEADROOM: before a frame that comes in, */
#define XD_AF_XDP_TX_OFFSET   64   /* and before one that goes out, with metadata in it */
#define XD_AF_XDP_METADATA    24   /* bytes of that: sizeof(struct xsk_tx_metadata) */

struct bpf_object;

/* A queue of the interface, both ways. */
struct xd_af_xdp_queue {
	/* Written by control while running is false. */
	struct xd_netdev_queue dev; /* first */
	uint8_t *umem;
	uint64_t umem_bytes; /* that the kernel knows; a snapshot's more follow */

	/* Of the worker that owns the receive queue. */
	struct xd_xsk_ring rx, fill;

	/* Of whoever has the lock. */
	rte_spinlock_t lock __attribute__((aligned(64)));
	uint32_t nb_free; /* chunks */
	struct xd_xsk_ring tx, completion;
	uint32_t free[XD_AF_XDP_TX_CHUNKS]; /* numbers of chunks, from 0 on */
	bool unsent; /* the kernel has to be called again; read by any worker */
} __attribute__((aligned(64)));

struct xd_af_xdp_port {
	struct xd_port port; /* first: the switch knows the port by this */

	/* Read by workers; written by control while running is false. */
	bool running;
	bool ask_csum; /* the kernel finishes checksums of frames that go out */
	bool is_veth;  /* frames that come in may lack theirs: see af_xdp_rx.c */
	bool busy_poll;
	uint16_t chunk;                 /* bytes of a chunk */
	struct xd_af_xdp_queue *queues; /* port.config.queues */

	/* Control's. */
	struct xd_netdev dev;
	int promisc_fd; /* -1: none */
	int link_fd;    /* of the program at the interface; -1: none */
	bool generic;   /* the kernel runs the program, not the interface's driver */
	bool zero_copy;
	bool in_pieces;       /* frames in several chunks */
	unsigned nb_channels; /* receive queues that the interface has; 0: not known */
	bool vlan_stripped;   /* its tags do not reach the program */
	struct bpf_object *program;
	uint8_t rules_set;                              /* which of two: struct xd_steer */
	struct xd_af_xdp_rule own[XD_AF_XDP_OWN_RULES]; /* the interface's own addresses */
	unsigned nb_own;
};

extern const struct xd_driver xd_af_xdp_driver;

/* af_xdp_config.c. Any thread. */
extern const struct xd_key xd_af_xdp_keys[];
unsigned xd_af_xdp_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_af_xdp_check(const struct xd_port_config *config, struct xd_error *err);

/* ---- Control ---- */

extern const struct xd_netdev_ops xd_af_xdp_netdev_ops;
/* Its interface has a smaller mtu, `has`. -EMSGSIZE. */
int xd_af_xdp_fail_mtu(const struct xd_af_xdp_port *p, const struct xd_port_config *config,
	uint32_t has, struct xd_error *err);

/* af_xdp_program.c. attach: in the interface's namespace. -errno. */
int xd_af_xdp_program_attach(struct xd_af_xdp_port *p, struct xd_error *err);
void xd_af_xdp_program_detach(struct xd_af_xdp_port *p);
/* From here on frames come to the sockets. */
int xd_af_xdp_program_connect(struct xd_af_xdp_port *p, struct xd_error *err);
/* Puts the rules of the configuration and p->own in place of others, as a whole. -errno. */
int xd_af_xdp_program_steer(struct xd_af_xdp_port *p, const struct xd_port_config *config);
/* Of all CPUs. */
void xd_af_xdp_program_counters(
	const struct xd_af_xdp_port *p, uint64_t counters[XD_STEER_COUNTERS]);

/* af_xdp_socket.c. open: in the interface's namespace. */
int xd_af_xdp_socket_open(struct xd_af_xdp_port *p, unsigned queue, struct xd_error *err);
void xd_af_xdp_socket_close(struct xd_af_xdp_queue *q);

/* ---- Workers ---- */

uint16_t xd_af_xdp_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_af_xdp_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_af_xdp_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_af_xdp_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
/* Has the kernel send what is in the transmit ring. Not with the lock. */
void xd_af_xdp_send(struct xd_af_xdp_queue *q);
int xd_af_xdp_fd(struct xd_port *port, uint16_t queue);
bool xd_af_xdp_arm(struct xd_port *port, uint16_t queue);
void xd_af_xdp_disarm(struct xd_port *port, uint16_t queue);

void xd_af_xdp_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
