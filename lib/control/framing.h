/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where texts end in a stream of bytes: lines by their newline; JSON objects that follow each other
 * with nothing in between (JSON-RPC 1.0 over a stream) by counting braces outside of strings. No
 * byte is looked at twice, in however small pieces it comes.
 *
 * One thread.
 */
#ifndef XD_CONTROL_FRAMING_H
#define XD_CONTROL_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

enum xd_framing_kind { XD_FRAMING_LINES, XD_FRAMING_OBJECTS };

/* All zeroes to begin with, and for each text. */
struct xd_framing {
	size_t seen;    /* bytes looked at */
	unsigned depth; /* of braces there, */
	bool in_string; /* within a string */
	bool in_escape; /* and behind a backslash */
};

/* Bytes of the first text, its end included, or 0: it is not whole yet. What cannot be an object is
 * a text of what there is of it, for whoever reads it to refuse. framing is ready for the next text
 * when one was found. */
size_t xd_framing_end(
	struct xd_framing *framing, enum xd_framing_kind kind, const char *bytes, size_t len);

#endif
