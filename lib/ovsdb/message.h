/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON texts in a stream of bytes: RFC 7047, section 4, sends them one behind the other, with
 * nothing in between that says where one ends: control/framing.h finds it.
 *
 * One thread.
 */
#ifndef XD_OVSDB_MESSAGE_H
#define XD_OVSDB_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "control/framing.h"

#define XD_OVSDB_MESSAGE_MAX (64u << 20) /* bytes of one text */

/* All zeroes to begin with. */
struct xd_ovsdb_reader {
	char *bytes; /* of the text that has begun, and of those behind it */
	size_t len, room;
	struct xd_framing framing; /* of the text that has begun */
};

void xd_ovsdb_reader_reset(struct xd_ovsdb_reader *reader); /* frees what it holds */

/* Where to put the next bytes: *room of them, at least 1. NULL: -ENOMEM, or -E2BIG: the text that
 * has begun is longer than XD_OVSDB_MESSAGE_MAX. */
char *xd_ovsdb_reader_room(struct xd_ovsdb_reader *reader, size_t *room, struct xd_error *err);
/* len bytes were put there. */
void xd_ovsdb_reader_put(struct xd_ovsdb_reader *reader, size_t len);
/* Takes the next text. 1: *message, an object, is the caller's; 0: more bytes are needed; -EINVAL:
 * what came is no JSON object. */
int xd_ovsdb_reader_next(struct xd_ovsdb_reader *reader, json_t **message, struct xd_error *err);

#endif
