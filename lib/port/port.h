/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port, and the contract of the driver behind it.
 *
 * A driver turns one kind of device into frames.
 *
 * Threads. Control calls (create to set, unblock, describe) come one at a time, from whoever holds
 * the switch's lock. Data-path calls (rx to disarm) come from workers that are inside a turn: those
 * with a `queue` from the one worker that owns this receive queue, which changes only between
 * turns; those with a `worker` from any of them, several at once, each with its own number. They do
 * not wait, allocate or log. When env->quiesce() returns, no worker is inside a data-path call that
 * began before it.
 *
 * Memory. A port begins with struct xd_port and lies in memory of aligned_alloc(64, ...), of which
 * the driver is the owner. Batches and their frames are the worker's, aligned to 64 bytes likewise.
 *
 * Queues. A port has receive queues 0 to nb_queues - 1, as many as start says, whatever the
 * configuration asked for. It may have fewer transmit queues than there are workers, or more: tx[]
 * says which are in use, and xd_port_tx_queue which of them is a worker's.
 *
 * Life. Data-path calls come from the publishing of a plan with the port until the next plan has
 * been published without it: also before the device is ready, while it is down, and after stop. A
 * stopped port has nothing to receive: rx returns 0, with batch->n and nb_done 0, and arm false. A
 * port that is stopped or down takes frames and loses them: tx drops all, counts them as
 * XD_DROP_PORT_DOWN, and returns n (xd_port_drop_down), and room returns `wanted`, so that nobody
 * waits for it.
 *
 * Counting. The switch counts received frames; tx counts those that it has sent, in
 * counters[worker].tx_frames and tx_bytes (frame->len, without FCS; once for a frame that is
 * segmented). Whoever drops a frame counts it, once, with xd_drop: in rx in drops[queue], in tx in
 * drops[xd_port_tx_queue(port, worker)]. Frames that tx did not take are tried again, or dropped
 * and counted, by the switch.
 */
#ifndef XD_PORT_PORT_H
#define XD_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "key/key.h"
#include "crossdock.h"
#include "frame/frame.h"
#include "police/policer.h"
#include "stats/budget.h"
#include "stats/counters.h"

#define XD_WAIT_US 1000 /* the default of wait_us */
#define XD_FD_NAP  (-2) /* of a driver's fd: see there */
#define XD_NAP_MS  10   /* how often a queue of XD_FD_NAP is looked at */

XD_API_BEGIN

struct xd_port;
struct xd_bond;

/* How a member of a bond is. */
struct xd_member_link {
	const char *name;    /* of the port */
	bool up;             /* frames can pass */
	uint32_t speed_mbps; /* 0: not known */
};

/* What the switch gives to its ports. Lives until the last port is destroyed. */
struct xd_port_env {
	const struct xd_log *log; /* for the driver's lines */
	struct xd_loop *loop;     /* its callbacks hold the switch's lock */
	void *ctx;                /* of the calls below */
	/* Waits until every worker has left the turn it is in. Control; never from a data-path
	 * call. */
	void (*quiesce)(void *ctx);
	struct xd_guard *guard; /* its slots are by worker; NULL: none */
	const char *run_dir;    /* for files that outlive this process; NULL: none */
	/* Of built-in drivers: for what peers hand over, and for sockets' files. */
	struct xd_reaper_pool *reapers;
	struct xd_path_watches *paths;
	/* The port went up, down, or changed: tells whoever watches the switch. Control. */
	void (*changed)(void *ctx, struct xd_port *port);
	/* Number of workers that may transmit at once, also of those that a change under way
	 * adds; a driver provides that many queues or locks. Control. */
	unsigned (*nb_workers)(void *ctx);
};

/* One line of `port show`: drivers describe themselves in words. */
typedef void (*xd_describe_fn)(void *ctx, const char *key, const char *value);
/* One counter of a device's own, by the name that its driver gives it. */
typedef void (*xd_xstat_fn)(void *ctx, const char *name, uint64_t value);

#define XD_CLAIMS     4   /* of a port at most */
#define XD_CLAIM_NAME 256 /* bytes of a thing's name, with its NUL */

/* One thing that a port claims: "socket /run/vm1.sock", "pci 0000:03:00.0", "netdev eth0". */
struct xd_claim {
	const char *kind;       /* "socket": names of different kinds are different things */
	const char *key, *what; /* the key that says so, and what the thing is to people: "path" */
	char name[XD_CLAIM_NAME]; /* in one spelling */
};

/* Row of a driver's table: offset and size of a member of its struct in xd_port_config.settings. */
#define XD_SETTINGS_AT(type, member)                                                               \
	.offset = offsetof(struct xd_port_config, settings) + offsetof(type, member),              \
	.size = sizeof(((type *)0)->member)
/* The driver's struct in the settings of a port's configuration, to be read. */
#define XD_SETTINGS(type, config) ((const type *)(const void *)(config)->settings.bytes)

struct xd_driver {
	/* sizeof(struct xd_driver); what a shorter one lacks is NULL. The switch keeps a copy,
	 * which is what create is given and port->driver points to. */
	uint32_t size;
	const char *type; /* "vhost-user" */
	const char *help; /* one line for people */
	void *ctx; /* an application's own: create finds it here, other calls in port->driver */
	/* The keys that ports of this type have besides those of all ports, ended by a NULL name;
	 * NULL: none. */
	const struct xd_key *keys;

	/* What of the machine a port of this configuration takes for itself, so that no two ports
	 * claim the same. Fills claims and returns how many, at most XD_CLAIMS. Touches nothing
	 * that could wait. Any thread; NULL: nothing. */
	unsigned (*claims)(const struct xd_port_config *config, struct xd_claim *claims);

	/* Checks what can be checked without touching anything. Errors name the key
	 * ("ports.NAME.path"). Any thread. */
	int (*check)(const struct xd_port_config *config, struct xd_error *err);

	/* Control. create, which is told the driver that it is called by, allocates and claims
	 * nothing that another port could hold (no socket, no device); start claims it. stop gives
	 * it back, once no worker is inside a call that saw it running (env->quiesce). destroy
	 * accepts a stopped port. A port may be started again.
	 * An application's driver may leave out release, if it lends nothing; create with destroy,
	 * if it has port_bytes; start with stop: a port is up between them (port/simple.h). */
	struct xd_port *(*create)(const struct xd_driver *driver, const struct xd_port_env *env,
		const struct xd_port_config *config, struct xd_error *err);
	int (*start)(struct xd_port *port, struct xd_error *err);
	void (*stop)(struct xd_port *port);
	void (*destroy)(struct xd_port *port);

	/* Control: settings for which the device can stay: a new name, and keys whose rows say
	 * XD_COST_SET (mtu); when others have changed nobody is asked. can_set only says
	 * whether it can, so that a change that fails has touched nothing: 0; -ENOTSUP: the switch
	 * makes the port anew; another error: the settings cannot be. set then does it, once
	 * nothing else can fail; port->config and max_frame still have what was. can_set is also
	 * asked when the number of workers changes (env->nb_workers tells the new one). Both or
	 * neither may be NULL: then every change makes the port anew. */
	int (*can_set)(
		struct xd_port *port, const struct xd_port_config *config, struct xd_error *err);
	void (*set)(struct xd_port *port, const struct xd_port_config *config);

	/*
	 * The worker that owns receive queue `queue`: receives at most XD_BATCH frames, of
	 * XD_FRAME_MIN to XD_FRAME_MAX bytes each, and returns batch->n. Others it drops and
	 * counts.
	 *
	 * Of each frame it sets all but in_port, vlan, tagged and nb_dst, which are the bridge's:
	 * xd_frame_init, then what differs. buf holds, from XD_HEADROOM on, a copy of the first
	 * head_len bytes: all up to XD_HEAD or to the end of the frame, with its VLAN tags as they
	 * were on the wire. What is behind them lies in segs, nb_segs pieces of at least a byte
	 * each, at best in batch->segs; len is the sum. segs and mbuf are lent until release.
	 * offload has been checked against the frame (frame/offload.h).
	 *
	 * Of the batch it sets n, and nb_done: how many buffers release is to give back, at least
	 * n, or 0 when the frames are the driver's own making. The caller has set worker; the rest
	 * is the driver's to use. release follows when n or nb_done is not 0.
	 */
	uint16_t (*rx)(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
	/* The same worker, after rx and before release: rewinds the queue to before frame number n,
	 * so that this one and those behind it come again with a later rx. Sets batch->n and what
	 * release gives back. Not called when batch->nb_done is 0: such frames are the driver's own
	 * making. NULL: the queue cannot be rewound (a NIC's). */
	void (*rewind)(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
	/* The same worker, before its next rx: gives lent buffers back. */
	void (*release)(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
	/* Any worker: transmits frames, which may need what frame->offload says (frame/offload.h),
	 * in order and returns how many are dealt with: sent, or dropped, and counted. Fewer than
	 * n: the device is full, and frames[ret] on are untouched. One longer than max_frame is
	 * dropped (XD_DROP_OVER_MTU); of one to be segmented, its segments count. What the device
	 * keeps is copied, but for a frame with mbuf set and nb_dst == 1, which may be taken whole:
	 * set its mbuf to NULL. */
	uint16_t (*tx)(
		struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
	/* Any worker: how many frames of at most max_frame bytes a tx would take now, at most
	 * `wanted`. A hint, since others transmit too. NULL: never known to be full. */
	uint16_t (*room)(struct xd_port *port, unsigned worker, uint16_t wanted);
	/* The same workers, at most one turn later and after a full memory fence: tell the device
	 * what it asked to be told, of buffers given back and (notify_tx) of frames sent. May be
	 * NULL. */
	void (*notify_rx)(struct xd_port *port, uint16_t queue, unsigned worker);
	void (*notify_tx)(struct xd_port *port, unsigned worker);

	/* Control, while it waits for workers to leave their turns: ends what a peer may have one
	 * of them wait for. May be NULL. */
	void (*unblock)(struct xd_port *port);

	/* Sleeping. The owning worker. fd: a descriptor that becomes readable (edge-triggered) when
	 * frames come, the same from start to stop; -1 when this port must be polled; XD_FD_NAP
	 * when for now nothing says that frames come, and it is enough to look every XD_NAP_MS. arm
	 * asks for that; returns true when frames are already there. disarm after waking; by then
	 * or by the next arm the descriptor is not readable any more. All three may be NULL
	 * together. */
	int (*fd)(struct xd_port *port, uint16_t queue);
	bool (*arm)(struct xd_port *port, uint16_t queue);
	void (*disarm)(struct xd_port *port, uint16_t queue);

	/* Control, about once a second: the NUMA node that most of the memory of the device's, or
	 * its guest's, frames lies on; -1: not known. It may change. NULL: port->node stays as
	 * create or start set it. */
	int16_t (*node)(struct xd_port *port);

	/*
	 * Of a port that is several others (drivers/bond), which transmit and receive for it; NULL
	 * of all others. members gives their names, at most XD_BOND_MEMBERS, and how many: borrowed
	 * from config; any thread. bond is what says which of them carries what; it lives as long
	 * as the port, and numbers them. links tells how they are, by number (of one that nobody
	 * has: down), whenever that may have changed: whether others carry now. activate has one
	 * that is up, by number, carry everything, without a loss. announce sends a frame from that
	 * address, with a tag unless vlan is 0; false: too many wait. These are control. What its
	 * rx returns goes out by the port, and is not switched: by the member whose number is in
	 * frame->member, or XD_BOND_NONE: by its flow. One that such a member's device has no room
	 * for comes to release with nb_dst 0, and is to come again. slow takes a copy of a frame to
	 * the slow protocols' address (IEEE 802.3, annex 57A) that came by a member: any worker.
	 * XD_DROP_NONE: it was taken.
	 */
	unsigned (*members)(const struct xd_port_config *config, const char **names);
	struct xd_bond *(*bond)(struct xd_port *port);
	bool (*links)(struct xd_port *port, const struct xd_member_link *links);
	void (*activate)(struct xd_port *port, unsigned member);
	enum xd_drop (*slow)(struct xd_port *port, unsigned member, const struct xd_frame *f);
	bool (*announce)(struct xd_port *port, const uint8_t mac[6], uint16_t vlan);

	/*
	 * Of a port that is one end of a pair (drivers/patch): frames for it are switched on as its
	 * peer's, and it has no queues; NULL of all others. peer gives the name of the other end,
	 * borrowed from config; any thread. paired tells why frames do not pass, "" when they do;
	 * control.
	 */
	const char *(*peer)(const struct xd_port_config *config);
	void (*paired)(struct xd_port *port, const char *why);

	/* Control. */
	void (*describe)(struct xd_port *port, xd_describe_fn fn, void *ctx);
	/* Control: what the device itself counts, by queue too; of a port that is lost or stopped
	 * nothing. NULL: it counts nothing. */
	void (*xstats)(struct xd_port *port, xd_xstat_fn fn, void *ctx);

	/* Any worker: what its frames may need that the device takes as it is now, XD_OFFLOAD_*
	 * (frame/offload.h); a hint. With XD_OFFLOAD_CSUM and _TSO4 or _TSO6, segments for a port
	 * that has `coalesce` come as one. NULL: the switch makes none of that. */
	uint8_t (*takes)(struct xd_port *port, unsigned worker);

	/* Without create: bytes of a port, at least a struct xd_port; the rest is zeroes. */
	uint32_t port_bytes;
};

/* What a receive queue takes of its worker's time: from receiving to giving back, estimated from
 * some of its turns. */
struct xd_port_load {
	uint64_t cycles; /* written by the worker that owns the queue; the rest is control's: */
	uint64_t seen;   /* cycles when control last looked */
	uint32_t ppm;    /* millionths of a core, lately; XD_LOAD_UNKNOWN: not looked at yet */
} __attribute__((aligned(64)));

#define XD_LOAD_UNKNOWN UINT32_MAX /* of ppm */

/* Frames at the head of a receive queue that were left with their sender: written by the worker
 * that owns the queue. */
struct xd_port_left {
	uint32_t again;     /* so many have been seen before */
	uint64_t since_tsc; /* a hook leaves the first of them since then; 0: none does */
};

/* Bytes of frames that passed, and those of them that did so on another NUMA node than the
 * memory's. Control's. */
struct xd_node_bytes {
	uint64_t bytes, crossed; /* all; those of another node */
	uint32_t crossed_ppm;    /* lately */
};

/* The part of a port that every driver's port begins with. */
struct xd_port {
	const struct xd_driver *driver; /* the switch's copy */
	const struct xd_port_env *env;
	struct xd_port_config config; /* as it runs; written by control */
	uint16_t index;               /* set by the switch before start, as is */
	uint64_t life; /* a number that no other port of the switch has had; made anew, it stays */
	uint16_t nb_queues;  /* receive queues to be polled, at most XD_PORT_QUEUES; set by start */
	int16_t node;        /* of the memory that its frames lie in; -1: not known; control's */
	uint16_t max_frame;  /* xd_port_max_frame of its mtu; written by the switch's control */
	bool told_up;        /* of events: what was told of `up` last; control's */
	bool up;             /* frames can pass; written by the driver's control calls, as are */
	uint32_t speed_mbps; /* of its link; 0: not known */
	uint64_t pool_bytes; /* its packet buffers, */
	uint64_t guest_bytes;  /* and what of a guest's memory it has mapped */
	uint64_t rests_told;   /* control: rests (stats/budget.h) that the log was told of, */
	uint32_t tell_rests_s; /* and when it may be told again */
	/* How many transmit queues frames may go to now, and which; written by control. */
	uint16_t nb_tx;
	uint16_t tx[XD_PORT_QUEUES];                 /* their numbers */
	struct xd_port_load loads[XD_PORT_QUEUES];   /* by receive queue, */
	struct xd_port_left left[XD_PORT_QUEUES];    /* as are these */
	struct xd_node_bytes node_bytes;             /* control's, as is what it has seen of, */
	uint64_t seen_bytes[XD_MAX_WORKERS];         /* by worker, rx_bytes and tx_bytes */
	struct xd_drops drops[XD_PORT_QUEUES];       /* by queue */
	struct xd_counters counters[XD_MAX_WORKERS]; /* each written by one worker */
	struct xd_rmon *rmon; /* likewise, the switch's; NULL: was never wanted */
	struct xd_budget budgets[XD_MAX_WORKERS]; /* likewise, by lib/worker/watch.c alone */
	/* Of its limits, what is left: of what comes in, in one cache line or two, and of what
	 * leaves in another. Written by any worker. */
	struct xd_policer_buckets policers[XD_POLICERS] __attribute__((aligned(64)));
} __attribute__((aligned(64)));

/* The transmit queue of the port that a worker uses; 0 when there is none. Any thread. */
static inline uint16_t
xd_port_tx_queue(const struct xd_port *port, unsigned worker)
{
	uint16_t nb_tx = __atomic_load_n(&port->nb_tx, __ATOMIC_ACQUIRE);

	return nb_tx == 1 ? port->tx[0] : nb_tx ? port->tx[worker % nb_tx] : 0;
}

/* What tx returns of a port that is down or stopped: n frames are dropped and counted so. Returns
 * n. Any worker. */
static inline uint16_t
xd_port_drop_down(struct xd_port *port, unsigned worker, uint16_t n)
{
	xd_drop(&port->drops[xd_port_tx_queue(port, worker)], XD_DROP_PORT_DOWN, n);
	return n;
}

/* Longest frame of an MTU, in bytes without FCS: an Ethernet header and one VLAN tag (IEEE 802.1Q)
 * before the payload. Any thread. */
static inline uint16_t
xd_port_max_frame(uint16_t mtu)
{
	const uint16_t headers = XD_FRAME_MIN + 4;

	return mtu < UINT16_MAX - headers ? (uint16_t)(mtu + headers) : UINT16_MAX;
}

#define XD_LOOK_MS 250 /* between two looks at what nobody tells of */

/* The same for the link of a port: one of a bond's members, or one to be, is looked at so often
 * that another takes over within 10 ms. Control: the switch's lock is held. */
static inline uint32_t
xd_port_look_ms(const struct xd_port *port)
{
	return strcmp(port->config.bridge, "none") ? XD_LOOK_MS : 5;
}

/* Fills the common part, of a port that lies as struct xd_port has to: aligned_alloc(64, ...).
 * create() calls it first. Control: the switch's lock is held. */
void xd_port_init(struct xd_port *port, const struct xd_driver *driver,
	const struct xd_port_env *env, const struct xd_port_config *config);

/* The switch's: room for counters by kind and size, when there is none yet. 0; -ENOMEM: no
 * memory. Control: the switch's lock is held. */
int xd_port_make_rmon(struct xd_port *port);
/* The switch's: has a port take settings for which its device can stay (set). Control: the lock is
 * held. */
void xd_port_set(struct xd_port *port, const struct xd_port_config *config);
/* Has the driver destroy a port that it has made. Control: the switch's lock is held. */
void xd_port_destroy(struct xd_port *port);

/* Fills in the error with the key "ports.NAME.KEY". Returns code. Any thread. */
int xd_port_config_fail(struct xd_error *err, int code, const struct xd_port_config *config,
	const char *key, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Calls fn with a port and the switch's lock held, as a control call of the port's driver: for what
 * a driver offers to the program beside the switch (xd_app_open). Returns what fn does; -ENOENT: no
 * port of that name. Any thread. */
int xd_switch_with_port(struct xd_switch *sw, const char *port,
	int (*fn)(struct xd_port *port, void *ctx), void *ctx);

/* Built-in drivers, by type: an explicit table, ended by NULL (drivers/drivers.c). */
extern const struct xd_driver *const xd_builtin_drivers[];

/* The driver of that type, among drivers (ended by NULL; or NULL) and those built in; it lives as
 * long as these. NULL: there is none. Any thread. */
const struct xd_driver *xd_driver_find(const char *type, const struct xd_driver *const *drivers);
/* All that a port claims, at most XD_CLAIMS; returns how much. Any thread. */
unsigned xd_port_all_claims(const struct xd_port_config *port,
	const struct xd_driver *const *drivers, struct xd_claim *claims);
/* Whether a port claims the thing of that kind and name; then *claim is it. Any thread. */
bool xd_port_claims(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	const char *kind, const char *name, struct xd_claim *claim);
/* Whether both ports claim the same thing; claim, which may be NULL, is b's. Any thread. */
bool xd_port_claims_same(const struct xd_port_config *a, const struct xd_port_config *b,
	const struct xd_driver *const *drivers, struct xd_claim *claim);

XD_API_END

#endif
