/* SPDX-License-Identifier: BSD-3-Clause */
/* The servers behind one address, and who of them serves whom: consistent hashing by a table
 * (Eisenbud et al., "Maglev", NSDI 2016, 3.4). When a server comes or goes, few connections of
 * others move. */
#ifndef BACKENDS_H
#define BACKENDS_H

#include <stdint.h>

#define MAX_BACKENDS 256
#define TABLE        65537 /* a prime, far more than servers */

struct backends {
	unsigned n;
	uint32_t addr[MAX_BACKENDS]; /* of those that are up; in host's order */
	uint16_t table[TABLE];       /* which of them */
};

/* From a file with a line for each: ADDRESS up, or ADDRESS down. NULL: why says file, line and what
 * was expected. */
struct backends *backends_read(const char *path, char why[256]);

#endif
