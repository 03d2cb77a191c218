/* SPDX-License-Identifier: BSD-3-Clause */
/* What a guest that moves, or grows, asks of the protocol while its rings run. */
#include "vhost_user_guest.h"

#define OFFERED (FEATURES | PACKED | XD_VU_F_LOG_ALL)

static int
setup(void **state)
{
	return env_create_with(state, true, true, OFFERED);
}

static int
log_file(size_t bytes)
{
	int fd = memfd_create("dirtylog", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static uint8_t
byte_of(int fd, off_t at)
{
	uint8_t byte = 0;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	return byte;
}

static void
note_write(struct env *e, uint64_t guest_addr, uint64_t len)
{
	xd_loop_lock(e->loop);
	xd_dirty_log_write(&xd_vu_backend_state(e->be)->log, guest_addr, len);
	xd_loop_unlock(e->loop);
}

static void
writes_are_logged_while_it_is_negotiated(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	unsigned before = open_fds(e);
	int small = log_file(8192), large = log_file(65536);
	uint64_t features;

	guest_connect(e, &g, FEATURES);
	features = xd_vu_frontend_features(g.fe);
	assert_null(env_state(e).log.bits);
	/* QEMU's order: the log, then the features, then the rings. */
	assert_int_equal(xd_vu_frontend_set_log(g.fe, small, 16, 4096 + 40, NULL), 0);
	assert_null(env_state(e).log.bits);
	assert_int_equal(xd_vu_frontend_set_features(g.fe, features | XD_VU_F_LOG_ALL, NULL), 0);
	assert_non_null(env_state(e).log.bits);
	assert_int_equal(env_state(e).log.nb_pages, 16 * 8);
	note_write(e, 9 * 4096 + 4095, 2); /* pages 9 and 10 */
	note_write(e, 127 * 4096, 1ull << 40);
	note_write(e, 128 * 4096, 1);
	assert_int_equal(byte_of(small, 4096 + 40 + 1), 0x06);
	assert_int_equal(byte_of(small, 4096 + 40 + 15), 0x80);
	assert_int_equal(byte_of(small, 4096 + 40 + 16), 0);
	assert_int_equal(byte_of(small, 4096 + 40 - 1), 0);

	/* The guest grew. */
	assert_int_equal(mappings(e, "memfd:dirtylog"), 1);
	assert_int_equal(xd_vu_frontend_set_log(g.fe, large, 65536, 0, NULL), 0);
	assert_int_equal(mappings(e, "memfd:dirtylog"), 1);
	assert_int_equal(env_state(e).log.nb_pages, 65536 * 8);
	note_write(e, 3 * 4096, 1);
	assert_int_equal(byte_of(large, 0), 0x08);
	assert_int_equal(byte_of(small, 4096 + 40), 0);

	/* Over; and begun once more. */
	assert_int_equal(xd_vu_frontend_set_features(g.fe, features, NULL), 0);
	assert_null(env_state(e).log.bits);
	assert_int_equal(env_state(e).log.nb_pages, 0);
	note_write(e, 0, 1);
	assert_int_equal(xd_vu_frontend_set_features(g.fe, features | XD_VU_F_LOG_ALL, NULL), 0);
	assert_non_null(env_state(e).log.bits);
	assert_int_equal(byte_of(large, 0), 0x08);
	env_close(e, g.fe);
	assert_null(env_state(e).log.bits);
	assert_int_equal(mappings(e, "memfd:dirtylog"), 0);

	/* A reset ends it, too. */
	guest_connect(e, &g, FEATURES | XD_VU_F_LOG_ALL);
	assert_int_equal(xd_vu_frontend_set_log(g.fe, large, 65536, 0, NULL), 0);
	assert_non_null(env_state(e).log.bits);
	assert_int_equal(ask_ack(xd_vu_frontend_fd(g.fe), XD_VU_RESET_DEVICE, NULL, 0, -1), 0);
	assert_null(env_state(e).log.bits);
	env_close(e, g.fe);
	close(small);
	close(large);
	assert_int_equal(open_fds(e), before);
	assert_int_equal(e->warnings, 0);
	guest_destroy(&g);
}

/* Answered by its own rule: once, with nothing in it, acknowledgement asked for or not. */
static void
log_base_is_answered(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_vu_log payload = {.size = 4096};
	int fd = log_file(4096), sock = xd_vu_frontend_fd(fe);

	for (unsigned need_reply = 0; need_reply < 2; need_reply++) {
		struct xd_vu_header h = {.request = XD_VU_SET_LOG_BASE,
			.flags = 1 | (need_reply ? 8 : 0),
			.size = sizeof(payload)};
		struct xd_vu_message m = {0};

		send_raw(sock, &h, &payload, sizeof(payload), &fd, 1);
		while (m.have < 12) {
			wait_readable(sock);
			assert_true(xd_vu_receive(&m, sock, 12, NULL) >= 0);
		}
		assert_int_equal(m.header.request, XD_VU_SET_LOG_BASE);
		assert_int_equal(m.header.flags, 5);
		assert_int_equal(m.header.size, 0);
		/* The next answer is that to the next request. */
		send_request(sock, XD_VU_GET_MAX_MEM_SLOTS, NULL, 0, -1);
		assert_int_equal(receive_u64(sock, XD_VU_GET_MAX_MEM_SLOTS), XD_GUEST_REGIONS_MAX);
	}
	env_close(e, fe);
	close(fd);
}

static void
impossible_logs_are_refused(void **state)
{
	static const struct {
		uint64_t size, offset;
		const char *why;
	} cases[] = {
		{0, 0, "the dirty log of size 0"},
		{8193, 0, "the dirty log of size 0x2001 at offset 0x0 lies beyond its file"},
		{8192, 1, "beyond its file"},
		{4096, UINT64_MAX - 4095, "beyond its file"},
		{UINT64_MAX / 8, 4096, "beyond its file"},
		{UINT64_MAX, 1, "too large"},
	};
	struct env *e = *state;
	int fd = log_file(8192), fds[2];
	unsigned before = open_fds(e);
	struct xd_vu_frontend *fe;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fe = env_open(e);
		assert_true(
			xd_vu_frontend_set_log(fe, fd, cases[i].size, cases[i].offset, NULL) < 0);
		env_close(e, fe);
		assert_non_null(strstr(e->last_warning, cases[i].why));
		assert_int_equal(mappings(e, "memfd:dirtylog"), 0);
		assert_int_equal(open_fds(e), before);
	}
	assert_int_equal(pipe(fds), 0);
	fe = env_open(e);
	assert_true(xd_vu_frontend_set_log(fe, fds[0], 4096, 0, NULL) < 0);
	env_close(e, fe);
	assert_non_null(strstr(e->last_warning, "not shared memory"));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	/* Not negotiated: not even asked. */
	fe = env_open_with(e, false, FEATURES, XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK));
	assert_int_equal(xd_vu_frontend_set_log(fe, 0, 4096, 0, NULL), -ENOTSUP);
	env_close(e, fe);
}

static void
log_descriptor_is_not_kept(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int sock = xd_vu_frontend_fd(fe), fd = eventfd(0, 0);
	uint64_t zero = 0;
	unsigned before = open_fds(e), pauses = e->pauses;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(ask_ack(sock, XD_VU_SET_LOG_FD, &zero, i % 2 ? 8 : 0, fd), 0);
	assert_int_equal(open_fds(e), before);
	assert_int_equal(e->pauses, pauses);
	env_close(e, fe);
	close(fd);
}

/* SET_VRING_ADDR comes again when logging is switched on and off; the ring goes on where it is. */
static void
log_of_a_ring(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	struct xd_vu_frontend_ring ring = guest_ring(&g, 1, 8, 3);
	uint32_t flags[10] = {1, 2};

	guest_connect(e, &g, FEATURES);
	assert_int_equal(guest_start(e, &g, 1, 8, 3), 3);
	assert_false(env_state(e).vrings[1].log);
	xd_loop_lock(e->loop);
	e->base[1] = 6;
	xd_loop_unlock(e->loop);
	ring.log = true;
	ring.log_addr = 0x123456789000;
	assert_int_equal(xd_vu_frontend_set_ring_addr(g.fe, 1, &ring, NULL), 0);
	assert_true(env_state(e).vrings[1].log);
	assert_true(env_state(e).vrings[1].log_addr == 0x123456789000);
	assert_true(env_state(e).vrings[1].started);
	assert_int_equal(env_state(e).vrings[1].base, 6);
	assert_false(env_state(e).vrings[0].log);
	ring.log = false;
	assert_int_equal(xd_vu_frontend_set_ring_addr(g.fe, 1, &ring, NULL), 0);
	assert_false(env_state(e).vrings[1].log);
	assert_int_equal(xd_vu_frontend_stop_ring(g.fe, 1, NULL), 6);
	/* There is no other flag. */
	assert_int_equal(ask_ack(xd_vu_frontend_fd(g.fe), XD_VU_SET_VRING_ADDR, flags, 40, -1), 1);
	env_close(e, g.fe);
	assert_non_null(strstr(e->last_warning, "with flags 0x2"));
	guest_destroy(&g);
}

static void
rarp_of_the_guest(void **state)
{
	static const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	uint64_t payload = UINT64_MAX;

	assert_int_equal(xd_vu_frontend_send_rarp(fe, mac, NULL), 0);
	assert_int_equal(e->rarps, 1);
	assert_memory_equal(e->rarp, mac, 6);
	memcpy(&payload, mac, 6); /* what is behind it means nothing */
	memset(e->rarp, 0, 6);
	assert_int_equal(ask_ack(xd_vu_frontend_fd(fe), XD_VU_SEND_RARP, &payload, 8, -1), 0);
	assert_int_equal(e->rarps, 2);
	assert_memory_equal(e->rarp, mac, 6);
	env_close(e, fe);
	fe = env_open_with(e, false, FEATURES, 0);
	assert_int_equal(xd_vu_frontend_send_rarp(fe, mac, NULL), -ENOTSUP);
	env_close(e, fe);
}

/* Memory that comes, goes, and is told of once more, while a ring runs. */
static void
memory_changes_under_a_ring(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	struct xd_vu_frontend_region all[2] = {
		{.fd = g.fd, .addr = g.mem, .size = GUEST_BYTES},
		{.fd = g.fd, .addr = (void *)0x10000000, .guest_addr = 1ull << 32, .size = 65536},
	};
	struct xd_vu_vring vr;
	unsigned before;

	guest_connect(e, &g, FEATURES | PACKED);
	guest_start(e, &g, 1, 8, FRESH);
	assert_int_equal(xd_vu_frontend_enable(g.fe, 1, true, NULL), 0);
	xd_loop_lock(e->loop);
	e->base[1] = BASE(5);
	xd_loop_unlock(e->loop);
	before = open_fds(e);
	for (unsigned i = 0; i < 12; i++) {
		unsigned n = 0;

		switch (i % 4) {
		case 0:
			assert_int_equal(xd_vu_frontend_add_region(g.fe, &all[1], NULL), 0);
			n = 2;
			break;
		case 1: /* the same again */
			assert_int_equal(xd_vu_frontend_set_memory(g.fe, all, 2, NULL), 0);
			n = 2;
			break;
		case 2:
			assert_int_equal(xd_vu_frontend_remove_region(g.fe, &all[1], NULL), 0);
			n = 1;
			break;
		case 3:
			assert_int_equal(xd_vu_frontend_set_memory(g.fe, all, 1, NULL), 0);
			n = 1;
		}
		assert_int_equal(env_state(e).memory.n, n);
		assert_int_equal(open_fds(e), before);      /* mapped, not open */
		assert_int_equal(guest_mappings(e), n + 1); /* one is ours */
		vr = env_state(e).vrings[1];
		assert_true(vr.started && vr.enabled && vr.has_addr);
		assert_true(vr.base == BASE(5) && vr.size == 8);
		xd_loop_lock(e->loop);
		g.mem[RING_STRIDE + i] = (uint8_t)(i + 1);
		assert_int_equal(xd_guest_user_ptr(
					 &xd_vu_backend_state(e->be)->memory, vr.desc_addr, 128)[i],
			i + 1);
		xd_loop_unlock(e->loop);
	}
	env_close(e, g.fe);
	guest_destroy(&g);
}

/* QEMU sends SET_FEATURES whenever a migration begins or ends. */
static void
features_again_under_a_ring(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	uint64_t features;

	guest_connect(e, &g, FEATURES | PACKED);
	features = xd_vu_frontend_features(g.fe);
	guest_start(e, &g, 1, 8, FRESH);
	xd_loop_lock(e->loop);
	e->base[1] = BASE(5);
	xd_loop_unlock(e->loop);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t log = i % 2 ? 0 : XD_VU_F_LOG_ALL;

		assert_int_equal(xd_vu_frontend_set_features(g.fe, features | log, NULL), 0);
		assert_true(env_state(e).features == (features | log));
		assert_true(xd_vu_frontend_features(g.fe) == (features | log));
		assert_true(env_state(e).vrings[1].started);
		assert_int_equal(env_state(e).vrings[1].base, BASE(5));
	}
	/* Still nothing that was not offered. */
	assert_int_equal(xd_vu_frontend_set_features(g.fe, features | IN_ORDER, NULL), -EINVAL);
	assert_true(xd_vu_frontend_features(g.fe) == features);
	env_close(e, g.fe);
	assert_non_null(strstr(e->last_warning, "not offered"));
	guest_destroy(&g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, env_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_are_logged_while_it_is_negotiated),
		TEST(log_base_is_answered),
		TEST(impossible_logs_are_refused),
		TEST(log_descriptor_is_not_kept),
		TEST(log_of_a_ring),
		TEST(rarp_of_the_guest),
		TEST(memory_changes_under_a_ring),
		TEST(features_again_under_a_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
