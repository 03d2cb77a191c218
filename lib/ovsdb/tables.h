/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables and columns of the Open_vSwitch database that are read and written:
 * ovs-vswitchd.conf.db(5). */
#ifndef XD_OVSDB_TABLES_H
#define XD_OVSDB_TABLES_H

#include "ovsdb/replica.h"

#define XD_OVSDB_DATABASE "Open_vSwitch"
#define XD_OVSDB_LOCK     "ovs_vswitchd"

extern const struct xd_ovsdb_table xd_ovsdb_tables[];

#endif
