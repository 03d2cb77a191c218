/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts for people quote what others wrote: names, paths, a guest's words. */
#ifndef XD_BASE_ONE_LINE_H
#define XD_BASE_ONE_LINE_H

/* Makes one line of a text that nothing can be forged in: control characters become '?'. Bytes of
 * UTF-8 stay. */
static inline void
xd_one_line(char *text)
{
	for (; *text != 0; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			*text = '?';
	}
}

#endif
