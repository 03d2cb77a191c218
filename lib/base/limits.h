/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of anything there can be. */
#ifndef XD_BASE_LIMITS_H
#define XD_BASE_LIMITS_H

#define XD_MAX_WORKERS 64     /* of a switch, its own and the application's */
#define XD_MAX_PORTS   1024   /* of a switch */
#define XD_PORT_NONE   0xffff /* the index of no port */
#define XD_MODE_UNSET  0xffff /* permission bits of a socket: as the process's umask has them */
#define XD_MAX_DRIVERS 32     /* of the application's */
#define XD_PORT_QUEUES 16     /* receive or transmit queues of a port */
#define XD_PORT_MACS   16     /* addresses that a port is restricted to */
#define XD_MAX_HOOKS   64     /* registered with a switch */
#define XD_HOOKS       8      /* that a port names, or a bridge */

#define XD_NAME_MAX 32  /* bytes of a name, with its NUL */
#define XD_TYPE_MAX 16  /* bytes of a port type, with its NUL */
#define XD_PATH_MAX 108 /* bytes of a socket path, with its NUL: sockaddr_un's */

#endif
