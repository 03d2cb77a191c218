/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of keys as JSON: numbers, strings, arrays of those; null is a value that is not set. Plain
 * functions without state: any thread. */
#ifndef XD_CONTROL_KEY_JSON_H
#define XD_CONTROL_KEY_JSON_H

#include <jansson.h>

#include "config/noun.h"

json_t *xd_key_to_json(const struct xd_key *key, const void *entry);
/* All keys of an entry; what is not set is left out. */
json_t *xd_entry_to_json(const struct xd_noun *noun, const void *entry);
/* Those whose values in `to` are not what they are in `from`. */
json_t *xd_entry_diff(const struct xd_noun *noun, const void *from, const void *to);

/* A value as a key's text. -EINVAL: it is no string, integer, null or array of those; -E2BIG: it is
 * longer than any. */
int xd_key_from_json(const json_t *value, char text[XD_KEY_CHARS]);

/* Where an object of keys comes from: a file, in which every key has a value, or a request, in
 * which null takes a setting back and "name" is the entry's. */
enum xd_json_from { XD_JSON_FILE, XD_JSON_REQUEST };

/* Sets every key of the object. Errors name the key; on failure the entry is half changed. -EINVAL,
 * -ENOENT and what xd_key_read returns. */
int xd_entry_from_json(const struct xd_noun *noun, void *entry, const json_t *object,
	enum xd_json_from from, struct xd_error *err);

#endif
