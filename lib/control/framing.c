/* SPDX-License-Identifier: BSD-3-Clause */
/* Where texts end in a stream of bytes: see framing.h. */
#include <string.h>

#include "control/framing.h"

static size_t
found(struct xd_framing *framing, size_t end)
{
	*framing = (struct xd_framing){0};
	return end;
}

static void
look_in_string(struct xd_framing *framing, char byte)
{
	if (framing->in_escape)
		framing->in_escape = false;
	else if (byte == '\\')
		framing->in_escape = true;
	else if (byte == '"')
		framing->in_string = false;
}

/* Whether a text ends with this byte. */
static bool
look(struct xd_framing *framing, char byte)
{
	if (framing->in_string) {
		look_in_string(framing, byte);
		return false;
	}
	if (byte == '{')
		framing->depth++;
	else if (framing->depth == 0)
		return !byte || !strchr(" \t\r\n", byte);
	else if (byte == '"')
		framing->in_string = true;
	else if (byte == '}')
		return --framing->depth == 0;
	return false;
}

static size_t
end_of_object(struct xd_framing *framing, const char *bytes, size_t len)
{
	while (framing->seen < len) {
		if (look(framing, bytes[framing->seen++]))
			return found(framing, framing->seen);
	}
	return 0;
}

static size_t
end_of_line(struct xd_framing *framing, const char *bytes, size_t len)
{
	const char *end = memchr(bytes + framing->seen, '\n', len - framing->seen);

	if (end)
		return found(framing, end - bytes + 1);
	framing->seen = len;
	return 0;
}

size_t
xd_framing_end(struct xd_framing *framing, enum xd_framing_kind kind, const char *bytes, size_t len)
{
	if (framing->seen >= len)
		return 0;
	return kind == XD_FRAMING_LINES ? end_of_line(framing, bytes, len)
					: end_of_object(framing, bytes, len);
}
