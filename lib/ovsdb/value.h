/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values of columns as JSON (RFC 7047, section 5.1): an atom, ["set", [...]] or ["map", [[k, v],
 * ...]], where a set of one element may be the bare atom. Whoever writes to the database chooses
 * them: what does not fit is as if it were not there.
 *
 * Plain functions: any thread. Values are borrowed.
 */
#ifndef XD_OVSDB_VALUE_H
#define XD_OVSDB_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A set's number of elements, and element number i; of a bare atom 1 and itself. NULL: there is
 * none, or value is NULL or no set. */
size_t xd_ovsdb_set_size(const json_t *value);
const json_t *xd_ovsdb_set_get(const json_t *value, size_t i);

/* An optional string, UUID, integer, or boolean of a column: 0 or 1 elements. NULL, or the
 * fallback: it is not set, or of another type. */
const char *xd_ovsdb_string(const json_t *value);
const char *xd_ovsdb_uuid(const json_t *atom);
json_int_t xd_ovsdb_integer(const json_t *value, json_int_t fallback);
bool xd_ovsdb_bool(const json_t *value, bool fallback);

/* A map's number of pairs, and pair number i: false when key or value is no string. */
size_t xd_ovsdb_map_size(const json_t *map);
bool xd_ovsdb_map_get(const json_t *map, size_t i, const char **key, const char **value);
/* The string that a map has for a key, or NULL. */
const char *xd_ovsdb_map_find(const json_t *map, const char *key);
/* The value that a map has for an integer, or NULL. */
const json_t *xd_ovsdb_map_at(const json_t *map, json_int_t key);

/* To be written. NULL: no memory. */
json_t *xd_ovsdb_make_empty(void); /* the empty set */
json_t *xd_ovsdb_make_map(void);   /* the empty map */
/* Adds a pair to a map that was made; takes value. */
void xd_ovsdb_map_add(json_t *map, const char *key, json_t *value);
json_t *xd_ovsdb_make_uuid(const char *uuid);

#endif
