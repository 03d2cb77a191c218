/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts out of a stream: message.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/message.h"

#define ROOM_MIN 65536

void
xd_ovsdb_reader_reset(struct xd_ovsdb_reader *reader)
{
	free(reader->bytes);
	*reader = (struct xd_ovsdb_reader){0};
}

char *
xd_ovsdb_reader_room(struct xd_ovsdb_reader *reader, size_t *room, struct xd_error *err)
{
	size_t size = reader->room ? 2 * reader->room : ROOM_MIN;
	char *bytes;

	if (reader->len >= XD_OVSDB_MESSAGE_MAX) {
		xd_fail(err, -E2BIG, "it sends a message of more than %u MiB",
			XD_OVSDB_MESSAGE_MAX >> 20);
		return NULL;
	}
	if (reader->len == reader->room) {
		bytes = realloc(reader->bytes, size);
		if (!bytes) {
			xd_fail(err, -ENOMEM, "no memory for a message from it");
			return NULL;
		}
		reader->bytes = bytes;
		reader->room = size;
	}
	*room = reader->room - reader->len;
	return reader->bytes + reader->len;
}

void
xd_ovsdb_reader_put(struct xd_ovsdb_reader *reader, size_t len)
{
	reader->len += len;
}

static void
forget(struct xd_ovsdb_reader *reader, size_t len)
{
	reader->len -= len;
	memmove(reader->bytes, reader->bytes + len, reader->len);
	reader->framing = (struct xd_framing){0};
	/* Room that one long message has needed is not kept for short ones. */
	if (reader->len == 0 && reader->room > 16 * ROOM_MIN)
		xd_ovsdb_reader_reset(reader);
}

static void
skip_white(struct xd_ovsdb_reader *reader)
{
	size_t n = 0;

	while (n < reader->len && strchr(" \t\r\n", reader->bytes[n]) && reader->bytes[n])
		n++;
	if (n)
		forget(reader, n);
}

static json_t *
parse(const char *bytes, size_t len, struct xd_error *err)
{
	json_error_t why;
	json_t *message = json_loadb(bytes, len, JSON_ALLOW_NUL, &why);

	if (!message) {
		/* It quotes what was sent. */
		xd_one_line(why.text);
		xd_fail(err, -EINVAL, "it sends what is not JSON: %s", why.text);
	}
	return message;
}

int
xd_ovsdb_reader_next(struct xd_ovsdb_reader *reader, json_t **message, struct xd_error *err)
{
	size_t end;

	if (reader->framing.seen == 0)
		skip_white(reader);
	if (reader->framing.seen == 0 && reader->len > 0 && reader->bytes[0] != '{')
		return xd_fail(err, -EINVAL, "it does not speak OVSDB's protocol (RFC 7047)");
	end = xd_framing_end(&reader->framing, XD_FRAMING_OBJECTS, reader->bytes, reader->len);
	if (!end)
		return 0;
	*message = parse(reader->bytes, end, err);
	if (!*message)
		return -EINVAL;
	forget(reader, end);
	return 1;
}
