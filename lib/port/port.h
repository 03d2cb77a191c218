/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port, and the contract of the driver behind it.
 *
 * A driver turns one kind of device into frames. Control calls come one at a time from whoever
 * holds the switch's lock; data-path calls come from workers that are inside a turn. When
 * env->quiesce() returns, no worker is inside a data-path call that began before it.
 */
#ifndef XD_PORT_PORT_H
#define XD_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "key/key.h"
#include "crossdock.h"
#include "frame/frame.h"
#include "stats/budget.h"
#include "stats/counters.h"

#define XD_WAIT_US 1000 /* the default of wait_us */

XD_API_BEGIN

struct xd_port;

/* What the switch gives to its ports. Lives until the last port is destroyed. */
struct xd_port_env {
	const struct xd_log *log;
	struct xd_loop *loop; /* its callbacks hold the switch's lock */
	void *ctx;
	/* Waits until every worker has left the turn it is in. Control; never from a data-path
	 * call. */
	void (*quiesce)(void *ctx);
	const char *run_dir; /* for files that outlive this process; NULL: none */
	/* The port went up, down, or changed: tells whoever watches the switch. Control. */
	void (*changed)(void *ctx, struct xd_port *port);
	/* Number of workers that may transmit at once, also of those that a change under way
	 * adds; a driver provides that many queues or locks. Control. */
	unsigned (*nb_workers)(void *ctx);
};

/* One line of `port show`: drivers describe themselves in words. */
typedef void (*xd_describe_fn)(void *ctx, const char *key, const char *value);

#define XD_CLAIMS     4
#define XD_CLAIM_NAME 256

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

struct xd_driver {
	const char *type; /* "vhost-user" */
	const char *help; /* one line for people */
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

	/* Control. create allocates and claims nothing that another port could hold (no socket, no
	 * device); start claims it. stop gives it back: after stop the data-path calls return 0.
	 * destroy accepts a stopped port. */
	struct xd_port *(*create)(const struct xd_port_env *env,
		const struct xd_port_config *config, struct xd_error *err);
	int (*start)(struct xd_port *port, struct xd_error *err);
	void (*stop)(struct xd_port *port);
	void (*destroy)(struct xd_port *port);

	/* Control: settings for which the device can stay: a new name, and keys whose rows say
	 * XD_COST_SET (mtu); when others have changed nobody is asked. can_set only says
	 * whether it can, so that a change that fails has touched nothing: 0; -ENOTSUP: the switch
	 * makes the port anew; another error: the settings cannot be. set then does it, once
	 * nothing else can fail; port->config still has what was. can_set is also asked when the
	 * number of workers changes (env->nb_workers tells the new one). Both or neither may be
	 * NULL: then every change makes the port anew. */
	int (*can_set)(
		struct xd_port *port, const struct xd_port_config *config, struct xd_error *err);
	void (*set)(struct xd_port *port, const struct xd_port_config *config);

	/* The worker that owns receive queue `queue`: fills batch->frames (len, start, head_len,
	 * segs, nb_segs, mbuf, offload, dirty=false, buf) and batch->n, and returns n. The caller
	 * has set batch->worker; the driver resets the rest. Even when n is 0, release must follow
	 * if batch->nb_done is not 0. */
	uint16_t (*rx)(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
	/* The same worker, after rx and before release: rewinds the queue to before frame number n,
	 * so that this one and those behind it come again with a later rx. Sets batch->n and what
	 * release gives back. Not called when batch->nb_done is 0: such frames are the driver's own
	 * making. NULL: the queue cannot be rewound (a NIC's). */
	void (*rewind)(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
	/* The same worker, before its next rx: gives lent buffers back. */
	void (*release)(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
	/* Any worker: transmits frames, which may need what frame->offload says (frame/offload.h),
	 * in order and returns how many are dealt with: sent and counted in
	 * port->counters[worker].tx_frames and tx_bytes, or dropped and counted. Fewer than n: the
	 * device is full, and frames[ret] on are untouched. A frame with mbuf set and nb_dst == 1
	 * may be taken whole: set its mbuf to NULL. `queue` is the worker's own number; the driver
	 * folds it into the queues it has: xd_port_tx_queue. */
	uint16_t (*tx)(struct xd_port *port, uint16_t queue, unsigned worker,
		struct xd_frame *const *frames, uint16_t n);
	/* Any worker: how many frames of at most max_frame bytes a tx would take now, at most
	 * `wanted`. A hint, since others transmit too. NULL: never known to be full. */
	uint16_t (*room)(struct xd_port *port, uint16_t queue, uint16_t wanted);
	/* The same workers, at most one turn later and after a full memory fence: tell the device
	 * what it asked to be told, of buffers given back and of frames sent. May be NULL. */
	void (*notify_rx)(struct xd_port *port, uint16_t queue, unsigned worker);
	void (*notify_tx)(struct xd_port *port, uint16_t queue, unsigned worker);

	/* Control, while it waits for workers to leave their turns: ends what a peer may have one
	 * of them wait for. May be NULL. */
	void (*unblock)(struct xd_port *port);

	/* Sleeping. The owning worker. fd: a descriptor that becomes readable (edge-triggered) when
	 * frames come, or -1 when this port must be polled. arm asks for that; returns true when
	 * frames are already there. disarm after waking. All three may be NULL together. */
	int (*fd)(struct xd_port *port, uint16_t queue);
	bool (*arm)(struct xd_port *port, uint16_t queue);
	void (*disarm)(struct xd_port *port, uint16_t queue);

	/* Control. */
	void (*describe)(struct xd_port *port, xd_describe_fn fn, void *ctx);
};

/* The part of a port that every driver's port begins with. */
struct xd_port {
	const struct xd_driver *driver;
	const struct xd_port_env *env;
	struct xd_port_config config;
	uint16_t index;     /* set by the switch before start */
	uint16_t nb_queues; /* receive queues to be polled, at most XD_PORT_QUEUES; set by start */
	uint16_t max_frame; /* longest frame the port takes (bytes, untagged); written by control */
	bool up;            /* frames can pass; written by the driver's control calls, as are */
	uint64_t pool_bytes;  /* its packet buffers, */
	uint64_t guest_bytes; /* and what of a guest's memory it has mapped */
	uint64_t rests_told;  /* control: rests (stats/budget.h) that the log was told of, */
	uint32_t tell_rests_s; /* and when it may be told again */
	/* Transmit queues that frames may go to now; written by control. */
	uint16_t nb_tx;
	uint16_t tx[XD_PORT_QUEUES];
	struct xd_drops drops[XD_PORT_QUEUES];       /* by queue */
	struct xd_counters counters[XD_MAX_WORKERS]; /* each written by one worker */
	struct xd_rmon *rmon; /* likewise, the switch's; NULL: was never wanted */
	struct xd_budget budgets[XD_MAX_WORKERS]; /* likewise, by lib/worker/watch.c alone */
} __attribute__((aligned(64)));

/* The transmit queue of the port that worker number `queue` uses; 0 when there is none. Any thread.
 */
static inline uint16_t
xd_port_tx_queue(const struct xd_port *port, uint16_t queue)
{
	uint16_t nb_tx = __atomic_load_n(&port->nb_tx, __ATOMIC_ACQUIRE);

	return nb_tx == 1 ? port->tx[0] : nb_tx ? port->tx[queue % nb_tx] : 0;
}

/* Fills the common part, of a port that lies as struct xd_port has to: aligned_alloc(64, ...).
 * create() calls it first. */
void xd_port_init(struct xd_port *port, const struct xd_driver *driver,
	const struct xd_port_env *env, const struct xd_port_config *config);

/* The switch's: room for counters by kind and size, when there is none yet. -ENOMEM. Control. */
int xd_port_make_rmon(struct xd_port *port);
/* Has the driver destroy a port that it has made. Control. */
void xd_port_destroy(struct xd_port *port);

/* Fills in the error with the key "ports.NAME.KEY". Returns code. Any thread. */
int xd_port_config_fail(struct xd_error *err, int code, const struct xd_port_config *config,
	const char *key, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Built-in drivers, by type: an explicit table, ended by NULL (drivers/drivers.c). */
extern const struct xd_driver *const xd_builtin_drivers[];

/* The driver of that type, among drivers (ended by NULL; or NULL) and those built in; or NULL. Any
 * thread. */
const struct xd_driver *xd_driver_find(const char *type, const struct xd_driver *const *drivers);
/* Whether a port claims the thing of that kind and name; then *claim is it. Any thread. */
bool xd_port_claims(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	const char *kind, const char *name, struct xd_claim *claim);
/* Whether both ports claim the same thing; claim, which may be NULL, is b's. Any thread. */
bool xd_port_claims_same(const struct xd_port_config *a, const struct xd_port_config *b,
	const struct xd_driver *const *drivers, struct xd_claim *claim);

XD_API_END

#endif
