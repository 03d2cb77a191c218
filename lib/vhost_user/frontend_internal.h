/* SPDX-License-Identifier: BSD-3-Clause */
/* What frontend.c and frontend_move.c (the calls) and frontend_exchange.c (sending, waiting,
 * answers) share. The front end's one thread. */
#ifndef XD_VHOST_USER_FRONTEND_INTERNAL_H
#define XD_VHOST_USER_FRONTEND_INTERNAL_H

#include "vhost_user/frontend.h"
#include "vhost_user/message.h"
#include "vhost_user/socket.h"

struct xd_vu_frontend {
	struct xd_vu_frontend_opts opts; /* path points to the copy below */
	char path[108];
	int sock;
	struct xd_vu_listener listener; /* kept, so that nobody else takes the path */
	uint64_t features;
	uint64_t protocol_features;
	unsigned max_queue_pairs;
	uint16_t mtu;
};

/* "3 s", "250 ms" */
struct xd_vu_fe_duration {
	char text[24];
};

struct xd_vu_fe_duration xd_vu_fe_duration(unsigned ms);
uint64_t xd_vu_fe_deadline_ns(const struct xd_vu_frontend *fe);
/* Waits at most max_ms or until the deadline for events on fd (-1: just waits). 1: something
 * came, 0: nothing in max_ms, -ETIMEDOUT (err not filled), -ECANCELED. */
int xd_vu_fe_wait_some(const struct xd_vu_frontend *fe, int fd, short events, uint64_t until_ns,
	int max_ms, struct xd_error *err);
int xd_vu_fe_wait(const struct xd_vu_frontend *fe, int fd, short events, uint64_t until_ns,
	struct xd_error *err);
/* Asks, and receives an answer with reply_size bytes of payload into m. Descriptors that come with
 * it are closed, but for an inflight region's: xd_vu_message_take_fd(). */
int xd_vu_fe_query(struct xd_vu_frontend *fe, struct xd_vu_message *m, uint32_t reply_size,
	struct xd_error *err);
int xd_vu_fe_query_u64(
	struct xd_vu_frontend *fe, uint32_t request, uint64_t *value, struct xd_error *err);
bool xd_vu_fe_has(const struct xd_vu_frontend *fe, enum xd_vu_protocol_feature feature);
/* Sends a change. Where acknowledgements are not to be had, xd_vu_fe_barrier() must follow. */
int xd_vu_fe_change(struct xd_vu_frontend *fe, struct xd_vu_message *m, struct xd_error *err);
int xd_vu_fe_barrier(struct xd_vu_frontend *fe, struct xd_error *err);
int xd_vu_fe_change_u64(
	struct xd_vu_frontend *fe, uint32_t request, uint64_t value, struct xd_error *err);
int xd_vu_fe_change_state(struct xd_vu_frontend *fe, uint32_t request, uint32_t index, uint32_t num,
	struct xd_error *err);
int xd_vu_fe_change_ring_fd(
	struct xd_vu_frontend *fe, uint32_t request, uint32_t index, int fd, struct xd_error *err);

struct xd_vu_mem_region xd_vu_fe_region(const struct xd_vu_frontend_region *region);
int xd_vu_fe_add_region(struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *region,
	struct xd_error *err);

#endif
