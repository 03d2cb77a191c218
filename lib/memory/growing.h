/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table that grows where it lies: addresses are set aside for the most that it can become, memory
 * is taken as it is needed. What is in it never moves, so that who reads it meanwhile need not be
 * waited for.
 *
 * The first XD_GROWING_FIRST bytes are there from the beginning, in ordinary pages that the kernel
 * gives at the first touch. What follows is added by control, whole huge pages if some can be had,
 * touched before anybody else does.
 */
#ifndef XD_MEMORY_GROWING_H
#define XD_MEMORY_GROWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XD_GROWING_FIRST ((size_t)2 << 20)

struct xd_growing {
	uint8_t *base; /* aligned to 2 MiB; zeroes where nothing was written */
	size_t most;   /* bytes */
	size_t ready;  /* bytes that may be used */
	int node;      /* that memory is taken from if it has some, or XD_NODE_ANY */
};

/* Control's, one caller at a time. most: 4 KiB to XD_GROWING_FIRST, or a multiple of that. */

/* False: errno says why. */
bool xd_growing_init(struct xd_growing *g, size_t most, int node);
void xd_growing_fini(struct xd_growing *g); /* nobody uses it any more */
/* Makes so many bytes ready, a multiple of XD_GROWING_FIRST that is more than are. False: there is
 * no memory, and nothing has changed. */
bool xd_growing_extend(struct xd_growing *g, size_t bytes);
/* Gives back the memory behind so many bytes, a multiple of 4 KiB. Nobody writes there any more;
 * who still reads finds zeroes. */
void xd_growing_cut(struct xd_growing *g, size_t bytes);

#endif
