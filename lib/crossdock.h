/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crossdock: an Ethernet switch for virtual machines, as a library.
 *
 * A switch has bridges, bridges have ports, and workers carry frames between them. What a switch
 * shall be is said in a struct xd_config; xd_switch_apply() makes it so, wholly or not at all.
 *
 *     struct xd_error err;
 *     struct xd_switch *sw = xd_switch_create(NULL, &err);
 *     struct xd_config *config = xd_config_create();
 *     xd_config_set_workers(config, (unsigned[]){1}, 1);
 *     xd_config_add_bridge(config, "br0", &err);
 *     struct xd_port_config *vm1 = xd_config_add_port(config, "vm1", "vhost-user", "br0", &err);
 *     xd_port_config_set(vm1, "path", "/run/crossdock/vm1.sock", &err);
 *     xd_switch_apply(sw, config, &err);
 *
 * From there the switch runs on its own threads: one per worker, and one for control that serves
 * the sockets of the ports. No call exits, prints or blocks on a guest.
 *
 * All calls: any thread but a worker inside a hook or driver. Where it is another the call says so.
 * They are serialised by a lock that workers never take.
 *
 * Calls that fail return NULL or a negative errno and fill in the error, which may be NULL.
 * Pointers to a switch, a worker, a configuration, an entry of it, a key, a value or a name that
 * are NULL are answered with -EINVAL, or nothing where there is no error to return; where a place
 * for entries is NULL they are only counted.
 *
 * The lock is held around callbacks: a driver's control calls, watches and timers of base/loop.h,
 * and the functions given to xd_switch_describe_port and xd_switch_port_xstats. They must not call
 * what takes it, nor must the log function: that would wait for itself, which is asserted unless
 * NDEBUG is defined.
 *
 * Drivers of one's own: port/port.h. Frames as drivers see them: frame/frame.h.
 */
#ifndef CROSSDOCK_H
#define CROSSDOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "bonds.h"
#include "own_worker.h"
#include "stats/counters.h"
#include "stats/rmon.h"
#include "version.h"

XD_API_BEGIN

struct xd_driver;
struct xd_switch;

/* ---- Configuration: plain data. All calls: any thread, one at a time for a configuration. ---- */

#define XD_VLAN_NONE 0xffff /* no VLAN is said */
#define XD_VLAN_MAX  4094   /* the last one: IEEE 802.1Q */

/* Of keys with words, the indices of these, by key: idle, assign, isolate, balance, hugepages,
 * counters, vlan_mode, qinq_ethtype, full. */
enum xd_idle { XD_IDLE_SLEEP, XD_IDLE_POLL };
enum xd_assign { XD_ASSIGN_CYCLES, XD_ASSIGN_ROUNDROBIN };
enum xd_isolate { XD_ISOLATE_PINNED, XD_ISOLATE_NONE };
enum xd_balancing { XD_BALANCING_OFF, XD_BALANCING_AUTO };
enum xd_hugepages { XD_HUGEPAGES_AUTO, XD_HUGEPAGES_REQUIRED, XD_HUGEPAGES_NONE };
enum xd_counting { XD_COUNTING_BASIC, XD_COUNTING_DETAILED };
enum xd_vlan_mode {
	XD_VLAN_MODE_AUTO,
	XD_VLAN_MODE_ACCESS,
	XD_VLAN_MODE_TRUNK,
	XD_VLAN_MODE_NATIVE_TAGGED,
	XD_VLAN_MODE_NATIVE_UNTAGGED,
	XD_VLAN_MODE_DOT1Q_TUNNEL,
};
enum xd_qinq { XD_QINQ_802_1AD, XD_QINQ_802_1Q };
enum xd_full { XD_FULL_DROP, XD_FULL_WAIT }; /* see struct xd_port_config */
enum xd_coalesce { XD_COALESCE_OFF, XD_COALESCE_ON, XD_COALESCE_PUSH };

#define XD_PORT_SETTINGS 1024 /* bytes that a driver may have for the settings of its type */

/*
 * The members of these structs are the keys of the configuration. Each is written down once, with
 * its type, range, default and meaning, as XD_KEY(name, members, row) in the file that is included
 * (key/port.def); doc/configuration.rst says the same at length.
 */
#define XD_KEY(key, members, ...) members;

struct xd_bridge_config {
	char name[XD_NAME_MAX]; /* unique among bridges */
#include "key/bridge.def"
};

struct xd_port_config {
	char name[XD_NAME_MAX]; /* unique among ports */
#include "key/port.def"
	/* What becomes of frames for a guest that has no free buffer: dropped after a few tries, or
	 * left in the sender's ring for at most wait_us, then dropped. Only where the driver can
	 * tell how much room there is (vhost-user, app). */
	enum xd_full full;
	uint32_t wait_us; /* 1 to 1000000, for a program 60000000; 1000 */
	/* TCP segments for the port that follow each other go as one frame to be segmented; with
	 * PUSH also those whose PSH flag is set. Only where the driver takes such (struct
	 * xd_driver, takes). */
	enum xd_coalesce coalesce;
	/*
	 * The settings of this type alone: a struct of its driver's, whose keys are set with
	 * xd_port_config_set(), or by its members where the driver has a header
	 * (drivers/vhost/config.h). A port's configuration stays plain data, copied by assignment.
	 */
	union {
		char bytes[XD_PORT_SETTINGS];
		uint64_t align;
	} settings;
	const struct xd_driver *const *drivers; /* the configuration's */
};

struct xd_entries;

struct xd_config {
	/* More port types than those built in, ended by NULL, or NULL: the same as in struct
	 * xd_switch_opts, if any of them has keys. Set before ports are added; borrowed. */
	const struct xd_driver *const *drivers;
#include "key/memory.def"
#include "key/workers.def"
	struct xd_entries *entries; /* bridges, ports, ...: see the calls below */
};

#undef XD_KEY

/* An empty configuration with defaults, the caller's. NULL: no memory. */
struct xd_config *xd_config_create(void);
/* Frees a configuration and its entries; NULL is fine. */
void xd_config_destroy(struct xd_config *config);
/* Another one with the same in it, the caller's. NULL: no memory. */
struct xd_config *xd_config_copy(const struct xd_config *config);
/* Whether the settings are the same, whatever the names. */
bool xd_port_config_equal(const struct xd_port_config *a, const struct xd_port_config *b);
bool xd_bridge_config_equal(const struct xd_bridge_config *a, const struct xd_bridge_config *b);

/* Sets the cores that carry frames, by the system's numbers: a worker thread on each of n. 0;
 * -E2BIG: more than XD_MAX_WORKERS; -EINVAL: a number is above 65535. That they are cores is
 * checked when the configuration is applied. */
int xd_config_set_workers(struct xd_config *config, const unsigned *cores, unsigned n);
/* Adds with defaults and returns the entry to fill in, valid until the next add or delete.
 *   -EEXIST  the name is taken
 *   -EINVAL  not a name (letters, digits, "-_.:", 1 to 31), or of a port no type or bridge
 *   -ENOMEM  no memory
 */
struct xd_bridge_config *xd_config_add_bridge(
	struct xd_config *config, const char *name, struct xd_error *err);
struct xd_port_config *xd_config_add_port(struct xd_config *config, const char *name,
	const char *type, const char *bridge, struct xd_error *err);
/* Sets a key by its name, from text as the configuration file has it. Errors name the key: -ENOENT:
 * there is no such key; -EINVAL, -E2BIG, -ENAMETOOLONG: not a value for it. */
int xd_bridge_config_set(
	struct xd_bridge_config *bridge, const char *key, const char *value, struct xd_error *err);
int xd_port_config_set(
	struct xd_port_config *port, const char *key, const char *value, struct xd_error *err);
/* The one of that name, valid until the next add or delete. NULL: there is none. */
struct xd_bridge_config *xd_config_bridge(const struct xd_config *config, const char *name);
struct xd_port_config *xd_config_port(const struct xd_config *config, const char *name);
/* How many there are, and all of them in the order in which they were added, valid until the next
 * add or delete. */
unsigned xd_config_nb_bridges(const struct xd_config *config);
struct xd_bridge_config *xd_config_bridges(const struct xd_config *config);
unsigned xd_config_nb_ports(const struct xd_config *config);
struct xd_port_config *xd_config_ports(const struct xd_config *config);
/* Takes one out. 0; -ENOENT: there is none of that name; -EINVAL: no name. */
int xd_config_del_bridge(struct xd_config *config, const char *name, struct xd_error *err);
int xd_config_del_port(struct xd_config *config, const char *name, struct xd_error *err);
/* Applied, this leaves the port's guest connected. -ENOENT: there is no such port; -EEXIST,
 * -EINVAL: as xd_config_add_port. */
int xd_config_rename_port(
	struct xd_config *config, const char *name, const char *to, struct xd_error *err);

/* ---- Memory: the EAL ---- */

struct xd_memory_opts {
	uint32_t size; /* sizeof(struct xd_memory_opts); what a shorter one lacks is 0 or NULL */
	enum xd_hugepages hugepages; /* what its memory is made of */
	const char *program;         /* argv[0] for the EAL */
	char *const *eal_args;       /* extra EAL options, or NULL */
	unsigned nb_eal_args;
	const struct xd_log *log; /* copied; what it calls lives until xd_memory_stop; or NULL */
};

/* Brings the EAL up, or accepts one that is up already; opts NULL: with defaults. Nothing reaches
 * the terminal: what DPDK prints meanwhile goes to the log, at level debug. Main thread, while no
 * other thread prints to stdout or stderr. 0, or what rte_eal_init fails with, or:
 *   -ENOMEM    too few hugepages; the text says how much is missing and what to type
 *   -EINVAL    hugepages are required and an EAL option forbids them, or an option or size is wrong
 *   -EALREADY  xd_memory_stop has ended the EAL, which starts once in a process
 */
int xd_memory_start(const struct xd_memory_opts *opts, struct xd_error *err);
/* Gives the EAL back if xd_memory_start brought it up, and does nothing otherwise; may be called
 * again. After the last switch is destroyed. Main thread. */
void xd_memory_stop(void);

/* ---- The switch ---- */

struct xd_switch_opts {
	uint32_t size; /* sizeof(struct xd_switch_opts); what a shorter one lacks is 0 or NULL */
	const struct xd_driver *const *drivers; /* more port types, ended by NULL; or NULL */
	const char *run_dir; /* for files that outlive the process (where packed rings stand); or
				NULL */
	/* A guest whose memory file is truncated raises SIGBUS. The switch installs a handler that
	 * survives it, once for the process, and passes on what is not its own; true: the
	 * application has a handler already, and that calls xd_bus_error() (memory/bus_error.h). */
	bool own_sigbus;
	xd_log_fn log;               /* NULL: silent */
	void *log_ctx;               /* log's */
	enum xd_log_level log_level; /* 0 is error only */
};

/* Makes a switch with nothing in it, the caller's. The EAL must be up.
 *   -EINVAL  it is not; or the options, or a driver in them, are not complete; or there can be no
 *            handler of SIGBUS
 *   -ENOSPC  more than XD_MAX_DRIVERS drivers
 *   -ENOMEM  no memory or file descriptors
 *   -EAGAIN  no thread for control
 */
struct xd_switch *xd_switch_create(const struct xd_switch_opts *opts, struct xd_error *err);
/* Stops everything in it; NULL is fine. Threads that are workers of it may go on polling, and
 * unregister. */
void xd_switch_destroy(struct xd_switch *sw);

/* Checks a configuration without changing anything: by itself, with port types besides those built
 * in (ended by NULL; or NULL), or for a switch, with what that has of drivers, hooks and ports.
 * err->key names the key at fault.
 *   -EINVAL        a value that cannot be, or that does not go with another
 *   -ENOENT        a name of something that is not there
 *   -EEXIST        two entries have one name
 *   -E2BIG         more of them, or in a list, than there can be
 *   -ENAMETOOLONG  a text is too long
 *   -ENOMEM        no memory to check it
 */
int xd_config_check(const struct xd_config *config, const struct xd_driver *const *drivers,
	struct xd_error *err);
int xd_switch_check(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err);
/*
 * Checks, then changes everything or nothing. Ports that stay the same keep their traffic. The
 * configuration is copied.
 *
 * A port whose name is new, and whose type and socket or device are those of a port that is no
 * longer named, is that port under another name: its guest stays connected, addresses and counters
 * are kept. A port that has to be made anew keeps its counters.
 *
 * Fails as xd_config_check, naming the key at fault; as a driver's create, can_set or start or a
 * hook's attach does, or with -EINVAL where that gave no reason; or with:
 *   -ENOMEM  no memory
 *   -ENOSPC  more workers than there can be
 */
int xd_switch_apply(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err);
/* A copy of what runs, the caller's, that knows the keys of the switch's drivers while the switch
 * lives; of a new switch it is empty. NULL: no memory. */
struct xd_config *xd_switch_config(struct xd_switch *sw);

/* A descriptor that is readable when a port went up or down or changed; read it (8 bytes) to clear
 * it. It is the switch's, and lives as long. -EINVAL: there is no switch. Any thread. */
int xd_switch_event_fd(struct xd_switch *sw);

/* Sets from which level on lines about a component come out. 0; -EINVAL: there is no such component
 * or level. Any thread. */
int xd_switch_log_level(
	struct xd_switch *sw, enum xd_log_component component, enum xd_log_level level);
/* The switch's log, for lines of the application's; it lives as long as the switch. Any thread. */
const struct xd_log *xd_switch_log(struct xd_switch *sw);

/* ---- What runs: snapshots for people and programs ---- */

/* Bytes of frames received from a port and sent to it, and those of them that a worker on another
 * NUMA node than the port's memory carried. */
struct xd_node_traffic {
	int node; /* of the port's memory, of the worker's core; -1: not known */
	uint64_t bytes, crossed_bytes;
	uint32_t crossed_ppm; /* millionths, lately */
};

struct xd_port_info {
	struct xd_port_config config;
	uint16_t index;       /* xd_switch_port_index */
	bool up;              /* frames can pass */
	uint32_t nb_macs;     /* addresses learned behind it */
	uint64_t not_learned; /* learnings refused: a limit was reached or the table full */
	uint64_t damped;      /* moves to it not followed: the address went to and fro */
	struct xd_counters counters;
	struct xd_rmon rmon; /* what came in while config.counters was detailed */
	struct xd_node_traffic traffic;
	uint16_t nb_queues;
	struct xd_drops drops[XD_PORT_QUEUES]; /* by queue */
};

struct xd_bridge_info {
	struct xd_bridge_config config;
	uint32_t nb_macs;
	uint32_t nb_ports;
	uint32_t nb_static;   /* of nb_macs: addresses.h */
	uint64_t fdb_bytes;   /* memory of its table */
	uint64_t moves;       /* addresses that changed port */
	uint64_t not_learned; /* addresses not learned: table or limit full */
	uint64_t damped;      /* moves not followed: the address went to and fro */
};

struct xd_fdb_info {
	uint8_t mac[6];         /* as on the wire */
	uint16_t vlan;          /* 0: none */
	char port[XD_NAME_MAX]; /* that it is behind */
	uint32_t age_s;         /* since it was seen last */
	bool is_static;         /* addresses.h */
};

struct xd_worker_info {
	unsigned core;
	int node;           /* NUMA node of the core */
	bool own;           /* false: an application's lcore, by xd_worker_register */
	bool sleeping;      /* now */
	bool isolated;      /* queues are pinned to it, and it gets no others */
	unsigned nb_queues; /* receive queues it polls */
	uint32_t load_ppm;  /* millionths of its time that it carried frames, lately */
	struct xd_node_traffic traffic;
	uint64_t busy_cycles;  /* TSC cycles of loops that carried frames */
	uint64_t idle_cycles;  /* of loops that did not, asleep not counted */
	uint64_t frames;       /* received */
	uint64_t turns;        /* receives that brought frames */
	uint64_t rounds;       /* of all its queues */
	uint64_t sleeps;       /* how often it has slept */
	uint64_t sleep_cycles; /* that these took */
};

struct xd_worker_queue {
	char port[XD_NAME_MAX];
	uint16_t queue;
	uint32_t load_ppm; /* millionths of the worker's time that it took, lately */
	bool pinned;       /* to this worker, by affinity */
	/* Of its affinity, when there is no worker on that core; else -1. */
	int missing_core;
	int node; /* of its memory; -1: not known */
	bool far; /* its worker is on another */
};

#define XD_BALANCE_MOVES 64 /* at once */

struct xd_balance_move {
	char port[XD_NAME_MAX];
	uint16_t queue;
	uint32_t load_ppm;
	unsigned from_core, to_core;
};

struct xd_balance_info {
	bool moved; /* they were; else they would be */
	unsigned nb_moves;
	struct xd_balance_move moves[XD_BALANCE_MOVES]; /* nb_moves of them */
	uint32_t most_ppm, most_after_ppm; /* load of the busiest worker, before and after */
	unsigned gain_percent; /* by which the variance of the workers' loads gets smaller */
};

#define XD_MEMORY_NODES 8  /* NUMA nodes that are told of, */
#define XD_MEMORY_POOLS 64 /* and pools of packet buffers */

/* Peaks are of what was seen once a second. */
struct xd_memory_node {
	unsigned node;
	uint64_t eal_bytes, eal_used_bytes, eal_peak_bytes;
	unsigned nb_pages;
	struct xd_memory_pages {
		uint64_t page_bytes, total, free;
	} pages[2]; /* huge pages that the system has there */
};

struct xd_memory_pool {
	char name[XD_NAME_MAX]; /* DPDK's */
	int node;
	uint32_t buffers, in_use, peak; /* numbers of buffers: all, now, and at most */
	uint64_t bytes;
};

struct xd_memory_info {
	bool hugepages; /* the EAL's memory is made of them */
	uint64_t page_bytes;
	uint64_t eal_bytes; /* reserved by the EAL */
	uint64_t eal_used_bytes;
	uint64_t fdb_bytes;
	uint64_t pool_bytes;  /* packet buffers of NIC ports */
	uint64_t guest_bytes; /* guests' memory mapped */
	unsigned nb_nodes;
	struct xd_memory_node nodes[XD_MEMORY_NODES]; /* nb_nodes of them */
	unsigned nb_pools;
	struct xd_memory_pool pools[XD_MEMORY_POOLS]; /* nb_pools of them */
};

/* Each fills at most max entries of the caller's, in the order of the configuration (workers: of
 * their numbers), and returns how many there are. Counters are at most one turn old. */
unsigned xd_switch_ports(struct xd_switch *sw, struct xd_port_info *info, unsigned max);
unsigned xd_switch_bridges(struct xd_switch *sw, struct xd_bridge_info *info, unsigned max);
unsigned xd_switch_workers(struct xd_switch *sw, struct xd_worker_info *info, unsigned max);
/* One port, into *info. 0; -ENOENT: there is none of that name; -EINVAL: no name or place. */
int xd_switch_port(struct xd_switch *sw, const char *name, struct xd_port_info *info);
/* The receive queues of a worker, which is a place in what xd_switch_workers fills. Fills at most
 * max entries and returns how many there are; 0 too when there is no such worker. */
unsigned xd_switch_worker_queues(
	struct xd_switch *sw, unsigned worker, struct xd_worker_queue *queues, unsigned max);
/* Moves receive queues from busy workers to others, as few as help, by the load that was measured
 * lately; dry_run: only tells which. No frame is lost, and a queue's keep their order. 0, also when
 * there is nothing to move; -ENOMEM: no memory; -EINVAL: no place for what is told. */
int xd_switch_balance(
	struct xd_switch *sw, bool dry_run, struct xd_balance_info *info, struct xd_error *err);
/* Cycles a second of the clock that figures in cycles are of. Any thread. */
uint64_t xd_switch_tsc_hz(struct xd_switch *sw);
/* Fills *info; sw NULL: with what is the process's. */
void xd_switch_memory(struct xd_switch *sw, struct xd_memory_info *info);
/* Driver-specific facts of a port, as pairs of words that live while fn runs, which is called with
 * the lock held. 0; -ENOENT: no such port; -EINVAL: no name or function. */
int xd_switch_describe_port(struct xd_switch *sw, const char *port,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx);

/* What the port's device counts itself (DPDK's extended statistics), by name and queue: none of a
 * type whose devices do not count. fn is called with the lock held. 0; -ENOENT: no such port;
 * -EINVAL: no name or function. */
int xd_switch_port_xstats(struct xd_switch *sw, const char *port,
	void (*fn)(void *ctx, const char *name, uint64_t value), void *ctx);

/* The FDB of a bridge, a snapshot: *entries is the caller's to free(). Returns the number of
 * entries. -ENOENT: no such bridge; -ENOMEM: no memory for so many; -EINVAL: no place for them. */
int xd_switch_fdb(struct xd_switch *sw, const char *bridge, struct xd_fdb_info **entries,
	struct xd_error *err);
/* A part of them: at most max, from *place on (0: the beginning); *place gets where the next part
 * begins, XD_FDB_PLACE_END behind the last. Addresses that come, go or move between the parts may
 * be missing or there twice. Returns how many; -ENOENT: no such bridge. */
#define XD_FDB_PLACE_END UINT32_MAX
int xd_switch_fdb_part(struct xd_switch *sw, const char *bridge, uint32_t *place,
	struct xd_fdb_info *entries, unsigned max, struct xd_error *err);
/* Forgets what was learned: of one port, or of all when port is NULL. Static addresses stay. 0;
 * -ENOENT: there is no such bridge, or no such port; -EINVAL: no bridge is named. */
int xd_switch_fdb_flush(
	struct xd_switch *sw, const char *bridge, const char *port, struct xd_error *err);

/* The library's version, and the commit it was built from: "0.1.0+1a2b3c4d5e6f". version.h has that
 * of the headers. Static text. Any thread. */
const char *xd_version(void);

XD_API_END

#endif
