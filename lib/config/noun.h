/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be configured: one row for each noun. A noun of which there are many (bridge, port) has
 * entries, which begin with their name, in a list that every configuration has for it; the others
 * (workers, memory) are a section of the file that is there once. What is done with a configuration
 * as a whole, such as copying it, checking it, or reading and printing it, goes over this table.
 *
 * Any thread; nothing here has state.
 */
#ifndef XD_CONFIG_NOUN_H
#define XD_CONFIG_NOUN_H

#include "key/key.h"
#include "crossdock.h"

#define XD_NOUN_PATH 128 /* bytes of "ports.vm1.mtu", with its NUL */

struct xd_noun {
	const char *name;    /* "port" */
	const char *section; /* "ports", of the file */
	/* Bytes of an entry; 0: the section is there once, and its values lie in struct xd_config.
	 */
	uint32_t size;
	uint32_t max; /* entries at most; 0: no limit */
	const struct xd_key *keys;
	/* For people, of entries: a name, and what follows it in a typical add, and in a typical
	 * change; and what another name means, or NULL. */
	struct {
		const char *name, *add, *set;
	} example;
	const char *renamed;
	/* What a new entry has from its configuration; may be NULL. */
	void (*init)(const struct xd_config *config, void *entry);
	/*
	 * Where entries come in types, which the first key says: the further keys of this one, or
	 * NULL when its type is not known (yet); and those of type number i, with its name, or NULL
	 * after the last. Both NULL: no types.
	 */
	const struct xd_key *(*more)(const void *entry);
	const struct xd_key *(*type)(unsigned i, const char **name);
	/* What no row can say: of the entry as a whole before its keys are looked at, and after.
	 * Errors have their key. May be NULL. Neither is asked again for an entry that runs as it
	 * is: what lies between entries is not for them. */
	int (*check_type)(
		const void *entry, const struct xd_driver *const *drivers, struct xd_error *err);
	int (*check)(const struct xd_config *config, const void *entry,
		const struct xd_driver *const *drivers, struct xd_error *err);
};

/* In the order in which they are checked and printed; ended by NULL. */
extern const struct xd_noun *const xd_nouns[];
extern const struct xd_noun xd_workers_noun, xd_memory_noun, xd_bridge_noun, xd_port_noun,
	xd_mirror_noun;

/* ---- Keys of an entry ---- */

/* The key after `key`, the first after NULL; NULL after the last. */
const struct xd_key *xd_noun_next(
	const struct xd_noun *noun, const void *entry, const struct xd_key *key);
/* The entry's key of that name. While its type is not known, any type's will do: a value can be
 * checked and is of no use. NULL: it has none. */
const struct xd_key *xd_noun_key(const struct xd_noun *noun, const void *entry, const char *key);
#define XD_NOUN_FOREACH(noun, entry, key)                                                          \
	for (const struct xd_key *key = xd_noun_next(noun, entry, NULL); key;                      \
		key = xd_noun_next(noun, entry, key))

/* The key of that name whatever the type of an entry, and the first type that has it (NULL: every).
 * Types may share a key when it takes the same values. */
const struct xd_key *xd_noun_any_key(
	const struct xd_noun *noun, const char *key, const char **type);
/* The values that a key takes, for people: as xd_key_values, which does not know types. */
const char *xd_noun_values(
	const struct xd_noun *noun, const struct xd_key *key, char text[XD_KEY_VALUES]);

/* Whether it is one of the entry's, not of another type's: what lies at its offset means nothing
 * there. */
bool xd_noun_has(const struct xd_noun *noun, const void *entry, const struct xd_key *key);
/* Whether becoming `to` leaves the value of a key of its as it is: of one that `from` does not
 * have, whether it is the default that another type begins with. */
bool xd_noun_keeps(
	const struct xd_noun *noun, const struct xd_key *key, const void *from, const void *to);
bool xd_noun_equal(const struct xd_noun *noun, const void *a, const void *b);
/* What becoming b costs a: a mask of enum xd_cost. */
unsigned xd_noun_cost(const struct xd_noun *noun, const void *a, const void *b);

/* The path of an entry or of a key of it, as errors name it. Returns path. */
char *xd_noun_path(
	const struct xd_noun *noun, const void *entry, const char *key, char path[XD_NOUN_PATH]);
/* Fills in the error with that path. */
int xd_noun_fail(struct xd_error *err, int code, const struct xd_noun *noun, const void *entry,
	const char *key, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Whether the entry has the key. -ENOENT: nobody has (the text names the nearest one); -EINVAL:
 * another type has. */
int xd_noun_known(
	const struct xd_noun *noun, const void *entry, const char *key, struct xd_error *err);
/* Reads text into the key's value. As above, and what xd_key_read returns. */
int xd_noun_set(const struct xd_noun *noun, void *entry, const char *key, const char *text,
	struct xd_error *err);

/* ---- Entries of a configuration ---- */

/* The noun of that name ("port") or section ("ports"), or NULL. */
const struct xd_noun *xd_noun_find(const char *name);

unsigned xd_noun_count(const struct xd_noun *noun, const struct xd_config *config);
/* Entry number i; of a section, where its values lie. */
void *xd_noun_entry(const struct xd_noun *noun, const struct xd_config *config, unsigned i);
void *xd_noun_get(const struct xd_noun *noun, const struct xd_config *config, const char *name);
/* Adds an entry with its defaults. NULL: -EINVAL, -EEXIST, -ENOMEM in err. */
void *xd_noun_add(const struct xd_noun *noun, struct xd_config *config, const char *name,
	struct xd_error *err);
/* -ENOENT: there is none (the text names the nearest one). Who refers to it is not looked at. */
int xd_noun_del(const struct xd_noun *noun, struct xd_config *config, const char *name,
	struct xd_error *err);
/* Gives an entry another name; who refers to it follows. -ENOENT, and as xd_noun_new_name. */
int xd_noun_rename(const struct xd_noun *noun, struct xd_config *config, const char *name,
	const char *to, struct xd_error *err);

/* -EINVAL: not what an entry may be called. */
int xd_noun_check_name(const struct xd_noun *noun, const char *name, struct xd_error *err);
/* Nor a name that is free: -EEXIST. */
int xd_noun_new_name(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err);
/* The entry that was probably meant, or NULL; and the error that says so: -ENOENT. */
const char *xd_noun_nearest(
	const struct xd_noun *noun, const struct xd_config *config, const char *name);
int xd_noun_missing(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err);

/* ---- References: keys that name entries of another noun ---- */

/* Whether the entries that a key names are there, among those of a configuration (names.h). -ENOENT
 * names the nearest one; -EINVAL: it names none and must. 0 for keys that are no names. */
struct xd_names;
int xd_noun_refers(const struct xd_noun *noun, const struct xd_names *names, const void *entry,
	const struct xd_key *key, struct xd_error *err);
/* Whether no entry refers to this one. -EBUSY names one that does. */
int xd_noun_unused(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err);

#endif
