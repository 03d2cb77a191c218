/* SPDX-License-Identifier: BSD-3-Clause */
/* Bits of a mask by name. Tables are in the order of bits and ended by a NULL name; of a bit with
 * two names the first is printed. All calls: any thread. */
#ifndef XD_BASE_BIT_NAMES_H
#define XD_BASE_BIT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/api.h"

XD_API_BEGIN

#define XD_BIT_NAMES_TEXT 1024 /* bytes that hold every name once, with its NUL */

struct xd_bit_name {
	const char *name; /* NULL: the table ends */
	unsigned bit;     /* its number, 0 to 63 */
};

/* The name of a bit, the table's. NULL: it has none. */
const char *xd_bit_name(const struct xd_bit_name *names, unsigned bit);
/* The bit of that name (letters of either case), or -1: there is none. */
int xd_bit_find(const struct xd_bit_name *names, const char *name);
/* Writes the names of all bits of a mask, by bit, with the separator between them; a bit without a
 * name as "bit_25". text is the caller's. Returns text. */
char *xd_bit_text(const struct xd_bit_name *names, uint64_t mask, char separator,
	char text[XD_BIT_NAMES_TEXT]);

XD_API_END

#endif
