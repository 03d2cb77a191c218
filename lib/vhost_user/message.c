/* SPDX-License-Identifier: BSD-3-Clause */
/* See message.h: receiving, checking and sending messages. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user/message.h"

static_assert(sizeof(struct xd_vu_header) == 12, "wire layout");
static_assert(sizeof(struct xd_vu_vring_addr) == 40, "wire layout");
static_assert(sizeof(struct xd_vu_mem_table) == 8 + 8 * 32, "wire layout");
static_assert(sizeof(struct xd_vu_mem_one) == 40, "wire layout");
static_assert(sizeof(struct xd_vu_log) == 16, "wire layout");
static_assert(sizeof(struct xd_vu_inflight_desc) == 24, "wire layout");
static_assert(sizeof(struct xd_vu_config) == XD_VU_CONFIG_HEADER + 256, "wire layout");

#define NO_FEATURE (-1)
/* clang-format off */
/* A request of fixed size: name, payload bytes, descriptors, protocol feature needed. */
#define QUERY(n, bytes, pf)              {n, true, false, bytes, bytes, 0, 0, pf, XD_VU_FD_NONE}
#define CHANGE(n, bytes, pf)             {n, true, true, bytes, bytes, 0, 0, pf, XD_VU_FD_NONE}
#define WITH_FDS(n, bytes, min, max, pf, kind) \
	{n, true, true, bytes, bytes, min, max, pf, XD_VU_FD_##kind}
#define REFUSED(n)                       {n, false, false, 0, 0, 0, 0, NO_FEATURE, XD_VU_FD_NONE}

static const struct xd_vu_rule rules[XD_VU_REQUESTS] = {
	[XD_VU_GET_FEATURES] = QUERY("GET_FEATURES", 0, NO_FEATURE),
	[XD_VU_SET_FEATURES] = CHANGE("SET_FEATURES", 8, NO_FEATURE),
	[XD_VU_SET_OWNER] = QUERY("SET_OWNER", 0, NO_FEATURE),
	[XD_VU_RESET_OWNER] = CHANGE("RESET_OWNER", 0, NO_FEATURE),
	[XD_VU_SET_MEM_TABLE] = {"SET_MEM_TABLE", true, true, 8 + 32, 8 + 8 * 32, 1, 8, NO_FEATURE,
		XD_VU_FD_MEMORY},
	[XD_VU_SET_LOG_BASE] = WITH_FDS("SET_LOG_BASE", 16, 1, 1, XD_VU_PF_LOG_SHMFD, MEMORY),
	/* The specification knows of no payload; some front ends send 8 bytes. */
	[XD_VU_SET_LOG_FD] = {"SET_LOG_FD", true, false, 0, 8, 1, 1, NO_FEATURE, XD_VU_FD_EVENT},
	[XD_VU_SET_VRING_NUM] = CHANGE("SET_VRING_NUM", 8, NO_FEATURE),
	[XD_VU_SET_VRING_ADDR] = CHANGE("SET_VRING_ADDR", 40, NO_FEATURE),
	[XD_VU_SET_VRING_BASE] = CHANGE("SET_VRING_BASE", 8, NO_FEATURE),
	[XD_VU_GET_VRING_BASE] = CHANGE("GET_VRING_BASE", 8, NO_FEATURE),
	[XD_VU_SET_VRING_KICK] = WITH_FDS("SET_VRING_KICK", 8, 0, 1, NO_FEATURE, EVENT),
	[XD_VU_SET_VRING_CALL] = WITH_FDS("SET_VRING_CALL", 8, 0, 1, NO_FEATURE, EVENT),
	[XD_VU_SET_VRING_ERR] = WITH_FDS("SET_VRING_ERR", 8, 0, 1, NO_FEATURE, EVENT),
	[XD_VU_GET_PROTOCOL_FEATURES] = QUERY("GET_PROTOCOL_FEATURES", 0, NO_FEATURE),
	[XD_VU_SET_PROTOCOL_FEATURES] = QUERY("SET_PROTOCOL_FEATURES", 8, NO_FEATURE),
	[XD_VU_GET_QUEUE_NUM] = QUERY("GET_QUEUE_NUM", 0, XD_VU_PF_MQ),
	[XD_VU_SET_VRING_ENABLE] = CHANGE("SET_VRING_ENABLE", 8, NO_FEATURE),
	[XD_VU_SEND_RARP] = QUERY("SEND_RARP", 8, XD_VU_PF_RARP),
	[XD_VU_NET_SET_MTU] = QUERY("NET_SET_MTU", 8, XD_VU_PF_NET_MTU),
	[XD_VU_SET_BACKEND_REQ_FD] = REFUSED("SET_BACKEND_REQ_FD"),
	[22] = REFUSED("IOTLB_MSG"),
	[23] = REFUSED("SET_VRING_ENDIAN"),
	[XD_VU_GET_CONFIG] = {"GET_CONFIG", true, false, XD_VU_CONFIG_HEADER,
		XD_VU_CONFIG_HEADER + XD_VU_CONFIG_BYTES, 0, 0, XD_VU_PF_CONFIG, XD_VU_FD_NONE},
	[XD_VU_SET_CONFIG] = REFUSED("SET_CONFIG"),
	[26] = REFUSED("CREATE_CRYPTO_SESSION"),
	[27] = REFUSED("CLOSE_CRYPTO_SESSION"),
	[28] = REFUSED("POSTCOPY_ADVISE"),
	[29] = REFUSED("POSTCOPY_LISTEN"),
	[30] = REFUSED("POSTCOPY_END"),
	[XD_VU_GET_INFLIGHT_FD] = {"GET_INFLIGHT_FD", true, false, XD_VU_INFLIGHT_BYTES, 24, 0, 0,
		XD_VU_PF_INFLIGHT_SHMFD, XD_VU_FD_NONE},
	[XD_VU_SET_INFLIGHT_FD] = {"SET_INFLIGHT_FD", true, true, XD_VU_INFLIGHT_BYTES, 24, 1, 1,
		XD_VU_PF_INFLIGHT_SHMFD, XD_VU_FD_MEMORY},
	[33] = REFUSED("GPU_SET_SOCKET"),
	[XD_VU_RESET_DEVICE] = CHANGE("RESET_DEVICE", 0, XD_VU_PF_RESET_DEVICE),
	[35] = REFUSED("VRING_KICK"),
	[XD_VU_GET_MAX_MEM_SLOTS] = QUERY("GET_MAX_MEM_SLOTS", 0, XD_VU_PF_CONFIGURE_MEM_SLOTS),
	[XD_VU_ADD_MEM_REG] = WITH_FDS("ADD_MEM_REG", 40, 1, 1, XD_VU_PF_CONFIGURE_MEM_SLOTS, MEMORY),
	/* QEMU sends a descriptor that nobody needs. */
	[XD_VU_REM_MEM_REG] = WITH_FDS("REM_MEM_REG", 40, 0, 1, XD_VU_PF_CONFIGURE_MEM_SLOTS, MEMORY),
	[XD_VU_SET_STATUS] = CHANGE("SET_STATUS", 8, XD_VU_PF_STATUS),
	[XD_VU_GET_STATUS] = QUERY("GET_STATUS", 0, XD_VU_PF_STATUS),
	[41] = REFUSED("GET_SHARED_OBJECT"),
	[42] = REFUSED("SET_DEVICE_STATE_FD"),
	[43] = REFUSED("CHECK_DEVICE_STATE"),
	[44] = REFUSED("GET_SHMEM_CONFIG"),
};
/* clang-format on */

const struct xd_vu_rule *
xd_vu_rule(uint32_t request)
{
	return request < XD_VU_REQUESTS && rules[request].name ? &rules[request] : NULL;
}

const char *
xd_vu_request_name(uint32_t request)
{
	const struct xd_vu_rule *rule = xd_vu_rule(request);

	return rule ? rule->name : "unknown request";
}

int
xd_vu_check_header(
	const struct xd_vu_header *header, uint64_t protocol_features, struct xd_error *err)
{
	const struct xd_vu_rule *rule = xd_vu_rule(header->request);

	if ((header->flags & XD_VU_VERSION_MASK) != XD_VU_VERSION)
		return xd_fail(err, -EPROTO, "message of version %u, not 1",
			header->flags & XD_VU_VERSION_MASK);
	if (header->flags & XD_VU_FLAG_REPLY)
		return xd_fail(err, -EPROTO, "an answer (to request %u) where a request was due",
			header->request);
	if (!rule)
		return xd_fail(err, -EPROTO, "unknown request %u", header->request);
	if (!rule->supported)
		return xd_fail(err, -EPROTO, "%s is not supported", rule->name);
	if (rule->needs != NO_FEATURE && !(protocol_features & XD_VU_PF_BIT(rule->needs)))
		return xd_fail(err, -EPROTO, "%s without protocol feature %d negotiated",
			rule->name, rule->needs);
	if (header->size < rule->size_min || header->size > rule->size_max)
		return xd_fail(err, -EPROTO, "%s with %u bytes, not %u%s", rule->name, header->size,
			header->size < rule->size_min ? rule->size_min : rule->size_max,
			rule->size_min == rule->size_max ? ""
			: header->size < rule->size_min  ? " or more"
							 : " or less");
	return 0;
}

static int
wrong_fds(const struct xd_vu_message *msg, unsigned want, struct xd_error *err)
{
	return xd_fail(err, -EPROTO, "%s with %u descriptors, not %u",
		xd_vu_request_name(msg->header.request), msg->nb_fds, want);
}

int
xd_vu_check_message(const struct xd_vu_message *msg, struct xd_error *err)
{
	const struct xd_vu_rule *rule = xd_vu_rule(msg->header.request);
	uint32_t size = msg->header.size;
	unsigned want;

	if (!rule)
		return xd_fail(err, -EPROTO, "unknown request %u", msg->header.request);
	switch (msg->header.request) {
	case XD_VU_SET_MEM_TABLE:
		want = msg->payload.table.nb_regions;
		if (want < 1 || want > XD_VU_TABLE_REGIONS)
			return xd_fail(err, -EPROTO, "%s of %u regions, not 1 to %u", rule->name,
				want, XD_VU_TABLE_REGIONS);
		if (size != 8 + want * sizeof(struct xd_vu_mem_region))
			return xd_fail(err, -EPROTO, "%s of %u regions with %u bytes", rule->name,
				want, size);
		return msg->nb_fds == want ? 0 : wrong_fds(msg, want, err);
	case XD_VU_SET_VRING_KICK:
	case XD_VU_SET_VRING_CALL:
	case XD_VU_SET_VRING_ERR:
		want = !(msg->payload.u64 & XD_VU_VRING_NO_FD);
		return msg->nb_fds == want ? 0 : wrong_fds(msg, want, err);
	case XD_VU_GET_CONFIG:
		if (msg->payload.config.size != size - XD_VU_CONFIG_HEADER)
			return xd_fail(err, -EPROTO, "%s of %u bytes with room for %u", rule->name,
				msg->payload.config.size, size - XD_VU_CONFIG_HEADER);
		break;
	case XD_VU_GET_INFLIGHT_FD:
	case XD_VU_SET_INFLIGHT_FD:
		want = sizeof(struct xd_vu_inflight_desc);
		if (size != XD_VU_INFLIGHT_BYTES && size != want)
			return xd_fail(err, -EPROTO, "%s with %u bytes, not %u or %u", rule->name,
				size, XD_VU_INFLIGHT_BYTES, want);
		break;
	case XD_VU_SET_LOG_FD:
		if (size != 0 && size != 8)
			return xd_fail(
				err, -EPROTO, "%s with %u bytes, not 0 or 8", rule->name, size);
		break;
	}
	if (msg->nb_fds < rule->fds_min)
		return wrong_fds(msg, rule->fds_min, err);
	if (msg->nb_fds > rule->fds_max)
		return wrong_fds(msg, rule->fds_max, err);
	return 0;
}

static int
check_descriptor(int fd, const struct xd_vu_rule *rule, struct xd_error *err)
{
	const bool memory = rule->kind == XD_VU_FD_MEMORY;
	char name[XD_VU_FD_NAME];

	if (xd_vu_fd_is(fd, rule->kind))
		return 0;
	xd_vu_fd_name(fd, name);
	return xd_fail(err, -EPROTO, "%s with %s, not %s%s", rule->name, name,
		xd_vu_fd_kind_name(rule->kind),
		memory ? "; if the front end is trusted, set memory=any for the port" : "");
}

int
xd_vu_check_descriptors(const struct xd_vu_message *msg, bool any_memory, struct xd_error *err)
{
	const struct xd_vu_rule *rule = xd_vu_rule(msg->header.request);
	int ret = 0;

	if (any_memory && rule->kind == XD_VU_FD_MEMORY)
		return 0;
	for (unsigned i = 0; i < msg->nb_fds && !ret; i++)
		ret = check_descriptor(msg->fds[i], rule, err);
	return ret;
}

int
xd_vu_check_reply(
	const struct xd_vu_header *header, uint32_t request, uint32_t size, struct xd_error *err)
{
	const char *name = xd_vu_request_name(request);

	if ((header->flags & (XD_VU_VERSION_MASK | XD_VU_FLAG_REPLY)) !=
		(XD_VU_VERSION | XD_VU_FLAG_REPLY))
		return xd_fail(err, -EPROTO, "answer to %s with flags 0x%x", name, header->flags);
	if (header->request != request)
		return xd_fail(err, -EPROTO, "answer to %s where one to %s was due",
			xd_vu_request_name(header->request), name);
	if (header->size != size || size > sizeof(union xd_vu_payload))
		return xd_fail(err, -EPROTO, "answer to %s with %u bytes, not %u", name,
			header->size, size);
	return 0;
}

/* Moves descriptors that came with a piece into the message; closes those that do not fit. */
static int
collect_fds(struct xd_vu_message *msg, struct msghdr *hdr, struct xd_error *err)
{
	bool surplus = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (msg->nb_fds < XD_VU_MAX_FDS) {
				msg->fds[msg->nb_fds++] = fd;
			} else {
				xd_reaper_close(msg->reaper, fd);
				surplus = true;
			}
		}
	}
	if (surplus)
		return xd_fail(
			err, -EPROTO, "more than %u descriptors with a message", XD_VU_MAX_FDS);
	if (hdr->msg_flags & MSG_CTRUNC)
		return xd_fail(err, -EPROTO,
			"descriptors cut off: this process has too many open, raise its limit "
			"(LimitNOFILE)");
	return 0;
}

/* Room for as many descriptors as can come (SCM_MAX_FD of Linux): those that find none would be
 * closed by the kernel inside recvmsg, at this thread's expense. */
union received_fds {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(253 * sizeof(int))];
};

/* The part of the message, as it lies in memory, that byte `at` of the wire is in. */
static struct iovec
part(struct xd_vu_message *msg, uint32_t at, uint32_t upto)
{
	struct iovec iov;

	if (at < XD_VU_HEADER_BYTES) {
		iov.iov_base = (uint8_t *)&msg->header + at;
		iov.iov_len = (upto < XD_VU_HEADER_BYTES ? upto : XD_VU_HEADER_BYTES) - at;
	} else {
		iov.iov_base = (uint8_t *)&msg->payload + (at - XD_VU_HEADER_BYTES);
		iov.iov_len = upto - at;
	}
	return iov;
}

int
xd_vu_receive(struct xd_vu_message *msg, int sock, uint32_t upto, struct xd_error *err)
{
	union received_fds control;

	while (msg->have < upto) {
		/* Never past the message's end, so that descriptors of the next stay with it. */
		struct iovec iov = part(msg, msg->have, upto);
		struct msghdr hdr = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(sock, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		int ret;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return xd_fail(err, -errno, "%s", strerror(errno));
		ret = collect_fds(msg, &hdr, err);
		if (ret)
			return ret;
		if (n == 0 && msg->have)
			return xd_fail(err, -EPROTO, "message cut off after %u bytes", msg->have);
		if (n == 0)
			return xd_fail(err, -ECONNRESET, "the peer hung up");
		msg->have += (uint32_t)n;
	}
	return 1;
}

int
xd_vu_send(const struct xd_vu_message *msg, int sock, uint32_t *done)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(XD_VU_MAX_FDS * sizeof(int))];
	} control;
	uint32_t total = XD_VU_HEADER_BYTES + msg->header.size;

	while (*done < total) {
		struct msghdr hdr = {.msg_iovlen = 1};
		struct iovec iov[2];
		ssize_t n;

		iov[0] = part((struct xd_vu_message *)(uintptr_t)msg, *done, total);
		if (*done < XD_VU_HEADER_BYTES && msg->header.size) {
			iov[1].iov_base = (void *)(uintptr_t)&msg->payload;
			iov[1].iov_len = msg->header.size;
			hdr.msg_iovlen = 2;
		}
		hdr.msg_iov = iov;
		if (*done == 0 && msg->nb_fds) {
			struct cmsghdr *c;

			memset(&control, 0, sizeof(control));
			hdr.msg_control = &control;
			hdr.msg_controllen = CMSG_SPACE(msg->nb_fds * sizeof(int));
			c = CMSG_FIRSTHDR(&hdr);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(msg->nb_fds * sizeof(int));
			memcpy(CMSG_DATA(c), msg->fds, msg->nb_fds * sizeof(int));
		}
		n = sendmsg(sock, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		*done += (uint32_t)n;
	}
	return 0;
}

int
xd_vu_message_take_fd(struct xd_vu_message *msg, unsigned i)
{
	int fd = msg->fds[i];

	msg->fds[i] = -1;
	return fd;
}

void
xd_vu_message_close_fds(struct xd_vu_message *msg)
{
	for (unsigned i = 0; i < msg->nb_fds; i++)
		xd_reaper_close(msg->reaper, xd_vu_message_take_fd(msg, i));
	msg->nb_fds = 0;
}

void
xd_vu_message_reset(struct xd_vu_message *msg)
{
	struct xd_reaper *reaper = msg->reaper;

	xd_vu_message_close_fds(msg);
	memset(msg, 0, sizeof(*msg));
	msg->reaper = reaper;
}
