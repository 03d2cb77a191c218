/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file that outlives this process and says where the device stands in each packed ring of a port.
 *
 * A front end asks for that when it stops a ring (GET_VRING_BASE). When this process dies, it
 * cannot. Of a split ring it then reads the used index in guest memory; of a packed ring it does
 * not know (QEMU gives the base of the start before), unless it does inflight tracking, which QEMU
 * does for disks only. So the position is noted here once a turn: a store to memory that the kernel
 * keeps.
 *
 * An orderly restart of this process is no different: the front end sees a hang-up. So the file
 * stays when a port goes, and a stale one does no harm: a note counts only for the same ring (size
 * and address) of the same front-end process (its number and when it began), and only if the ring
 * agrees (packed_resume.h). A note ends when the front end learns the position or sets the ring up
 * anew: GET_VRING_BASE, a reset, another size or address.
 *
 * Control, but for the notes themselves, which a worker writes.
 */
#ifndef XD_VHOST_USER_RING_FILE_H
#define XD_VHOST_USER_RING_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "vhost_user/inflight.h"

struct xd_ring_file;

/* Which process the other end of a connection is. */
struct xd_vu_peer {
	pid_t pid;           /* 0: not known, and then nothing matches */
	uint64_t start_time; /* of the process, in clock ticks since boot */
};

/* Opens or makes DIR/NAME.rings, mode 0600, for nb_vrings rings. A file of another layout, or that
 * is not ours alone, is begun anew. NULL with err: of open, ftruncate, mmap. */
struct xd_ring_file *xd_ring_file_open(
	const char *dir, const char *name, unsigned nb_vrings, struct xd_error *err);
/* The file of NAME becomes that of another name, open or not. A negative errno of rename(2). */
int xd_ring_file_move(const char *dir, const char *name, const char *to, struct xd_error *err);
/* The file stays. NULL is fine. */
void xd_ring_file_close(struct xd_ring_file *rf);

struct xd_vu_peer xd_vu_peer(int sock);

/* What is noted of one ring. */
struct xd_ring_note {
	struct xd_packed_position at;
	struct xd_intent intent;
};

/* What is noted of this very ring, or NULL. */
const struct xd_ring_note *xd_ring_file_find(const struct xd_ring_file *rf, unsigned vring,
	const struct xd_vu_peer *peer, uint32_t size, uint64_t desc_addr);
/* Begins a note for this ring at a position (wrap counter in bit 15). A peer that is not known gets
 * a note that will never match. */
void xd_ring_file_begin(struct xd_ring_file *rf, unsigned vring, const struct xd_vu_peer *peer,
	uint32_t size, uint64_t desc_addr, uint16_t position);
/* Where the worker writes; valid until the file is closed. */
struct xd_ring_note *xd_ring_file_note(struct xd_ring_file *rf, unsigned vring);
/* The note, if any, no longer counts. */
void xd_ring_file_end(struct xd_ring_file *rf, unsigned vring);

#endif
