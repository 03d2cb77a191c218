/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program and the port tell each other, in maps. */
#ifndef XD_DRIVERS_AF_XDP_STEER_MAP_H
#define XD_DRIVERS_AF_XDP_STEER_MAP_H

#include <linux/types.h>

/* What a rule looks at. Values are as they are in the frame, from the first byte on. */
enum xd_steer_kind {
	XD_STEER_MAC,       /* destination */
	XD_STEER_VLAN,      /* of the outermost tag (IEEE 802.1Q), 2 bytes */
	XD_STEER_ETHERTYPE, /* behind the tags, 2 bytes */
	XD_STEER_UDP,       /* destination port, 2 bytes */
	XD_STEER_TCP,       /* likewise */
	XD_STEER_ARP,       /* the IPv4 address that is asked for (RFC 826), 4 bytes */
	XD_STEER_ND,        /* the IPv6 address that is asked for (RFC 4861), 16 bytes */
	XD_STEER_KINDS
};

/* Whose a frame is, the strongest first: of the rules that match it, the least says. */
enum xd_steer_whose {
	XD_STEER_KEEP = 1, /* the kernel's, by a rule of `kernel` */
	XD_STEER_TAKE,     /* the switch's, by a rule of `steer` */
	XD_STEER_OWN,      /* the kernel's, for the interface's own addresses */
	XD_STEER_REST      /* no rule matches */
};

struct xd_steer_key {
	__u8 set;  /* of rules: struct xd_steer's */
	__u8 kind; /* enum xd_steer_kind */
	__u8 value[16];
};

/* The one entry of map "steer". The rules are exchanged as a whole by writing others under another
 * number, and then that here. */
struct xd_steer {
	__u32 set;
	__u32 kinds; /* a bit for each kind that has rules */
	__u32 rest_is_switch;
};

/* Entries of map "counters", of frames, by CPU. */
enum xd_steer_counter {
	XD_STEER_REDIRECTED, /* to a socket */
	XD_STEER_PASSED,     /* to the kernel */
	XD_STEER_NO_SOCKET,  /* to the kernel, since the queue that it came by has no socket */
	XD_STEER_COUNTERS
};

#define XD_STEER_SOCKETS 64 /* entries of map "sockets": by receive queue */
#define XD_STEER_RULES   512

#endif
