/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost-user messages: their layout, which requests there are, and what each must look like.
 *
 * A message is a header, a payload of at most sizeof(union xd_vu_payload) bytes and at most
 * XD_VU_MAX_FDS descriptors (SCM_RIGHTS). Integers are in the order of the machine, as the
 * specification has it (QEMU docs/interop/vhost-user.rst, "Message Specification").
 *
 * No state but what is passed in: any thread.
 */
#ifndef XD_VHOST_USER_MESSAGE_H
#define XD_VHOST_USER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reaper.h"
#include "vhost_user/fd_kind.h"

#define XD_VU_MAX_FDS       8
#define XD_VU_TABLE_REGIONS 8 /* of one SET_MEM_TABLE; as many descriptors */
#define XD_VU_CONFIG_BYTES  256

/* Feature bits of vhost beside the virtio features: protocol features can be negotiated; writes to
 * the guest's memory are logged. */
#define XD_VU_F_PROTOCOL_FEATURES (1ull << 30)
#define XD_VU_F_LOG_ALL           (1ull << 26)

/* Bit numbers of protocol features. */
enum xd_vu_protocol_feature {
	XD_VU_PF_MQ = 0,
	XD_VU_PF_LOG_SHMFD = 1,
	XD_VU_PF_RARP = 2,
	XD_VU_PF_REPLY_ACK = 3,
	XD_VU_PF_NET_MTU = 4,
	XD_VU_PF_CONFIG = 9,
	XD_VU_PF_INFLIGHT_SHMFD = 12,
	XD_VU_PF_RESET_DEVICE = 13,
	XD_VU_PF_CONFIGURE_MEM_SLOTS = 15,
	XD_VU_PF_STATUS = 16,
};

#define XD_VU_PF_BIT(feature) (1ull << (feature))

enum xd_vu_request {
	XD_VU_GET_FEATURES = 1,
	XD_VU_SET_FEATURES = 2,
	XD_VU_SET_OWNER = 3,
	XD_VU_RESET_OWNER = 4,
	XD_VU_SET_MEM_TABLE = 5,
	XD_VU_SET_LOG_BASE = 6,
	XD_VU_SET_LOG_FD = 7,
	XD_VU_SET_VRING_NUM = 8,
	XD_VU_SET_VRING_ADDR = 9,
	XD_VU_SET_VRING_BASE = 10,
	XD_VU_GET_VRING_BASE = 11,
	XD_VU_SET_VRING_KICK = 12,
	XD_VU_SET_VRING_CALL = 13,
	XD_VU_SET_VRING_ERR = 14,
	XD_VU_GET_PROTOCOL_FEATURES = 15,
	XD_VU_SET_PROTOCOL_FEATURES = 16,
	XD_VU_GET_QUEUE_NUM = 17,
	XD_VU_SET_VRING_ENABLE = 18,
	XD_VU_SEND_RARP = 19,
	XD_VU_NET_SET_MTU = 20,
	XD_VU_SET_BACKEND_REQ_FD = 21,
	XD_VU_GET_CONFIG = 24,
	XD_VU_SET_CONFIG = 25,
	XD_VU_GET_INFLIGHT_FD = 31,
	XD_VU_SET_INFLIGHT_FD = 32,
	XD_VU_RESET_DEVICE = 34,
	XD_VU_GET_MAX_MEM_SLOTS = 36,
	XD_VU_ADD_MEM_REG = 37,
	XD_VU_REM_MEM_REG = 38,
	XD_VU_SET_STATUS = 39,
	XD_VU_GET_STATUS = 40,
	XD_VU_REQUESTS = 45 /* requests of the specification are below */
};

#define XD_VU_VERSION         0x1u
#define XD_VU_VERSION_MASK    0x3u
#define XD_VU_FLAG_REPLY      0x4u
#define XD_VU_FLAG_NEED_REPLY 0x8u

struct xd_vu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload, in bytes */
};

struct xd_vu_vring_state {
	uint32_t index;
	uint32_t num;
};

struct xd_vu_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

#define XD_VU_VRING_F_LOG 0x1u /* xd_vu_vring_addr.flags: the used ring is to be logged */

struct xd_vu_mem_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct xd_vu_mem_table {
	uint32_t nb_regions;
	uint32_t padding;
	struct xd_vu_mem_region regions[XD_VU_TABLE_REGIONS];
};

struct xd_vu_mem_one {
	uint64_t padding;
	struct xd_vu_mem_region region;
};

struct xd_vu_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t bytes[XD_VU_CONFIG_BYTES];
};

/* SET_LOG_BASE: bytes of its descriptor. */
struct xd_vu_log {
	uint64_t size;
	uint64_t offset;
};

/* GET_INFLIGHT_FD and SET_INFLIGHT_FD. */
struct xd_vu_inflight_desc {
	uint64_t size;
	uint64_t offset;
	uint16_t nb_queues;
	uint16_t queue_size;
	uint32_t padding; /* some front ends leave it out */
};

#define XD_VU_INFLIGHT_BYTES 20 /* without the padding */

#define XD_VU_CONFIG_HEADER 12 /* bytes of xd_vu_config before its bytes */

/* The vring descriptor requests: a ring index in bits 0 to 7, and "no descriptor comes". */
#define XD_VU_VRING_INDEX_MASK 0xffull
#define XD_VU_VRING_NO_FD      0x100ull

union xd_vu_payload {
	uint64_t u64;
	struct xd_vu_vring_state state;
	struct xd_vu_vring_addr addr;
	struct xd_vu_mem_table table;
	struct xd_vu_mem_one one;
	struct xd_vu_config config;
	struct xd_vu_log log;
	struct xd_vu_inflight_desc inflight;
};

/* A message, whole or in the making. Start with all zeroes, and a reaper if what the peer sends is
 * not to be closed by who receives it. */
struct xd_vu_message {
	struct xd_vu_header header;
	union xd_vu_payload payload;
	uint32_t have; /* bytes of header and payload received so far */
	unsigned nb_fds;
	int fds[XD_VU_MAX_FDS]; /* the message's until taken; -1: taken */
	struct xd_reaper *reaper;
};

/* What a request must look like. */
struct xd_vu_rule {
	const char *name;  /* NULL: no such request */
	bool supported;    /* the back end answers it */
	bool mutates;      /* changes what workers look at: pause first */
	uint16_t size_min; /* bytes of payload */
	uint16_t size_max;
	uint8_t fds_min;
	uint8_t fds_max;
	int8_t needs; /* number of the protocol feature that must be negotiated; -1: none */
	enum xd_vu_fd_kind kind; /* of its descriptors */
};

/* The rule of a request, or NULL when there is no such request. */
const struct xd_vu_rule *xd_vu_rule(uint32_t request);
/* The request's name, or "unknown request". */
const char *xd_vu_request_name(uint32_t request);

/* Checks a request's header before its payload is read. -EPROTO: err says in words what is wrong
 * with it. After 0 the payload fits. */
int xd_vu_check_header(
	const struct xd_vu_header *header, uint64_t protocol_features, struct xd_error *err);
/* Checks a whole request: its descriptors, and sizes that the payload speaks of. -EPROTO. */
int xd_vu_check_message(const struct xd_vu_message *msg, struct xd_error *err);
/* Checks what a request's descriptors are, which may be anything: see fd_kind.h. any_memory: those
 * of memory are not checked, which only a front end that is trusted may have. -EPROTO. */
int xd_vu_check_descriptors(const struct xd_vu_message *msg, bool any_memory, struct xd_error *err);
/* Checks the header of an answer to request. -EPROTO. */
int xd_vu_check_reply(
	const struct xd_vu_header *header, uint32_t request, uint32_t size, struct xd_error *err);

/* Receives, without waiting, until msg->have is upto bytes (a header's, or the whole message's,
 * whose header was checked). 1: it is; 0: more must come; -ECONNRESET: the peer hung up between
 * messages; -EPROTO: it hung up inside one, sent too many descriptors, or they were cut off;
 * other: of recvmsg. */
int xd_vu_receive(struct xd_vu_message *msg, int sock, uint32_t upto, struct xd_error *err);
#define XD_VU_HEADER_BYTES ((uint32_t)sizeof(struct xd_vu_header))

/* Sends, without waiting, what is left of a message from byte *done on; its descriptors go with
 * the first byte and stay the caller's. 0 and *done advanced, or -errno (-EAGAIN: full). */
int xd_vu_send(const struct xd_vu_message *msg, int sock, uint32_t *done);

/* Takes a descriptor out of the message; it is the caller's then. */
int xd_vu_message_take_fd(struct xd_vu_message *msg, unsigned i);
/* Closes the descriptors that nobody took. */
void xd_vu_message_close_fds(struct xd_vu_message *msg);
/* The same, and makes the message empty. */
void xd_vu_message_reset(struct xd_vu_message *msg);

#endif
