/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes written and read a cache line at a time. The compiler makes of it what the build's CPU has:
 * one AVX-512 access, two of AVX2, four of SSE2. */
#ifndef XD_TRAFFIC_FRAMES_WIDE_H
#define XD_TRAFFIC_FRAMES_WIDE_H

#include <stdint.h>

#define XD_LINE 64

/* How a line is returned depends on the CPU that is built for, which matters to no caller: all of
 * this is inlined. */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef uint64_t xd_line __attribute__((vector_size(XD_LINE), aligned(1), may_alias));

static inline uint32_t
xd_lines(uint32_t bytes)
{
	return (bytes + XD_LINE - 1) / XD_LINE;
}

/* Both areas are whole lines. Four at a time, so that loads and stores of a long frame overlap. */
static inline __attribute__((always_inline)) void
xd_lines_write(uint8_t *dst, const uint8_t *src, uint32_t n)
{
	xd_line *d = (xd_line *)dst;
	const xd_line *s = (const xd_line *)src;
	uint32_t i = 0;

	for (; i + 4 <= n; i += 4) {
		d[i] = s[i];
		d[i + 1] = s[i + 1];
		d[i + 2] = s[i + 2];
		d[i + 3] = s[i + 3];
	}
	for (; i < n; i++)
		d[i] = s[i];
}

/* The lines' exclusive or: cheap, and it depends on every byte. */
static inline __attribute__((always_inline)) xd_line
xd_lines_read(const uint8_t *src, uint32_t n)
{
	const xd_line *s = (const xd_line *)src;
	xd_line a = s[0], b = {0};
	uint32_t i = 1;

	for (; i + 2 <= n; i += 2) {
		a ^= s[i];
		b ^= s[i + 1];
	}
	if (i < n)
		a ^= s[i];
	return a ^ b;
}

/* The same of n bytes and no others, unless n is less than a line: then of one. */
static inline __attribute__((always_inline)) xd_line
xd_bytes_read(const uint8_t *src, uint32_t n)
{
	uint32_t whole = n / XD_LINE;
	xd_line sum;

	if (whole == 0)
		return *(const xd_line *)src;
	sum = xd_lines_read(src, whole);
	if (n % XD_LINE) /* some bytes once more, elsewhere in the line */
		sum ^= *(const xd_line *)(src + n - XD_LINE);
	return sum;
}

#endif
