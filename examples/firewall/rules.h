/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of the firewall: which new connections may be, from a YAML file. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/conntrack.h"

#define MAX_RULES 1024

enum side { ANY, INSIDE, OUTSIDE };

/* Addresses with a prefix; of IPv4 the first four bytes. */
struct net {
	uint8_t addr[16];
	uint8_t bits;
	bool set, ipv6;
};

/* What is not said fits everything. */
struct rule {
	char name[32];
	enum side from;
	struct net src, dst;
	uint8_t proto;               /* IANA's number; 0: any */
	uint16_t min_port, max_port; /* of the destination; both 0: any */
	bool accept;
	uint64_t hits; /* new connections, by any worker */
};

struct rules {
	unsigned n;
	bool accept;                        /* what no rule fits */
	bool counters;                      /* packets and bytes of each connection are counted */
	uint32_t timeout_s[XD_CT_TIMEOUTS]; /* 0: the default */
	struct rule rule[MAX_RULES];
};

/* NULL: why says file, line and what was expected. */
struct rules *rules_read(const char *path, char why[256]);

/* Whether a new connection may be; *which: the rule that says so, or NULL. */
bool rules_accept(
	struct rules *rules, enum side from, const struct xd_ct_tuple *t, struct rule **which);

#endif
