/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec: what each request must look like, and messages that come in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "vhost_user/message.h"
#include "../entries.h"

#define ALL_FEATURES UINT64_MAX

/* What the specification says, written down a second time. */
static const struct expected {
	uint32_t request;
	int size_min, size_max; /* -1: never accepted */
	unsigned fds_min, fds_max;
	int needs;
	bool mutates;
} expected[] = {
	{1, 0, 0, 0, 0, -1, false},
	{2, 8, 8, 0, 0, -1, true},
	{3, 0, 0, 0, 0, -1, false},
	{4, 0, 0, 0, 0, -1, true},
	{5, 40, 264, 1, 8, -1, true},
	{6, 16, 16, 1, 1, 1, true},
	{7, 0, 8, 1, 1, -1, false},
	{8, 8, 8, 0, 0, -1, true},
	{9, 40, 40, 0, 0, -1, true},
	{10, 8, 8, 0, 0, -1, true},
	{11, 8, 8, 0, 0, -1, true},
	{12, 8, 8, 0, 1, -1, true},
	{13, 8, 8, 0, 1, -1, true},
	{14, 8, 8, 0, 1, -1, true},
	{15, 0, 0, 0, 0, -1, false},
	{16, 8, 8, 0, 0, -1, false},
	{17, 0, 0, 0, 0, 0, false},
	{18, 8, 8, 0, 0, -1, true},
	{19, 8, 8, 0, 0, 2, false},
	{20, 8, 8, 0, 0, 4, false},
	{21, -1, -1, 0, 0, -1, false},
	{22, -1, -1, 0, 0, -1, false},
	{23, -1, -1, 0, 0, -1, false},
	{24, 12, 268, 0, 0, 9, false},
	{25, -1, -1, 0, 0, -1, false},
	{26, -1, -1, 0, 0, -1, false},
	{27, -1, -1, 0, 0, -1, false},
	{28, -1, -1, 0, 0, -1, false},
	{29, -1, -1, 0, 0, -1, false},
	{30, -1, -1, 0, 0, -1, false},
	{31, 20, 24, 0, 0, 12, false},
	{32, 20, 24, 1, 1, 12, true},
	{33, -1, -1, 0, 0, -1, false},
	{34, 0, 0, 0, 0, 13, true},
	{35, -1, -1, 0, 0, -1, false},
	{36, 0, 0, 0, 0, 15, false},
	{37, 40, 40, 1, 1, 15, true},
	{38, 40, 40, 0, 1, 15, true},
	{39, 8, 8, 0, 0, 16, true},
	{40, 0, 0, 0, 0, 16, false},
};
#define NB_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static int
check_size(const struct expected *e, uint32_t size)
{
	struct xd_vu_header h = {.request = e->request, .flags = XD_VU_VERSION, .size = size};
	struct xd_error err = {0};
	int ret = xd_vu_check_header(&h, ALL_FEATURES, &err);

	assert_true(ret == 0 || (ret == -EPROTO && err.text[0]));
	return ret;
}

static void
payload_sizes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		const struct expected *e = &expected[i];

		for (int size = 0; size < 600; size++)
			assert_int_equal(check_size(e, (uint32_t)size) == 0,
				size >= e->size_min && size <= e->size_max);
		assert_int_equal(check_size(e, UINT32_MAX), -EPROTO);
		assert_int_equal(check_size(e, UINT32_MAX - 11), -EPROTO);
	}
}

static void
unknown_requests(void **state)
{
	const uint32_t unknown[] = {0, 45, 46, 255, 1000, INT32_MAX, UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct xd_vu_header h = {.request = unknown[i], .flags = XD_VU_VERSION};

		assert_int_equal(xd_vu_check_header(&h, ALL_FEATURES, NULL), -EPROTO);
		assert_null(xd_vu_rule(unknown[i]));
		assert_string_equal(xd_vu_request_name(unknown[i]), "unknown request");
	}
	for (uint32_t r = 41; r < 45; r++) {
		struct xd_vu_header h = {.request = r, .flags = XD_VU_VERSION};

		assert_int_equal(xd_vu_check_header(&h, ALL_FEATURES, NULL), -EPROTO);
	}
}

static void
version_and_reply_bits(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags < 16; flags++) {
		struct xd_vu_header h = {.request = XD_VU_GET_FEATURES, .flags = flags};
		bool good = (flags & 3) == 1 && !(flags & 4);

		assert_int_equal(xd_vu_check_header(&h, ALL_FEATURES, NULL), good ? 0 : -EPROTO);
	}
}

static void
protocol_features_needed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		const struct expected *e = &expected[i];
		struct xd_vu_header h = {.request = e->request,
			.flags = XD_VU_VERSION,
			.size = (uint32_t)e->size_min};
		bool always = e->needs < 0;

		if (e->size_min < 0)
			continue;
		assert_int_equal(xd_vu_check_header(&h, 0, NULL) == 0, always);
		if (always)
			continue;
		assert_int_equal(xd_vu_check_header(&h, 1ull << e->needs, NULL), 0);
		assert_int_equal(xd_vu_check_header(&h, ~(1ull << e->needs), NULL), -EPROTO);
	}
}

static void
which_requests_mutate(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		if (expected[i].size_min >= 0)
			assert_int_equal(
				xd_vu_rule(expected[i].request)->mutates, expected[i].mutates);
	}
}

static void
descriptor_counts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		const struct expected *e = &expected[i];
		struct xd_vu_message m = {.header = {.request = e->request,
						  .flags = XD_VU_VERSION,
						  .size = (uint32_t)e->size_min}};

		if (e->size_min < 0 || e->request == 5 || (e->request >= 12 && e->request <= 14))
			continue; /* these have tests of their own */
		for (m.nb_fds = 0; m.nb_fds <= XD_VU_MAX_FDS; m.nb_fds++)
			assert_int_equal(xd_vu_check_message(&m, NULL) == 0,
				m.nb_fds >= e->fds_min && m.nb_fds <= e->fds_max);
	}
}

/* Sizes that lie between two that front ends send. */
static void
sizes_between(void **state)
{
	static const struct {
		uint32_t request, small, large;
	} cases[] = {
		{XD_VU_GET_INFLIGHT_FD, 20, 24},
		{XD_VU_SET_INFLIGHT_FD, 20, 24},
		{XD_VU_SET_LOG_FD, 0, 8},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t size = cases[i].small; size <= cases[i].large; size++) {
			struct xd_vu_message m = {
				.header = {.request = cases[i].request,
					.flags = XD_VU_VERSION,
					.size = size},
				.nb_fds = cases[i].request != XD_VU_GET_INFLIGHT_FD,
			};

			assert_int_equal(xd_vu_check_message(&m, NULL) == 0,
				size == cases[i].small || size == cases[i].large);
		}
	}
}

static void
ring_descriptor_or_the_bit_that_says_none(void **state)
{
	(void)state;
	for (uint32_t r = XD_VU_SET_VRING_KICK; r <= XD_VU_SET_VRING_ERR; r++) {
		struct xd_vu_message m = {
			.header = {.request = r, .flags = XD_VU_VERSION, .size = 8}};

		for (m.nb_fds = 0; m.nb_fds <= XD_VU_MAX_FDS; m.nb_fds++) {
			m.payload.u64 = 1;
			assert_int_equal(xd_vu_check_message(&m, NULL) == 0, m.nb_fds == 1);
			m.payload.u64 = 1 | 0x100;
			assert_int_equal(xd_vu_check_message(&m, NULL) == 0, m.nb_fds == 0);
		}
	}
}

static void
memory_table_counts_agree(void **state)
{
	const uint32_t bad[] = {0, 9, 10, 1u << 31, UINT32_MAX, (UINT32_MAX - 7) / 32};

	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		struct xd_vu_message m = {
			.header = {.request = XD_VU_SET_MEM_TABLE, .flags = XD_VU_VERSION}};

		m.payload.table.nb_regions = n;
		for (m.header.size = 40; m.header.size <= 264; m.header.size += 8) {
			for (m.nb_fds = 0; m.nb_fds <= 8; m.nb_fds++)
				assert_int_equal(xd_vu_check_message(&m, NULL) == 0,
					m.header.size == 8 + n * 32 && m.nb_fds == n);
		}
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xd_vu_message m = {
			.header = {.request = XD_VU_SET_MEM_TABLE, .size = 8 + bad[i] * 32}};

		m.payload.table.nb_regions = bad[i];
		m.nb_fds = 1;
		assert_int_equal(xd_vu_check_message(&m, NULL), -EPROTO);
	}
}

static void
config_size_agrees(void **state)
{
	struct xd_vu_message m = {.header = {.request = XD_VU_GET_CONFIG, .size = 12 + 20}};

	(void)state;
	m.payload.config.size = 20;
	assert_int_equal(xd_vu_check_message(&m, NULL), 0);
	m.payload.config.size = 21;
	assert_int_equal(xd_vu_check_message(&m, NULL), -EPROTO);
	m.payload.config.size = UINT32_MAX;
	assert_int_equal(xd_vu_check_message(&m, NULL), -EPROTO);
}

static void
replies(void **state)
{
	struct xd_vu_header h = {.request = 1, .flags = 5, .size = 8};

	(void)state;
	assert_int_equal(xd_vu_check_reply(&h, 1, 8, NULL), 0);
	assert_int_equal(xd_vu_check_reply(&h, 2, 8, NULL), -EPROTO);
	assert_int_equal(xd_vu_check_reply(&h, 1, 16, NULL), -EPROTO);
	h.flags = 1;
	assert_int_equal(xd_vu_check_reply(&h, 1, 8, NULL), -EPROTO);
	h.flags = 6;
	assert_int_equal(xd_vu_check_reply(&h, 1, 8, NULL), -EPROTO);
	h = (struct xd_vu_header){.request = 1, .flags = 5, .size = 4096};
	assert_int_equal(xd_vu_check_reply(&h, 1, 4096, NULL), -EPROTO);
}

/* ---- Over a socket ---- */

/* A message of `request` with the most payload and descriptors it may have. */
static struct xd_vu_message
sample(const struct expected *e, int fd)
{
	struct xd_vu_message m = {.header = {.request = e->request,
					  .flags = XD_VU_VERSION,
					  .size = e->size_max < 0 ? 0 : (uint32_t)e->size_max}};

	for (unsigned i = 0; i < m.header.size; i++)
		((uint8_t *)&m.payload)[i] = (uint8_t)(i + 1);
	m.nb_fds = e->fds_max;
	for (unsigned i = 0; i < m.nb_fds; i++)
		m.fds[i] = fd;
	if (e->request == 5)
		m.payload.table.nb_regions = 8;
	if (e->request >= 12 && e->request <= 14)
		m.payload.u64 = 3;
	if (e->request == 24)
		m.payload.config.size = 256;
	return m;
}

/* Its bytes as they go over the wire. */
static uint32_t
flatten(const struct xd_vu_message *m, uint8_t *bytes)
{
	memcpy(bytes, &m->header, 12);
	memcpy(bytes + 12, &m->payload, m->header.size);
	return 12 + m->header.size;
}

static void
send_bytes(int sock, const uint8_t *bytes, size_t n, const int *fds, unsigned nb_fds)
{
	uint8_t control[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nb_fds) {
		struct cmsghdr *c;

		hdr.msg_control = control;
		hdr.msg_controllen = CMSG_SPACE(nb_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nb_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nb_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &hdr, 0), n);
}

/* As the back end does it. */
static int
receive(struct xd_vu_message *m, int sock)
{
	int ret = xd_vu_receive(m, sock, XD_VU_HEADER_BYTES, NULL);

	if (ret > 0)
		ret = xd_vu_check_header(&m->header, ALL_FEATURES, NULL) ? -EPROTO : 1;
	if (ret > 0)
		ret = xd_vu_receive(m, sock, XD_VU_HEADER_BYTES + m->header.size, NULL);
	if (ret > 0)
		ret = xd_vu_check_message(m, NULL) ? -EPROTO : 1;
	return ret;
}

static void
whole_messages_back_to_back(void **state)
{
	int efd = eventfd(0, 0);
	unsigned before = nb_entries("/proc/self/fd");
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		struct xd_vu_message m = sample(&expected[i], efd), got[2] = {0};
		uint32_t done = 0;

		if (expected[i].size_max < 0)
			continue;
		assert_int_equal(xd_vu_send(&m, s[0], &done), 0);
		assert_int_equal(done, 12 + m.header.size);
		done = 0;
		assert_int_equal(xd_vu_send(&m, s[0], &done), 0);
		/* Two in the socket: each gets its own bytes and its own descriptors. */
		for (unsigned k = 0; k < 2; k++) {
			assert_int_equal(receive(&got[k], s[1]), 1);
			assert_memory_equal(&got[k].header, &m.header, 12);
			assert_memory_equal(&got[k].payload, &m.payload, m.header.size);
			assert_int_equal(got[k].nb_fds, m.nb_fds);
			xd_vu_message_reset(&got[k]);
			assert_int_equal(got[k].have, 0);
		}
		assert_int_equal(receive(&got[0], s[1]), 0);
	}
	close(s[0]);
	close(s[1]);
	assert_int_equal(nb_entries("/proc/self/fd"), before);
	close(efd);
}

static void
messages_in_two_pieces_at_every_byte(void **state)
{
	int efd = eventfd(0, 0);
	unsigned before = nb_entries("/proc/self/fd");
	uint8_t bytes[600];
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		struct xd_vu_message m = sample(&expected[i], efd), got = {0};
		uint32_t total;

		if (expected[i].size_max < 0)
			continue;
		total = flatten(&m, bytes);
		for (uint32_t cut = 1; cut < total; cut++) {
			send_bytes(s[0], bytes, cut, m.fds, m.nb_fds);
			assert_int_equal(receive(&got, s[1]), 0);
			assert_int_equal(got.have, cut);
			send_bytes(s[0], bytes + cut, total - cut, NULL, 0);
			assert_int_equal(receive(&got, s[1]), 1);
			assert_memory_equal(&got.payload, &m.payload, m.header.size);
			assert_int_equal(got.nb_fds, m.nb_fds);
			xd_vu_message_reset(&got);
		}
	}
	close(s[0]);
	close(s[1]);
	assert_int_equal(nb_entries("/proc/self/fd"), before);
	close(efd);
}

static void
messages_cut_off_at_every_byte(void **state)
{
	int efd = eventfd(0, 0);
	unsigned before = nb_entries("/proc/self/fd");
	uint8_t bytes[600];

	(void)state;
	for (unsigned i = 0; i < NB_EXPECTED; i++) {
		struct xd_vu_message m = sample(&expected[i], efd);
		uint32_t total;

		if (expected[i].size_max < 0)
			continue;
		total = flatten(&m, bytes);
		for (uint32_t cut = 0; cut < total; cut++) {
			struct xd_vu_message got = {0};
			int s[2];

			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
			if (cut)
				send_bytes(s[0], bytes, cut, m.fds, m.nb_fds);
			close(s[0]);
			/* A hang-up between messages is none of anybody's fault. */
			assert_int_equal(receive(&got, s[1]), cut ? -EPROTO : -ECONNRESET);
			xd_vu_message_reset(&got);
			close(s[1]);
		}
	}
	assert_int_equal(nb_entries("/proc/self/fd"), before);
	close(efd);
}

static void
too_many_descriptors(void **state)
{
	int efd = eventfd(0, 0);
	unsigned before = nb_entries("/proc/self/fd");
	struct xd_vu_header h = {.request = XD_VU_GET_FEATURES, .flags = XD_VU_VERSION};
	int fds[64];

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		fds[i] = efd;
	for (unsigned n = 1; n <= 64; n++) {
		struct xd_vu_message got = {0};
		int s[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		send_bytes(s[0], (uint8_t *)&h, sizeof(h), fds, n);
		assert_int_equal(receive(&got, s[1]), -EPROTO);
		xd_vu_message_reset(&got);
		close(s[0]);
		close(s[1]);
	}
	assert_int_equal(nb_entries("/proc/self/fd"), before);
	close(efd);
}

/* Nine descriptors that come one with each byte, none of them in surplus at first sight. */
static void
too_many_descriptors_in_pieces(void **state)
{
	int efd = eventfd(0, 0);
	unsigned before = nb_entries("/proc/self/fd");
	struct xd_vu_header h = {.request = XD_VU_GET_FEATURES, .flags = XD_VU_VERSION};
	struct xd_vu_message got = {0};
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	for (unsigned i = 0; i < 9; i++)
		send_bytes(s[0], (uint8_t *)&h + i, 1, &efd, 1);
	assert_int_equal(receive(&got, s[1]), -EPROTO);
	xd_vu_message_reset(&got);
	close(s[0]);
	close(s[1]);
	assert_int_equal(nb_entries("/proc/self/fd"), before);
	close(efd);
}

static void
a_full_socket_is_not_waited_for(void **state)
{
	struct xd_vu_message m = {.header = {.request = 24, .flags = 1, .size = 268}}, got = {0};
	int s[2], ret;
	unsigned sent = 0, received = 0;
	uint32_t done = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	m.payload.config.size = 256;
	while ((ret = xd_vu_send(&m, s[0], &done)) == 0) {
		sent++;
		done = 0;
	}
	assert_int_equal(ret, -EAGAIN);
	while ((ret = receive(&got, s[1])) > 0) {
		received++;
		xd_vu_message_reset(&got);
	}
	assert_int_equal(ret, 0);
	assert_true(sent > 0 && received == sent);
	/* What was left of the last one goes on where it stopped. */
	assert_int_equal(xd_vu_send(&m, s[0], &done), 0);
	assert_int_equal(receive(&got, s[1]), 1);
	xd_vu_message_reset(&got);
	close(s[1]);
	done = 0;
	assert_int_equal(xd_vu_send(&m, s[0], &done), -EPIPE);
	close(s[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_sizes),
		cmocka_unit_test(unknown_requests),
		cmocka_unit_test(version_and_reply_bits),
		cmocka_unit_test(protocol_features_needed),
		cmocka_unit_test(which_requests_mutate),
		cmocka_unit_test(descriptor_counts),
		cmocka_unit_test(sizes_between),
		cmocka_unit_test(ring_descriptor_or_the_bit_that_says_none),
		cmocka_unit_test(memory_table_counts_agree),
		cmocka_unit_test(config_size_agrees),
		cmocka_unit_test(replies),
		cmocka_unit_test(whole_messages_back_to_back),
		cmocka_unit_test(messages_in_two_pieces_at_every_byte),
		cmocka_unit_test(messages_cut_off_at_every_byte),
		cmocka_unit_test(too_many_descriptors),
		cmocka_unit_test(too_many_descriptors_in_pieces),
		cmocka_unit_test(a_full_socket_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
