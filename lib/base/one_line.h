/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts for people quote what others wrote: names, paths, a guest's words. */
#ifndef XD_BASE_ONE_LINE_H
#define XD_BASE_ONE_LINE_H

/* Bytes of the control character that a text in UTF-8 begins with, or 0: C0, DEL and C1 (ECMA-48),
 * separators of lines and paragraphs, and what turns the direction of text round (Unicode's UAX #9,
 * section 2). */
static inline unsigned
xd_control_bytes(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (*c == 0)
		return 0;
	if (*c < ' ' || *c == 0x7f)
		return 1;
	if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
		return 2;
	if (*c != 0xe2)
		return 0;
	if (c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae)
		return 3;
	return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9 ? 3 : 0;
}

/* Makes one line of a text that nothing can be forged in: each byte of a control character becomes
 * '?'. Other characters of UTF-8 stay. */
static inline void
xd_one_line(char *text)
{
	for (; *text != 0; text++) {
		for (unsigned n = xd_control_bytes(text); n > 0; n--)
			text[n - 1] = '?';
	}
}

#endif
