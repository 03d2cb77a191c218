/* SPDX-License-Identifier: BSD-3-Clause */
/* Which pages the EAL shall use, decided before it starts: it cannot be started a second time. */
#ifndef XD_MEMORY_HUGEPAGES_H
#define XD_MEMORY_HUGEPAGES_H

#include <stdbool.h>

#include "base/error.h"

/* What two NIC ports with one queue each need beside the EAL's own. */
#define XD_HUGEPAGES_NEED_MIB 32u

/* True when that much can be had in pages of 2 MiB or 1 GiB. Takes and returns a reservation, so
 * limits count and overcommitted pages do too. */
bool xd_hugepages_available(void);
/* Whether a NUMA node has a page of either size that is free. */
bool xd_hugepages_on_node(int node);
/* Fills err with how much is missing and what to type; returns -ENOMEM. */
int xd_hugepages_fail(struct xd_error *err);

#endif
