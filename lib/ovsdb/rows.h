/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of the database's bridges and ports: how its rows were understood, what became of
 * them, and what was written. They stay over a connection; rows that are the same object as before
 * (replica.h) are not looked at again.
 *
 * The loop's thread.
 */
#ifndef XD_OVSDB_ROWS_H
#define XD_OVSDB_ROWS_H

#include <sys/queue.h>

#include "bonds.h"
#include "ovsdb/client.h"
#include "ovsdb/ovsdb.h"

#define XD_OVSDB_UUID    40
#define XD_OVSDB_LOCAL   65534 /* the number of a bridge's own port: OpenFlow 1.0's OFPP_LOCAL */
#define XD_OVSDB_FAILED  -1
#define XD_OVSDB_ERROR   400
#define XD_OVSDB_NO_PORT UINT32_MAX

#define XD_OVSDB_KEY_PREFIX "crossdock-" /* of other_config: a key of ours */

/* A row and what was written of it: {COLUMN: VALUE}, since the connection began. */
struct xd_ovsdb_row {
	const char *table;
	char uuid[XD_OVSDB_UUID];
	const json_t *row; /* a reference */
	json_t *written;
	bool seen;
};

struct xd_ovsdb_bridge {
	TAILQ_ENTRY(xd_ovsdb_bridge) link;
	struct xd_ovsdb_row of;
	struct xd_bridge_config config;
	uint8_t mac[6];
	char error[XD_OVSDB_ERROR]; /* it cannot be made: nor can its ports */
	unsigned version; /* counts changes that its ports depend on: not those of which they are */
	int last_ofport;  /* that was given */
};

/* A port of the switch: of an Interface, or of a Port that is a bond, whose row `of` is then. */
struct xd_ovsdb_port {
	TAILQ_ENTRY(xd_ovsdb_port) link;
	struct xd_ovsdb_row of;
	const json_t *port_row;            /* a reference; it was made of this row too, and of */
	const json_t *qos_row, *queue_row; /* likewise, or NULL */
	struct xd_ovsdb_bridge *bridge;
	unsigned bridge_version; /* 0: of none yet */
	struct xd_port_config config;
	bool is_bond;
	bool is_member;
	const struct xd_ovsdb_port *bond; /* of a member, where it was made */
	bool is_local;
	bool fails; /* error is of its rows, which have to change first */
	bool tried; /* again, though the switch had refused it: refused.c */
	char error[XD_OVSDB_ERROR];
	char remark[XD_OVSDB_ERROR]; /* a value that it was made without */
	char told[XD_OVSDB_ERROR];   /* the error, or remark, that was logged last */
	int ofport;
	uint32_t index; /* among the ports that run, or XD_OVSDB_NO_PORT */
	bool was_up;    /* as written last, and */
	int was_ofport, was_current;
	bool stale;                      /* its rows or its facts may have changed since */
	uint64_t counted[4], dropped[2]; /* as written last */
	bool has_statistics;
	json_t *statistics; /* their map */
};

/* A mirror of the switch, of a row of Mirror. */
struct xd_ovsdb_mirror {
	TAILQ_ENTRY(xd_ovsdb_mirror) link;
	struct xd_ovsdb_row of;
	const struct xd_ovsdb_bridge *bridge;
	char name[XD_NAME_MAX]; /* the switch's: that of the row, where it can be */
	bool partly;            /* made without ports that are not there */
	char error[XD_OVSDB_ERROR];
	char told[XD_OVSDB_ERROR]; /* what was logged last */
};

TAILQ_HEAD(xd_ovsdb_bridges, xd_ovsdb_bridge);
TAILQ_HEAD(xd_ovsdb_mirrors, xd_ovsdb_mirror);
TAILQ_HEAD(xd_ovsdb_ports, xd_ovsdb_port);

struct xd_ovsdb {
	/* Makes `next` what runs, wholly or not at all; takes it. */
	int (*commit)(struct xd_ovsdb *o, struct xd_daemon_config *next, struct xd_error *err);
	struct xd_ovsdb_opts opts; /* whose strings are these: */
	char remote[sizeof(((struct xd_daemon_config *)0)->ovsdb)], run_dir[XD_PATH_MAX];
	char key[XD_OVSDB_FILE_MAX], cert[XD_OVSDB_FILE_MAX], ca[XD_OVSDB_FILE_MAX];
	struct xd_ovsdb_client *client;
	const struct xd_ovsdb_replica *rows; /* the client's, or those of a file */
	struct xd_watch *events;             /* links that went up or down */
	struct xd_timer *statistics, *soon;
	struct xd_ovsdb_row root; /* of Open_vSwitch */
	struct xd_ovsdb_bridges bridges;
	struct xd_ovsdb_ports ports; /* members before their bond */
	void *by_uuid;               /* ports: tsearch(3) */
	struct xd_ovsdb_mirrors mirrors;
	unsigned nb_mirrors;
	char vhost_dir[XD_PATH_MAX];
	json_t *told;               /* settings that were answered: {KEY: VALUE} */
	bool cores_set;             /* pmd-cpu-mask did; else the file's hold */
	json_int_t next_cfg;        /* of the rows that were applied */
	bool due;                   /* rows came while a transaction was under way */
	bool untried;               /* some that were refused are to be tried again */
	bool once_more;             /* likewise all, at the next tick */
	struct xd_port_info *infos; /* of what runs, and how many there is room for */
	unsigned nb_infos, max_infos;
	struct xd_bond_info *bonds; /* likewise, of members of bonds */
	unsigned nb_bonds, max_bonds;
	unsigned turn;       /* whose facts are read next */
	unsigned nb_failing; /* ports whose rows are wrong, for now */
	char told_error[XD_OVSDB_ERROR];
};

/* ---- rows.c ---- */

/* Has bridges and ports be those of the rows. */
void xd_ovsdb_rows_take(struct xd_ovsdb *o);
/* Frees those that the rows no longer have. */
void xd_ovsdb_rows_sweep(struct xd_ovsdb *o);
void xd_ovsdb_rows_free(struct xd_ovsdb *o);
/* Nothing counts as written: the server has forgotten what is not kept in its file. */
void xd_ovsdb_rows_forget_written(struct xd_ovsdb *o);
void xd_ovsdb_row_begin(struct xd_ovsdb_row *of, const char *table, const char *uuid);
void xd_ovsdb_row_end(struct xd_ovsdb_row *of);
/* Takes a reference to a row in the place of the one before; NULL is fine. */
void xd_ovsdb_row_hold(const json_t **kept, const json_t *row);
const char *xd_ovsdb_row_name(const json_t *row); /* "": it has none */

/* ---- ports.c ---- */

/* Has the port, or the bond and its members, of a row of Port be as the rows say. */
void xd_ovsdb_port_take(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const char *uuid);
void xd_ovsdb_port_free(struct xd_ovsdb *o, struct xd_ovsdb_port *port);
/* Notes an error of a port, and logs it when it is new. */
void xd_ovsdb_port_fail(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const char *text);

/* ---- apply.c ---- */

/* Makes the rows what runs, by commit; ports that cannot be made are left out, with their error. */
void xd_ovsdb_apply(struct xd_ovsdb *o);
/* The commit of a switch that runs. */
int xd_ovsdb_commit(struct xd_ovsdb *o, struct xd_daemon_config *next, struct xd_error *err);

/* ---- refused.c ---- */

/* Has ports and mirrors be tried that were refused before: some of them, all in turn. While there
 * are others, untried is set. */
void xd_ovsdb_forgive(struct xd_ovsdb *o);
/* Takes out of a configuration what a check of it refuses, one after the other. */
void xd_ovsdb_settle(struct xd_ovsdb *o, struct xd_config *config);
/* Leaves out what an error is about: a port, a mirror, or, when it names none, all that are not
 * there yet. False: it is about nothing that could be left out. */
bool xd_ovsdb_blame(struct xd_ovsdb *o, const struct xd_error *err);
/* A bond's members have no port without it. */
void xd_ovsdb_blame_members(struct xd_ovsdb *o);

/* ---- ofport.c ---- */

void xd_ovsdb_number_ports(struct xd_ovsdb *o);

/* ---- settings.c ---- */

/* Open_vSwitch's other_config: what has a meaning goes to the workers, what has none is answered
 * in the log. */
void xd_ovsdb_settings(struct xd_ovsdb *o, struct xd_config *config);
/* Logs an answer to a setting, once for each value. */
void xd_ovsdb_answer(struct xd_ovsdb *o, const char *key, const char *value, const char *why);
/* Answers what a bridge has that is not there. */
void xd_ovsdb_bridge_answers(struct xd_ovsdb *o, const json_t *row);
/* other_config of a Bridge, as its keys. -EINVAL. */
int xd_ovsdb_bridge_config(
	const json_t *row, struct xd_bridge_config *config, struct xd_error *err);

/* ---- mac.c ---- */

/* The Ethernet address that a bridge, and its own port, are to have: other_config:hwaddr, that of
 * an interface of its name, or one that is made from the row's UUID. Changes nothing. */
void xd_ovsdb_bridge_mac(const json_t *row, const char *uuid, uint8_t mac[6]);

/* ---- answers.c ---- */

/* A row that becomes another. called: what it is to people, such as "interface". */
struct xd_ovsdb_row_change {
	const char *table, *called;
	const json_t *from, *to; /* from: NULL at first */
};

/* Answers in the log what is new in a row and nothing here does. */
void xd_ovsdb_answers(struct xd_ovsdb *o, const struct xd_ovsdb_row_change *change);
/* The same of a port's rows, before they become these. */
void xd_ovsdb_port_answers(struct xd_ovsdb *o, const struct xd_ovsdb_port *port, const json_t *row,
	const json_t *port_row);

/* ---- interface.c, vlan.c, bond.c, own_keys.c: rows as ports ---- */

struct xd_ovsdb_place {
	const json_t *bridge, *port; /* rows */
	const uint8_t *bridge_mac;
	const json_t *qos; /* the row of the Port's, or NULL, and of its first queue */
	const json_t *queue;
	const char *vhost_dir; /* of sockets that have no path */
	bool member;           /* of a bond */
	/* The first value that makes no sense and that the port is made without: code 0 when all
	 * do. NULL: nobody wants to know. */
	struct xd_error *remark;
};

/* Types of Interfaces that there are: ended by NULL, sorted. */
extern const char *const xd_ovsdb_types[];

/* Errors have the text that the Interface's `error` gets. -EINVAL and what xd_config_check says. */
int xd_ovsdb_interface(const struct xd_ovsdb_place *place, const json_t *row,
	struct xd_port_config *config, struct xd_error *err);
int xd_ovsdb_vlan(const json_t *port, struct xd_port_config *config, struct xd_error *err);
/* members: names, as many as the Port has Interfaces. */
int xd_ovsdb_bond(const struct xd_ovsdb_place *place, const char *const *members, unsigned n,
	unsigned mtu, struct xd_port_config *config, struct xd_error *err);

/* Keys of ours among a row's other_config. -EINVAL, and what xd_noun_known says. */
int xd_ovsdb_own_keys(const json_t *row, struct xd_port_config *port, struct xd_error *err);

/* ---- affinity.c ---- */

/* Pins a port's queues; what cannot be is left out with a remark. */
void xd_ovsdb_affinity(
	const struct xd_ovsdb_place *place, const json_t *row, struct xd_port_config *port);

/* ---- remark.c ---- */

/* Remarks that the value of `from`, a column or an option, was left out. */
void xd_ovsdb_remark(const struct xd_ovsdb_place *place, const char *from, const char *why);
/* Sets a key of a port; NULL does nothing, and what makes no sense is left out with a remark. */
void xd_ovsdb_try(const struct xd_ovsdb_place *place, struct xd_port_config *port, const char *key,
	const char *value, const char *from);

/* ---- police.c ---- */

/* An Interface's limits, and those of its Port's QoS. What makes no sense is left out with a
 * remark. */
void xd_ovsdb_police_in(
	const struct xd_ovsdb_place *place, const json_t *row, struct xd_port_config *port);
void xd_ovsdb_police_out(const struct xd_ovsdb_place *place, struct xd_port_config *port);

/* ---- mirrors.c ---- */

/* Has the mirrors of a bridge be those of its row. */
void xd_ovsdb_mirrors_take(struct xd_ovsdb *o, const struct xd_ovsdb_bridge *bridge);
void xd_ovsdb_mirror_free(struct xd_ovsdb *o, struct xd_ovsdb_mirror *mirror);
/* Adds them to a configuration that has the ports; one that makes no sense is left out with a line
 * in the log, for a row of Mirror has no `error`. */
void xd_ovsdb_mirrors_add(struct xd_ovsdb *o, struct xd_config *config);
/* Leaves out the mirror that an error of the switch's is about. False: it is about none. */
bool xd_ovsdb_mirrors_blame(struct xd_ovsdb *o, const struct xd_error *err);
void xd_ovsdb_mirrors_forgive(struct xd_ovsdb *o); /* all may be right by now */
void xd_ovsdb_mirrors_statistics(struct xd_ovsdb *o, json_t *operations);

/* ---- bond_status.c ---- */

/* Whether a member of a bond has heard from its partner lately; -1: it does not listen. */
int xd_ovsdb_bond_current(const struct xd_ovsdb *o, const struct xd_ovsdb_port *port);
void xd_ovsdb_write_bond(struct xd_ovsdb *o, struct xd_ovsdb_port *bond, json_t *operations);

/* ---- status.c, statistics.c ---- */

/* Reads what runs into infos. */
void xd_ovsdb_look(struct xd_ovsdb *o);
/* Adds operations for all that is not written as it is. */
void xd_ovsdb_write_ports(struct xd_ovsdb *o, json_t *operations);
void xd_ovsdb_write_root(struct xd_ovsdb *o, json_t *operations);
/* all: else of ports that have none yet. */
void xd_ovsdb_write_statistics(struct xd_ovsdb *o, json_t *operations, bool all);
/* Puts a column into the row that is to be written, unless it was written so. Takes value. */
void xd_ovsdb_put(struct xd_ovsdb_row *of, json_t *row, const char *column, json_t *value);
/* Adds the operation that writes the row, if there is anything in it. Takes it. */
void xd_ovsdb_update(const struct xd_ovsdb_row *of, json_t *row, json_t *operations);

#endif
