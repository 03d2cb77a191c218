/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mirrors: copies of frames that enter or leave a bridge, for who watches it (SPAN, and with
 * output_vlan RSPAN). What is copied and where it goes is a struct xd_mirror_config in the
 * configuration; names and meaning are those of Open vSwitch's table Mirror.
 *
 *     struct xd_mirror_config *m1 = xd_config_add_mirror(config, "m1", "br0", &err);
 *     xd_mirror_config_set(m1, "select_all", "yes", &err);
 *     xd_mirror_config_set(m1, "output_port", "span0", &err);
 *     xd_switch_apply(sw, config, &err);
 *
 * All calls: any thread; a configuration is used by one at a time.
 */
#ifndef XD_MIRROR_H
#define XD_MIRROR_H

#include "crossdock.h"

XD_API_BEGIN

#define XD_MAX_MIRRORS  64 /* of a switch */
#define XD_MIRROR_PORTS 64 /* that one names, in each direction */

/* The index of the word that select_all has: the ports that are named, or all. */
enum xd_mirror_select { XD_MIRROR_SELECT_PORTS, XD_MIRROR_SELECT_ALL };

/* Its keys: key/mirror.def; doc/configuration.rst says the same at length. */
struct xd_mirror_config {
	char name[XD_NAME_MAX]; /* unique among mirrors */
#define XD_KEY(key, members, ...) members;
#include "key/mirror.def"
#undef XD_KEY
};

/* Adds a mirror that copies nothing yet; the entry is valid until the next add or delete.
 *   -EEXIST  the name is taken
 *   -EINVAL  not a name, or no bridge given
 *   -ENOMEM  no memory
 */
struct xd_mirror_config *xd_config_add_mirror(
	struct xd_config *config, const char *name, const char *bridge, struct xd_error *err);
/* Sets a key by its name, from text as the configuration file has it. Errors name the key: -ENOENT:
 * there is no such key; -EINVAL, -E2BIG, -ENAMETOOLONG: not a value for it. */
int xd_mirror_config_set(
	struct xd_mirror_config *mirror, const char *key, const char *value, struct xd_error *err);
/* The one of that name, valid until the next add or delete. NULL: there is none. */
struct xd_mirror_config *xd_config_mirror(const struct xd_config *config, const char *name);
/* Takes one out. 0; -ENOENT: there is none of that name; -EINVAL: no name. */
int xd_config_del_mirror(struct xd_config *config, const char *name, struct xd_error *err);

struct xd_mirror_info {
	struct xd_mirror_config config;
	uint64_t tx_frames, tx_bytes; /* copies that ports took; bytes without FCS */
	uint64_t dropped;             /* copies that found a port's ring full */
};

/* Fills at most max entries, in the order of the configuration, and returns how many there are;
 * counters are at most one turn old. Any thread; takes the switch's lock. */
unsigned xd_switch_mirrors(struct xd_switch *sw, struct xd_mirror_info *info, unsigned max);

XD_API_END

#endif
