/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared memory packet interface (memif), version 2.0, as libmemif's memif.h and the chapter
 * "Memif Poll Mode Driver" of DPDK's NIC guide define it: what two ends say to each other on a
 * SOCK_SEQPACKET socket, and what lies in the memory that they share. Numbers are the machine's
 * own.
 *
 * The server listens and says HELLO. The client says INIT, adds regions of memory and rings in
 * them, each with its descriptor and each acknowledged, and says CONNECT; the server CONNECTED.
 * Either may DISCONNECT, or hang up.
 *
 * A ring has two free-running counters. In a ring from client to server (C2S) the client fills
 * buffers up to head, and the server gives them back by tail. In one from server to client (S2C)
 * the client offers empty buffers up to head, and the server fills them up to tail.
 */
#ifndef XD_DRIVERS_MEMIF_PROTOCOL_H
#define XD_DRIVERS_MEMIF_PROTOCOL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define XD_MEMIF_COOKIE    0x3E31F20
#define XD_MEMIF_VERSION   0x0200
#define XD_MEMIF_RING_LOG2 14 /* descriptors of the longest ring, as a power of two */
#define XD_MEMIF_ETHERNET  0  /* the mode of an interface */

enum xd_memif_type {
	XD_MEMIF_ACK = 1,
	XD_MEMIF_HELLO,
	XD_MEMIF_INIT,
	XD_MEMIF_ADD_REGION,
	XD_MEMIF_ADD_RING,
	XD_MEMIF_CONNECT,
	XD_MEMIF_CONNECTED,
	XD_MEMIF_DISCONNECT,
};

#define XD_MEMIF_RING_C2S 1 /* flag of ADD_RING */

struct xd_memif_message {
	uint16_t type;
	union {
		struct {
			char name[32];
			uint16_t min_version, max_version;
			uint16_t max_region; /* highest index, as all of these */
			uint16_t max_s2c_ring, max_c2s_ring;
			uint8_t max_log2_ring_size;
		} __attribute__((packed)) hello;
		struct {
			uint16_t version;
			uint32_t id;
			uint8_t mode;
			char secret[24];
			char name[32];
		} __attribute__((packed)) init;
		struct {
			uint16_t index;
			uint64_t size; /* bytes */
		} __attribute__((packed)) add_region;
		struct {
			uint16_t flags;
			uint16_t index;
			uint16_t region;
			uint32_t offset; /* bytes */
			uint8_t log2_ring_size;
			uint16_t private_hdr_size;
		} __attribute__((packed)) add_ring;
		struct {
			char if_name[32];
		} __attribute__((packed)) connect; /* and CONNECTED */
		struct {
			uint32_t code;
			char string[96];
		} __attribute__((packed)) disconnect;
		uint8_t bytes[126];
	};
} __attribute__((packed));

static_assert(sizeof(struct xd_memif_message) == 128, "a message");

#define XD_MEMIF_DESC_NEXT 1 /* the frame goes on in the next buffer */

struct xd_memif_desc {
	uint16_t flags;
	uint16_t region;
	uint32_t length; /* bytes: of an empty buffer its size, of a full one what is in it */
	uint32_t offset; /* of the buffer in its region */
	uint32_t metadata;
};

#define XD_MEMIF_MASK_INT 1 /* flag of a ring: its receiver polls */

struct xd_memif_layout {
	uint32_t cookie;
	uint16_t flags;
	uint16_t head;
	uint8_t unused1[56];
	uint16_t tail;
	uint8_t unused2[62];
	struct xd_memif_desc desc[];
};

static_assert(sizeof(struct xd_memif_desc) == 16, "a descriptor");
static_assert(offsetof(struct xd_memif_layout, tail) == 64, "a line for each side");
static_assert(offsetof(struct xd_memif_layout, desc) == 128, "and descriptors behind them");

#endif
