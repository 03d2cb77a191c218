/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a switch is made of. All of it is guarded by the loop's lock; workers see only the plan.
 *
 *   switch.c      a switch's life, its control thread
 *   app_worker.c  workers on an application's own threads
 *   show.c        snapshots for people and programs: ports and bridges; in show_fdb.c
 *                 address tables, in show_workers.c workers and memory
 *   events.c      what happened to ports and bridges, for whoever reads it
 *   slow.c        ports that take too long, in the log
 *   mirrors.c     copies for who watches a bridge
 *   patches.c     whether ends of patch ports agree
 *   bonds.c       which members of bonds carry frames
 *   hooks.c       the application's hooks, and which ports have them; in hooks_show.c what they did
 *   apply.c       changes the configuration, wholly or not at all
 *   next_ports.c  its ports: which stay, which are made
 *   commit.c      its second half: what cannot fail
 *   publish.c     has workers see a plan
 *   place.c       which worker polls which queue, by the rules of balance.h
 *   load.c        what queues and workers take of their time, once a second
 *   plan.c        the plan of a state
 *   state.c       ports, bridges and workers that belong together
 *
 * Each calls only those below it.
 */
#ifndef XD_SWITCH_SWITCH_H
#define XD_SWITCH_SWITCH_H

#include <pthread.h>
#include <rte_rcu_qsbr.h>

#include "base/guard.h"
#include "base/loop.h"
#include "base/path_watch.h"
#include "base/reaper.h"
#include "bridge/plan.h"
#include "config/claims.h"
#include "crossdock.h"
#include "memory/memory.h"
#include "switch/balance.h"
#include "worker/worker.h"

#define XD_OWNER_NONE XD_BALANCE_NONE
#define XD_ALL_QUEUES UINT16_MAX

struct xd_switch_bridge {
	struct xd_bridge_config config;
	struct xd_fdb *fdb;
	bool fresh; /* fdb was made for this state; the state before it has another */
};

struct xd_switch_mirror {
	struct xd_mirror_counters *counters; /* by worker */
	bool fresh;                          /* made for this state */
};

/* One state of the switch: what a configuration became. The next one shares what stays the same. */
struct xd_state {
	struct xd_config *config;
	struct xd_names *names; /* of config, as are */
	struct xd_claims *claims;
	uint16_t port_of[XD_MAX_PORTS];      /* index of port number i in config */
	struct xd_port *ports[XD_MAX_PORTS]; /* by index */
	const struct xd_port_config *port_config[XD_MAX_PORTS]; /* in config; by index */
	bool fresh_port[XD_MAX_PORTS];                          /* made for this state */
	struct xd_worker *workers[XD_MAX_WORKERS];              /* by index */
	bool fresh_worker[XD_MAX_WORKERS];
	unsigned nb_bridges;
	struct xd_switch_bridge *bridges;            /* in the order of config */
	uint8_t owner[XD_MAX_PORTS][XD_PORT_QUEUES]; /* worker of each receive queue */
	uint64_t hooks[XD_MAX_PORTS]; /* that each port has, a bit each by their index */
	struct xd_switch *sw;
	unsigned nb_mirrors;
	struct xd_switch_mirror mirrors[XD_MAX_MIRRORS]; /* likewise */
	struct xd_plan *plan;
};

struct xd_switch {
	struct xd_log log;
	struct xd_loop *loop;
	struct xd_guard *guard;         /* of workers */
	struct xd_reaper_pool *reapers; /* of ports, as are */
	struct xd_path_watches *paths;
	struct xd_port_env env;
	char *run_dir;                                       /* env's */
	const struct xd_driver *drivers[XD_MAX_DRIVERS + 1]; /* the application's, by NULL ended, */
	struct xd_driver own_drivers[XD_MAX_DRIVERS];        /* whatever sizes they came with */
	struct xd_hook_slot *hooks[XD_MAX_HOOKS];            /* likewise, by index */
	pthread_t control;
	bool control_runs;
	bool stop;
	bool tables_want; /* address tables need memory, says a worker */
	bool destroyed;   /* by the application; threads of its own still hold workers, */
	unsigned nb_app;  /* so many */
	int event_fd;
	struct xd_events *events; /* readers */
	uint64_t nb_events;       /* that there have been */
	uint64_t tsc_hz;
	uint64_t tsc_base;
	struct xd_balance balance; /* room for it */
	uint64_t looked_tsc;       /* at loads, the last time of */
	uint32_t nb_looks;         /* so many */
	uint32_t uneven_s;         /* for so long a worker has had too much, and another not, */
	uint32_t far_s;            /* and a queue has been far from its memory without need */
	uint64_t node_peak[XD_MEMORY_NODES]; /* most bytes of the EAL's that were in use */
	unsigned nb_pools;
	struct xd_memory_pool pools[XD_MEMORY_POOLS]; /* as last looked at */
	unsigned nb_slots; /* of workers that there have been: those above have counted nothing */
	struct rte_rcu_qsbr *qsbr;
	const struct xd_plan *plan; /* what workers read */
	uint64_t nb_plans;          /* published so far */
	uint64_t nb_lives;          /* ports that there have been: port.life */
	struct xd_state *state;
	const struct xd_state *next; /* while a change is being made; else NULL */
	struct xd_timer *ageing;
};

/* Seconds of the FDB's clock. */
uint32_t xd_switch_now_s(const struct xd_switch *sw);
/* xd_fdb_opts.wanted, for a switch: wakes control. */
void xd_switch_table_wants(void *sw);
/* What went over a node's border, as it is shown. */
static inline struct xd_node_traffic
xd_switch_node_traffic(const struct xd_node_bytes *b, int node)
{
	return (struct xd_node_traffic){node, b->bytes, b->crossed, b->crossed_ppm};
}
/* Frees what is left of a switch that was destroyed, once no thread holds a worker of it. */
void xd_switch_free(struct xd_switch *sw);

/* ---- slow.c ---- */

/* Logs which ports rest because they took too long. Once a second; now_s: of the FDB's clock. */
void xd_switch_tell_slow(struct xd_switch *sw, uint32_t now_s);

/* ---- hooks.c, hooks_show.c ---- */

/* Whether the hooks that a configuration names are registered. -ENOENT names the nearest one;
 * -EINVAL: one is named twice. Control. */
int xd_hooks_check(
	const struct xd_switch *sw, const struct xd_config *config, struct xd_error *err);
/* Those of a port of a state, at both points, in the order in which frames meet them. */
void xd_hooks_of(const struct xd_switch *sw, const struct xd_state *state, unsigned port,
	struct xd_hook_list *in, struct xd_hook_list *out);
/* Frees them all. */
void xd_hooks_free(struct xd_switch *sw);
/* Logs which hooks gave verdicts that cannot be. Once a second. */
void xd_switch_tell_hooks(struct xd_switch *sw);

/* ---- events.c ---- */

/* A port's driver says that it went up, down, or changed. */
void xd_events_port_changed(struct xd_switch *sw, struct xd_port *port);

/* ---- bonds.c ---- */

/* Has bonds know who their members are from now on: before the first plan of that state. */
void xd_state_join_bonds(const struct xd_state *state);
/* Has bonds know which of their members are up: whenever a port goes up or down. */
void xd_switch_look_at_bonds(struct xd_switch *sw);

/* ---- mirrors.c ---- */

/* Counters of the mirrors of a state, which those that stay have from the one before. -ENOMEM. */
int xd_state_make_mirrors(struct xd_state *next, const struct xd_state *now);
/* Frees those that were made: next is not to be; and those of mirrors that are no more: next is. */
void xd_state_undo_mirrors(struct xd_state *next);
void xd_state_commit_mirrors(struct xd_state *next, const struct xd_state *now);
/* Parts of xd_plan_fill: ports that copies leave by, before members of bridges are filled in, and
 * the mirrors themselves, after those. */
void xd_plan_mirror_outputs(struct xd_plan *plan, const struct xd_state *state);
void xd_plan_fill_mirrors(struct xd_plan *plan, const struct xd_state *state);

/* ---- patches.c ---- */

#define XD_PEER_WHY 128 /* bytes of what the next one says */

/* The peer of a patch port, when both ends agree; else NULL, and why not. */
const struct xd_port *xd_state_peer(
	const struct xd_state *state, const struct xd_port *port, char why[XD_PEER_WHY]);
/* Has patch ports know whether frames pass: whenever there is another state. */
void xd_switch_look_at_patches(struct xd_switch *sw);

/* ---- publish.c ---- */

/* Waits until all workers have left the turn they are in. */
void xd_switch_quiesce(struct xd_switch *sw);
/* Publishes a plan, has every worker look at it, and waits until none uses the one before. */
void xd_switch_publish(struct xd_switch *sw, const struct xd_state *state, struct xd_plan *plan);

/* ---- state.c ---- */

/* A state with a copy of the configuration and nothing else. claims_before: of the state that it
 * follows, or NULL. NULL: no memory. */
struct xd_state *xd_state_create(struct xd_switch *sw, const struct xd_config *config,
	const struct xd_claims *claims_before);
/* Frees the state itself, not what is in it. */
void xd_state_free(struct xd_state *state);
/* By name. */
struct xd_port *xd_state_port(const struct xd_state *state, const char *name);
/* Member number i of a bond; NULL: of another port, or it has no more. */
const struct xd_port *xd_state_member(
	const struct xd_state *state, const struct xd_port *port, unsigned i);
/* Number of a port in config, from which its claims are found. */
unsigned xd_state_port_number(const struct xd_state *state, const struct xd_port_config *config);
struct xd_switch_bridge *xd_state_bridge(const struct xd_state *state, const char *name);
unsigned xd_state_workers(const struct xd_state *state); /* how many */

/* ---- place.c ---- */

/* Number of the worker that a queue is pinned to, or XD_BALANCE_NONE. */
uint8_t xd_state_pinned(const struct xd_state *state, unsigned port, unsigned queue);
/* Gives every receive queue to a worker: where it was, if it may stay there, else by balance.h. */
void xd_switch_assign(struct xd_switch *sw, struct xd_state *state, const struct xd_state *before);
/* Moves queues off workers with a load of above_ppm or more, if the loads' variance gets so many
 * per cent smaller; or only tells what would be moved. -ENOMEM: nothing was. */
int xd_switch_move_queues(struct xd_switch *sw, uint32_t above_ppm, unsigned gain_percent,
	bool dry_run, struct xd_balance_info *info);

/* ---- load.c. Once a second. ---- */

void xd_switch_look_at_loads(struct xd_switch *sw);
/* At pools of packet buffers alone. */
void xd_switch_look_at_pools(struct xd_switch *sw);
/* Whether a worker is on another node than the memory of a port's frames, as far as is known. */
bool xd_switch_is_far(const struct xd_port *port, const struct xd_worker *w);
/* Moves queues if the configuration wants it and one worker has had too much for long enough. */
void xd_switch_balance_auto(struct xd_switch *sw);

/* ---- plan.c ---- */

/* Says whether a queue is to be left out of a plan, or with XD_ALL_QUEUES the whole port. */
typedef bool (*xd_plan_without_fn)(const void *ctx, const struct xd_port *port, uint16_t queue);

/* An empty plan, with memory for whatever the ports of a state come to. NULL: no memory. */
struct xd_plan *xd_plan_create(const struct xd_state *state);
/* Fills it in for that state, whose ports are started by now; without may be NULL. */
void xd_plan_fill(struct xd_plan *plan, const struct xd_state *state, xd_plan_without_fn without,
	const void *ctx);
void xd_plan_free(struct xd_plan *plan); /* NULL is fine */
/* The VLANs of a port alone, as its configuration describes them. */
void xd_plan_vlans(struct xd_plan_port *p, const struct xd_port_config *config);

/* ---- apply.c ---- */

/* Goes over to a configuration, wholly or not at all. app_add: an application's worker that joins;
 * app_del: one that leaves; NULL: none. Control. Errors are those of xd_switch_apply. */
int xd_switch_change(struct xd_switch *sw, const struct xd_config *config,
	struct xd_worker *app_add, struct xd_worker *app_del, struct xd_error *err);

#endif
