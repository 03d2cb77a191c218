/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile front end: one connection to a vhost-user port, and what can be done with it to hurt
 * the switch behind it. main.c has the list of attacks, session.c the connection, rings.c the rings
 * of a guest that has set itself up well so far; each attack_*.c has attacks of one kind.
 *
 * A step that cannot be taken ends the program with status 1 and a line that says why.
 */
#ifndef TEST_HOSTILE_H
#define TEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost_user/message.h"
#include "virtqueue/packed_layout.h"
#include "virtqueue/split_layout.h"

/* What comes of an attack, for whoever looks at the switch. */
enum outcome {
	REFUSED, /* the switch hangs up; seen here */
	FAULT,   /* it stops the port and says which rule was broken */
	DROPPED, /* it drops the frames that were sent, with a reason, and gives the buffers back */
	SCATTERED, /* it drops frames for the port, as its buffers are in too many pieces */
	REAPED,    /* a thread that nobody waits for has the work of it */
	UNUSED,    /* it does not use the rings, and the port is down */
	SLOW,      /* it gives the port no frames for a while, because it takes too long */
	HARMLESS,  /* it goes on as if nothing was */
	EITHER,    /* depends on who is faster */
};

/* How far the connection is when an attack begins. */
enum stage {
	UNCONNECTED,
	CONNECTED, /* features negotiated */
	MEMORY,    /* memory shared as well */
	RINGS,     /* rings running as well: for attacks on split and on packed rings */
	RINGS_ANY, /* the same, but the kind of ring does not matter: split */
};

#define SPLIT  1
#define PACKED 2
#define BOTH   (SPLIT | PACKED)

/*
 * Memory of this guest: one file, shared as three regions with gaps between them.
 *
 *   file offset   guest physical       what for
 *   0             LOW                  rings, indirect tables, transmit buffers
 *   REGION        HIGH                 receive buffers, from a different address on
 *   2 * REGION    SPARSE               nothing is ever touched of it: for long lengths
 */
#define REGION       (1ull << 20)
#define GAP          (64ull << 10)
#define LOW          0x100000000ull
#define HIGH         (LOW + REGION + GAP)
#define SPARSE       0x1000000000ull
#define SPARSE_BYTES (5ull << 30)
#define FILE_BYTES   (2 * REGION + SPARSE_BYTES)

/* Offsets in the first region. A ring's parts lie a page from each other. */
#define RING_OFFSET(ring) (0x10000u * (ring))
#define DESC_OFFSET       0x0000u
#define DRIVER_OFFSET     0x1000u
#define DEVICE_OFFSET     0x2000u
#define TABLE_OFFSET      0x20000u
#define FRAME_OFFSET      0x30000u
#define RX_ROOM           2048u

#define RX        0
#define TX        1
#define RING_SIZE 256u
#define HDR       12u /* bytes of the virtio-net header */
#define FRAME     60u

struct ring {
	uint16_t size;
	uint16_t next; /* split: available index; packed: position of the next descriptor */
	bool wrap;     /* packed: wrap counter for that position */
	uint16_t last; /* packed: first descriptor of the buffer offered last, and its wrap counter
			*/
	bool last_wrap, offered;
	int kick, call;
};

struct hostile {
	const char *path;
	bool packed;
	uint64_t without; /* features not to be negotiated */
	int sock;
	uint64_t features, protocol;
	int memory_fd;
	uint8_t *memory; /* the first two regions, mapped here */
	uint64_t user;   /* what is told as our address of the first region */
	struct ring rings[2];
};

struct attack {
	const char *name;
	enum stage stage;
	unsigned kinds; /* of ring */
	enum outcome outcome;
	void (*run)(struct hostile *h);
};

/* Each ends with a NULL name. */
extern const struct attack attacks_chain[], attacks_eventfd[], attacks_handover[], attacks_header[],
	attacks_inflight[], attacks_load[], attacks_memory[], attacks_packed[], attacks_protocol[],
	attacks_restart[], attacks_ring[], attacks_split[], attacks_time[], attacks_truncate[];

/* ---- session.c ---- */

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void hostile_connect(struct hostile *h);   /* and nothing more */
void hostile_hang_up(struct hostile *h);   /* closes; nothing is said */
void hostile_negotiate(struct hostile *h); /* every feature that is offered */
void hostile_share(struct hostile *h);     /* SET_MEM_TABLE, as above */
void hostile_reconnect(struct hostile *h, enum stage stage);
bool hostile_has(const struct hostile *h, enum xd_vu_protocol_feature feature);
void hostile_need(const struct hostile *h, unsigned protocol_feature, const char *name);

/* Sends a header that may lie about its payload, len bytes of it, and descriptors. False: hung up.
 */
bool raw(struct hostile *h, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
	size_t len, const int *fds, unsigned nb_fds);
/* A message of good form. */
bool say(struct hostile *h, uint32_t request, const void *payload, uint32_t size, int fd);
bool say_u64(struct hostile *h, uint32_t request, uint64_t value, int fd);
bool say_state(struct hostile *h, uint32_t request, uint32_t index, uint32_t num);
uint64_t ask_u64(struct hostile *h, uint32_t request);

/* Returns when the switch is done with what was said; dies if it hung up. */
void expect_alive(struct hostile *h);
/* Returns when the switch has hung up; dies if it does not. */
void expect_refused(struct hostile *h, const char *what);
/* Payload of good form for a request, and its size; *fd: what goes with it, or -1. */
uint32_t good_payload(struct hostile *h, uint32_t request, union xd_vu_payload *payload, int *fd);

/* A file that everybody but this program waits for, opened: see stalling.c. Once a program. */
int stalling_file(void);
int memory_file(uint64_t bytes);
uint64_t now_ms(void);
uint32_t random_u32(uint64_t *state); /* the same numbers in every run */

/* ---- rings.c ---- */

struct piece {
	uint64_t addr;
	uint32_t len;
	uint16_t flags; /* XD_VRING_DESC_F_* but NEXT */
};

/* Sets a ring up with its usual addresses and starts it. Receive buffers are made available. */
void ring_up(struct hostile *h, unsigned ring);
void rings_up(struct hostile *h); /* both, enabled */
void ring_addr(struct hostile *h, unsigned ring, uint64_t desc, uint64_t driver, uint64_t device);
void ring_kick_call(struct hostile *h, unsigned ring);
void fill_rx(struct hostile *h, const struct piece *buffers, unsigned n);

static inline uint8_t *
ring_part(struct hostile *h, unsigned ring, unsigned part)
{
	return h->memory + RING_OFFSET(ring) + part;
}

struct xd_vring_desc *split_desc(struct hostile *h, unsigned ring);
struct xd_vring_avail *split_avail(struct hostile *h, unsigned ring);
struct xd_vring_used *split_used(struct hostile *h, unsigned ring);
struct xd_packed_desc *packed_desc(struct hostile *h, unsigned ring);

/* Makes one buffer of n pieces available, and shows it to the device. */
void offer(struct hostile *h, unsigned ring, const struct piece *pieces, unsigned n);
/* Writes an indirect table; returns the piece that speaks of it. */
struct piece indirect(struct hostile *h, const struct piece *pieces, unsigned n);
void kick(struct hostile *h, unsigned ring);
/* Waits until the device has given back all that was offered; dies if it does not. */
void expect_back(struct hostile *h, unsigned ring);
bool all_back(struct hostile *h, unsigned ring);
/* Gives back to the device the receive buffers that it has used. */
void refill_rx(struct hostile *h);

/* A frame with its header at FRAME_OFFSET, from this guest to the one that is to suffer; returns
 * its guest physical address. */
uint64_t put_frame(struct hostile *h, uint32_t bytes);
/* Sends such a frame in one piece. */
void send_frame(struct hostile *h, uint32_t bytes);

#endif
