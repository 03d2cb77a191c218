/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that are not what they should be. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

#define MANY_CONNECTS 1000
#define MANY_FDS      253

/* Calls `attack` for every request that the switch knows, each time on a new connection. */
static void
each_request(struct hostile *h,
	void (*attack)(struct hostile *h, uint32_t request, const struct xd_vu_rule *rule))
{
	for (uint32_t request = 0; request < XD_VU_REQUESTS; request++) {
		const struct xd_vu_rule *rule = xd_vu_rule(request);

		if (rule && rule->supported)
			attack(h, request, rule);
	}
}

static void
fresh(struct hostile *h, const struct xd_vu_rule *rule)
{
	hostile_reconnect(h, rule->needs >= 0 ? CONNECTED : UNCONNECTED);
	if (rule->needs >= 0 && !(h->protocol >> rule->needs & 1))
		hostile_reconnect(h, UNCONNECTED); /* not offered: refused all the same */
}

static void
connects(struct hostile *h)
{
	for (unsigned i = 0; i < MANY_CONNECTS; i++)
		hostile_reconnect(h, UNCONNECTED);
	expect_alive(h);
}

static void
connects_with_memory(struct hostile *h)
{
	for (unsigned i = 0; i < MANY_CONNECTS / 10; i++)
		hostile_reconnect(h, i % 2 ? MEMORY : RINGS);
	expect_alive(h);
}

/* Others at the door while one is inside: they are turned away. */
static void
crowd(struct hostile *h)
{
	struct hostile others[50];

	for (unsigned i = 0; i < 50; i++) {
		others[i] = (struct hostile){.path = h->path, .memory_fd = -1};
		hostile_connect(&others[i]);
	}
	for (unsigned i = 0; i < 50; i++) {
		expect_refused(&others[i], "a second front end");
		close(others[i].sock);
	}
	expect_alive(h);
}

static void
cut(struct hostile *h, uint32_t request, const struct xd_vu_rule *rule)
{
	union xd_vu_payload payload;
	int fd;
	uint32_t size = good_payload(h, request, &payload, &fd);
	struct {
		uint32_t header[3];
		union xd_vu_payload payload;
	} whole = {.header = {request, XD_VU_VERSION, size}, .payload = payload};

	for (uint32_t bytes = 1; bytes < XD_VU_HEADER_BYTES + size; bytes++) {
		fresh(h, rule);
		if (send(h->sock, &whole, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
			die("cannot send %u bytes of %s", bytes, rule->name);
		if (bytes % 16 == 0) { /* mostly by closing, now and then by saying so */
			shutdown(h->sock, SHUT_WR);
			expect_refused(h, rule->name);
		}
	}
	/* The same with descriptors, which come with the first byte. */
	if (fd >= 0) {
		fresh(h, rule);
		raw(h, request, XD_VU_VERSION, size, &payload, size / 2, &fd, 1);
	}
}

static void
truncated(struct hostile *h)
{
	each_request(h, cut);
}

/* Half a message, and silence: the connection waits, and nobody else does. */
static void
half_a_message(struct hostile *h)
{
	raw(h, XD_VU_SET_VRING_ADDR, XD_VU_VERSION, 40, "half", 4, NULL, 0);
}

static void
trickle(struct hostile *h)
{
	uint32_t header[3] = {XD_VU_GET_FEATURES, XD_VU_VERSION, 0};

	for (unsigned i = 0; i < sizeof(header); i++) {
		if (send(h->sock, (uint8_t *)header + i, 1, MSG_NOSIGNAL) != 1)
			die("cannot send one byte");
		usleep(2000);
	}
	expect_alive(h);
}

static void
sizes_of(struct hostile *h, uint32_t request, const struct xd_vu_rule *rule)
{
	static const uint8_t filler[1024];
	const uint32_t sizes[] = {rule->size_min - 1u, rule->size_max + 1u, UINT32_MAX, 1u << 31,
		sizeof(filler), XD_VU_HEADER_BYTES};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (sizes[i] >= rule->size_min && sizes[i] <= rule->size_max)
			continue;
		fresh(h, rule);
		raw(h, request, XD_VU_VERSION, sizes[i], filler,
			sizes[i] < sizeof(filler) ? sizes[i] : sizeof(filler), NULL, 0);
		expect_refused(h, rule->name);
	}
}

static void
wrong_sizes(struct hostile *h)
{
	each_request(h, sizes_of);
}

static void
fds_of(struct hostile *h, uint32_t request, const struct xd_vu_rule *rule)
{
	const unsigned counts[] = {rule->fds_max + 1u, rule->fds_min - 1u, 8, 9, MANY_FDS};
	union xd_vu_payload payload;
	int fds[MANY_FDS], fd;
	uint32_t size;

	for (unsigned i = 0; i < MANY_FDS; i++)
		fds[i] = STDERR_FILENO;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i] > MANY_FDS ||
			(counts[i] >= rule->fds_min && counts[i] <= rule->fds_max))
			continue;
		fresh(h, rule);
		size = good_payload(h, request, &payload, &fd);
		raw(h, request, XD_VU_VERSION, size, &payload, size, fds, counts[i]);
		expect_refused(h, rule->name);
	}
}

static void
wrong_fds(struct hostile *h)
{
	each_request(h, fds_of);
}

static void
wrong_flags(struct hostile *h)
{
	static const uint32_t flags[] = {0, 2, 3, XD_VU_VERSION | XD_VU_FLAG_REPLY, 0xfffffffc};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		hostile_reconnect(h, UNCONNECTED);
		raw(h, XD_VU_GET_FEATURES, flags[i], 0, NULL, 0, NULL, 0);
		expect_refused(h, "these flags");
	}
}

static void
unknown_requests(struct hostile *h)
{
	static const uint32_t requests[] = {0, XD_VU_REQUESTS, 100, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		hostile_reconnect(h, CONNECTED);
		raw(h, requests[i], XD_VU_VERSION, 8, "whatever", 8, NULL, 0);
		expect_refused(h, "an unknown request");
	}
}

/* What needs a protocol feature, without it. */
static void
not_negotiated_one(struct hostile *h, uint32_t request, const struct xd_vu_rule *rule)
{
	union xd_vu_payload payload;
	int fd;
	uint32_t size = good_payload(h, request, &payload, &fd);

	if (rule->needs < 0)
		return;
	hostile_reconnect(h, UNCONNECTED);
	say(h, request, &payload, size, fd);
	expect_refused(h, rule->name);
}

static void
not_negotiated(struct hostile *h)
{
	/* IOTLB, big-endian rings, crypto, postcopy, GPU, in-band kicks, shared objects, state of
	 * the device: nothing that this switch has. */
	static const uint32_t never[] = {
		21, 22, 23, 25, 26, 27, 28, 29, 30, 33, 35, 41, 42, 43, 44};

	each_request(h, not_negotiated_one);
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		for (int with_fd = 0; with_fd < 2; with_fd++) {
			hostile_reconnect(h, CONNECTED);
			say_u64(h, never[i], 0, with_fd ? STDERR_FILENO : -1);
			expect_refused(h, xd_vu_request_name(never[i]));
		}
	}
}

static void
features_not_offered(struct hostile *h)
{
	hostile_reconnect(h, UNCONNECTED);
	say_u64(h, XD_VU_SET_FEATURES, UINT64_MAX, -1);
	expect_refused(h, "all features");
	hostile_reconnect(h, UNCONNECTED);
	say_u64(h, XD_VU_SET_PROTOCOL_FEATURES, UINT64_MAX, -1);
	expect_refused(h, "all protocol features");
}

static void
queue_index(struct hostile *h)
{
	static const uint32_t requests[] = {XD_VU_SET_VRING_NUM, XD_VU_SET_VRING_BASE,
		XD_VU_GET_VRING_BASE, XD_VU_SET_VRING_ENABLE};
	static const uint32_t with_fd[] = {
		XD_VU_SET_VRING_KICK, XD_VU_SET_VRING_CALL, XD_VU_SET_VRING_ERR};
	static const uint32_t indices[] = {2, 32, 255, 65535, 0x80000000, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		struct xd_vu_vring_addr addr = {.index = indices[i]};

		for (unsigned r = 0; r < 4; r++) {
			hostile_reconnect(h, CONNECTED);
			say_state(h, requests[r], indices[i], 1);
			expect_refused(h, "this queue index");
		}
		hostile_reconnect(h, CONNECTED);
		say(h, XD_VU_SET_VRING_ADDR, &addr, sizeof(addr), -1);
		expect_refused(h, "this queue index");
	}
	for (unsigned r = 0; r < 3; r++) {
		hostile_reconnect(h, CONNECTED);
		say_u64(h, with_fd[r], 255, STDERR_FILENO);
		expect_refused(h, "queue index 255");
	}
}

static void
values(struct hostile *h)
{
	hostile_reconnect(h, CONNECTED);
	say_state(h, XD_VU_SET_VRING_ENABLE, 0, 2);
	expect_refused(h, "an enable of 2");
	hostile_reconnect(h, CONNECTED);
	say_u64(h, XD_VU_SET_STATUS, UINT64_MAX, -1);
	expect_refused(h, "a status beyond 8 bits");
	hostile_reconnect(h, CONNECTED);
	say_u64(h, XD_VU_NET_SET_MTU, 0, -1);
	say_u64(h, XD_VU_NET_SET_MTU, UINT64_MAX, -1);
	expect_alive(h); /* refused with an answer, where one is asked for */
}

/* Asks and does not read: the answers fill the socket. */
static void
never_reads(struct hostile *h)
{
	for (unsigned i = 0; i < 1u << 20; i++) {
		if (!say(h, XD_VU_GET_FEATURES, NULL, 0, -1))
			return;
	}
	die("a million answers were not read, and the switch went on");
}

static void
random_messages(struct hostile *h)
{
	uint64_t state = 1;
	uint8_t bytes[300];

	for (unsigned i = 0; i < 3000; i++) {
		uint32_t request = random_u32(&state) % 46, flags = XD_VU_VERSION;
		const struct xd_vu_rule *rule = xd_vu_rule(request);
		uint32_t size = rule ? rule->size_min : random_u32(&state) % sizeof(bytes);
		unsigned nb_fds = rule ? rule->fds_max % 3 : random_u32(&state) % 3;
		int fds[2] = {h->memory_fd, STDERR_FILENO};

		for (unsigned b = 0; b < sizeof(bytes); b++)
			bytes[b] = (uint8_t)(random_u32(&state) % 4 ? 0 : random_u32(&state));
		if (i % 4 == 0)
			flags |= XD_VU_FLAG_NEED_REPLY;
		if (!raw(h, request, flags, size, bytes, size, fds, nb_fds))
			hostile_reconnect(h, i % 3 ? RINGS : CONNECTED);
	}
	hostile_reconnect(h, CONNECTED);
	expect_alive(h);
}

const struct attack attacks_protocol[] = {
	{"connects", UNCONNECTED, 0, HARMLESS, connects},
	{"connects-with-memory", UNCONNECTED, 0, HARMLESS, connects_with_memory},
	{"crowd", CONNECTED, 0, HARMLESS, crowd},
	{"truncated-at-every-byte", UNCONNECTED, 0, REFUSED, truncated},
	{"half-a-message", CONNECTED, 0, HARMLESS, half_a_message},
	{"byte-by-byte", CONNECTED, 0, HARMLESS, trickle},
	{"wrong-sizes", UNCONNECTED, 0, REFUSED, wrong_sizes},
	{"wrong-fds", UNCONNECTED, 0, REFUSED, wrong_fds},
	{"wrong-flags", UNCONNECTED, 0, REFUSED, wrong_flags},
	{"unknown-requests", UNCONNECTED, 0, REFUSED, unknown_requests},
	{"not-negotiated", UNCONNECTED, 0, REFUSED, not_negotiated},
	{"features-not-offered", UNCONNECTED, 0, REFUSED, features_not_offered},
	{"queue-index", UNCONNECTED, 0, REFUSED, queue_index},
	{"values", UNCONNECTED, 0, REFUSED, values},
	{"never-reads", CONNECTED, 0, REFUSED, never_reads},
	{"random-messages", MEMORY, 0, EITHER, random_messages},
	{0},
};
