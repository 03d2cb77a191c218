/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections come and go, sockets are stale or live, and front ends are broken or hostile. */
#include <sys/stat.h>

#include "vhost_user_env.h"

/* Memory, rings with descriptors, everything that a disconnect must give back. */
static void
furnish(struct xd_vu_frontend *fe, int fd)
{
	struct xd_vu_frontend_region r[2] = {
		{.fd = fd, .addr = (void *)0x10000000, .guest_addr = 0, .size = 4096},
		{.fd = fd, .addr = (void *)0x20000000, .guest_addr = 1 << 20, .size = 4096},
	};
	struct xd_vu_frontend_ring ring = {.size = 256,
		.desc = (void *)0x10000000,
		.avail = (void *)0x10000000,
		.used = (void *)0x10000000};

	assert_int_equal(xd_vu_frontend_set_memory(fe, r, 2, NULL), 0);
	ring.kick_fd = eventfd(0, 0);
	ring.call_fd = eventfd(0, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(xd_vu_frontend_set_ring(fe, i, &ring, NULL), 0);
		assert_int_equal(xd_vu_frontend_enable(fe, i, true, NULL), 0);
	}
	/* Again: what was there is replaced, not leaked. */
	assert_int_equal(xd_vu_frontend_set_memory(fe, r, 2, NULL), 0);
	assert_int_equal(xd_vu_frontend_set_ring(fe, 0, &ring, NULL), 0);
	close(ring.kick_fd);
	close(ring.call_fd);
}

static void
expect_fresh(struct env *e)
{
	struct xd_vu_state s = env_state(e);

	assert_false(s.connected);
	assert_true(s.features == 0 && s.protocol_features == 0);
	assert_int_equal(s.memory.n, 0);
	for (unsigned i = 0; i < XD_VU_MAX_VRINGS; i++) {
		assert_int_equal(s.vrings[i].kick_fd, -1);
		assert_int_equal(s.vrings[i].call_fd, -1);
		assert_false(s.vrings[i].started || s.vrings[i].enabled || s.vrings[i].has_addr);
		assert_int_equal(s.vrings[i].size, 0);
	}
}

static void
nothing_is_left_after_a_hundred_connections(void **state)
{
	struct env *e = *state;
	int fd = memory_file(4096);
	unsigned before = open_fds(e);

	for (unsigned i = 0; i < 100; i++) {
		struct xd_vu_frontend *fe = env_open(e);

		furnish(fe, fd);
		assert_int_equal(guest_mappings(e), 2);
		env_close(e, fe);
		expect_fresh(e);
		assert_int_equal(guest_mappings(e), 0);
	}
	assert_int_equal(open_fds(e), before);
	assert_int_equal(env_state(e).nb_connects, 100);
	assert_int_equal(env_state(e).nb_bad_messages, 0);
	assert_int_equal(e->warnings, 0);
	close(fd);
}

/* The new connection and the hang-up of the old one come in one batch of events, in this order. */
static void
who_comes_back_at_once_is_not_turned_away(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int sock;

	for (unsigned i = 0; i < 100; i++) {
		xd_loop_lock(e->loop);
		sock = xd_vu_connect(e->path);
		assert_true(sock >= 0);
		xd_vu_frontend_close(fe); /* the loop cannot look yet */
		xd_loop_unlock(e->loop);
		send_request(sock, XD_VU_GET_FEATURES, NULL, 0, -1);
		receive_u64(sock, XD_VU_GET_FEATURES);
		close(sock);
		fe = env_open(e);
	}
	assert_int_equal(e->warnings, 0);
	env_close(e, fe);
}

static void
second_client_is_turned_away(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int fd = memory_file(4096);
	unsigned before;

	furnish(fe, fd);
	before = open_fds(e);
	for (unsigned i = 0; i < 20; i++) {
		int sock = xd_vu_connect(e->path);

		assert_true(sock >= 0);
		assert_true(hung_up(sock));
		close(sock);
	}
	assert_int_equal(open_fds(e), before);
	xd_loop_lock(e->loop);
	assert_true(e->warnings >= 1);
	assert_non_null(strstr(e->last_warning, "turned away"));
	xd_loop_unlock(e->loop);
	/* The first has felt nothing. */
	assert_int_equal(env_state(e).memory.n, 2);
	assert_int_equal(xd_vu_frontend_stop_ring(fe, 0, NULL), 0);
	env_close(e, fe);
	close(fd);
}

static void
client_waits_for_the_listener(void **state)
{
	struct env *e = *state;
	unsigned before = open_fds(e);

	/* Long enough for some attempts, all of which fail. */
	usleep(100000);
	assert_false(env_state(e).connected);
	assert_int_equal(env_state(e).nb_connects, 0);
	for (unsigned i = 0; i < 5; i++) {
		struct xd_vu_frontend *fe = env_open_with(e, true, FEATURES, PROTOCOL_FEATURES);

		assert_int_equal(env_state(e).nb_connects, i + 1);
		assert_int_equal(xd_vu_frontend_enable(fe, 0, true, NULL), 0);
		env_close(e, fe);
		assert_int_equal(access(e->path, F_OK), -1);
	}
	assert_int_equal(open_fds(e), before);
	assert_int_equal(e->warnings, 0);
}

/* The back-off must not be reset by a peer that says nothing, or the loop would spin. */
static void
client_is_patient_with_a_peer_that_hangs_up(void **state)
{
	struct env *e = *state;
	struct xd_vu_listener l;
	const uint64_t begun_ns = xd_clock_ns();

	assert_int_equal(xd_vu_listen(&l, e->path, NULL, NULL), 0);
	/* At least 10, 20, 40, ... ms apart, however seldom anybody looks. */
	for (unsigned n = 0; n < 6; n++) {
		struct pollfd asked = {.fd = l.fd, .events = POLLIN};
		int sock;

		assert_int_equal(poll(&asked, 1, -1), 1);
		sock = accept(l.fd, NULL, NULL);
		assert_true(sock >= 0);
		close(sock);
	}
	assert_true(xd_clock_ns() - begun_ns >= (10 + 20 + 40 + 80 + 160) * 1000000ull);
	xd_vu_unlisten(&l);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

static void
disconnect_by_the_owner(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);

	xd_loop_lock(e->loop);
	xd_vu_backend_disconnect(e->be);
	xd_vu_backend_disconnect(e->be);
	xd_loop_unlock(e->loop);
	assert_true(hung_up(xd_vu_frontend_fd(fe)));
	expect_fresh(e);
	xd_vu_frontend_close(fe);

	/* From within resume, as when what a message brought turns out to be nonsense: once while
	 * handling a message, once when connecting. */
	fe = env_open(e);
	xd_loop_lock(e->loop);
	e->drop_on_resume = true;
	xd_loop_unlock(e->loop);
	xd_vu_frontend_enable(fe, 0, true, NULL);
	assert_true(hung_up(xd_vu_frontend_fd(fe)));
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	expect_fresh(e);
	xd_vu_frontend_close(fe);

	xd_loop_lock(e->loop);
	e->drop_on_resume = true;
	xd_loop_unlock(e->loop);
	{
		int sock = xd_vu_connect(e->path);

		assert_true(sock >= 0);
		assert_true(hung_up(sock));
		close(sock);
	}
	fe = env_open(e);
	env_close(e, fe);
	assert_int_equal(env_state(e).nb_bad_messages, 0);
}

/* ---- Sockets ---- */

static void
stale_socket_is_replaced(void **state)
{
	struct env *e = *state;
	struct xd_vu_listener dead;
	struct xd_vu_frontend *fe;
	struct xd_error err = {0};

	assert_int_equal(xd_vu_listen(&dead, e->path, NULL, NULL), 0);
	close(dead.fd); /* as a crash leaves it */
	assert_int_equal(access(e->path, F_OK), 0);
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_backend_start(e->be, &err), 0);
	xd_loop_unlock(e->loop);
	fe = env_open(e);
	env_close(e, fe);
}

static void
live_socket_is_not_stolen(void **state)
{
	struct env *e = *state;
	struct xd_vu_listener live;
	struct xd_error err = {0};
	struct stat before, after;

	assert_int_equal(xd_vu_listen(&live, e->path, NULL, NULL), 0);
	assert_int_equal(stat(e->path, &before), 0);
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_backend_start(e->be, &err), -EADDRINUSE);
	xd_loop_unlock(e->loop);
	assert_non_null(strstr(err.text, "is in use by another process"));
	assert_non_null(strstr(err.text, e->path));
	xd_loop_lock(e->loop);
	xd_vu_backend_stop(e->be); /* of what never started: removes nothing */
	xd_loop_unlock(e->loop);
	assert_int_equal(stat(e->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	xd_vu_unlisten(&live);

	/* It can be started now that the path is free. */
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_backend_start(e->be, &err), 0);
	xd_loop_unlock(e->loop);
	env_close(e, env_open(e));
}

static void
file_that_is_no_socket_is_left_alone(void **state)
{
	struct env *e = *state;
	struct xd_error err = {0};
	FILE *f = fopen(e->path, "w");

	assert_non_null(f);
	fclose(f);
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_backend_start(e->be, &err), -EEXIST);
	xd_loop_unlock(e->loop);
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(access(e->path, F_OK), 0);
	unlink(e->path);
}

static void
missing_directory_is_named(void **state)
{
	struct env *e = *state;
	struct xd_error err = {0};
	struct xd_vu_backend *other;
	char path[sizeof(e->path)];

	memcpy(path, e->path, sizeof(path));
	snprintf(e->path, sizeof(e->path), "%s/no/such/vm1.sock", e->dir);
	other = env_backend(e, true);
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_backend_start(other, &err), -ENOENT);
	xd_vu_backend_destroy(other);
	xd_loop_unlock(e->loop);
	e->path[strlen(e->path) - strlen("/vm1.sock")] = '\0';
	assert_non_null(strstr(err.text, e->path));
	assert_non_null(strstr(err.text, "mkdir"));
	memcpy(e->path, path, sizeof(path));
}

static void
path_of_a_socket_is_bounded(void **state)
{
	struct xd_vu_backend_opts opts = {.name = "x", .nb_queue_pairs = 1};
	struct xd_vu_frontend_opts fe_opts = {0};
	struct xd_error err = {0};
	struct xd_vu_listener l;
	char path[109];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	opts.path = fe_opts.path = path;
	assert_null(xd_vu_backend_create(&opts, &err));
	assert_int_equal(err.code, -ENAMETOOLONG);
	assert_null(xd_vu_frontend_open(&fe_opts, &err));
	assert_int_equal(err.code, -ENAMETOOLONG);
	assert_int_equal(xd_vu_listen(&l, path, NULL, &err), -ENAMETOOLONG);
	assert_int_equal(xd_vu_connect(path), -ENAMETOOLONG);
	opts.path = "/tmp/x";
	opts.nb_queue_pairs = XD_VU_MAX_VRINGS / 2 + 1;
	assert_null(xd_vu_backend_create(&opts, &err));
	opts.nb_queue_pairs = 0;
	assert_null(xd_vu_backend_create(&opts, &err));
	xd_vu_backend_destroy(NULL);
	xd_vu_frontend_close(NULL);
}

static void
stop_removes_only_its_own_file(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_vu_listener other;
	int fds[4];

	unlink(e->path);
	assert_int_equal(xd_vu_listen(&other, e->path, NULL, NULL), 0);
	xd_loop_lock(e->loop);
	xd_vu_backend_stop(e->be);
	xd_loop_unlock(e->loop);
	assert_int_equal(access(e->path, F_OK), 0);
	assert_true(hung_up(xd_vu_frontend_fd(fe)));
	expect_fresh(e);
	/* Stopping twice closes nothing that is no longer its own. */
	for (unsigned i = 0; i < 4; i++)
		fds[i] = eventfd(0, 0);
	xd_loop_lock(e->loop);
	xd_vu_backend_stop(e->be);
	xd_loop_unlock(e->loop);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(close(fds[i]), 0);
	xd_vu_frontend_close(fe);
	xd_vu_unlisten(&other);
	assert_int_equal(access(e->path, F_OK), -1);
}

/* ---- Front ends of ill will ---- */

struct bad {
	const char *why; /* a part of the log line */
	uint32_t request, flags, size;
	uint64_t payload[5];
	unsigned nb_fds;
};

static const struct bad bad_messages[] = {
	{"version 0", 1, 0, 0, {0}, 0},
	{"version 2", 1, 2, 0, {0}, 0},
	{"an answer", 1, 5, 0, {0}, 0},
	{"unknown request 0", 0, 1, 0, {0}, 0},
	{"unknown request 4096", 4096, 1, 0, {0}, 0},
	{"SET_LOG_BASE without protocol feature 1", 6, 1, 16, {0}, 1},
	{"SET_BACKEND_REQ_FD is not supported", 21, 1, 0, {0}, 1},
	{"IOTLB_MSG is not supported", 22, 1, 32, {0}, 0},
	{"GET_INFLIGHT_FD without protocol feature 12", 31, 1, 24, {0}, 0},
	{"SET_INFLIGHT_FD without protocol feature 12", 32, 1, 24, {0}, 1},
	{"POSTCOPY_ADVISE is not supported", 28, 1, 0, {0}, 0},
	{"CREATE_CRYPTO_SESSION is not supported", 26, 1, 0, {0}, 0},
	{"GET_QUEUE_NUM without protocol feature 0", 17, 1, 0, {0}, 0},
	{"ADD_MEM_REG without protocol feature 15", 37, 1, 40, {0}, 1},
	{"GET_STATUS without protocol feature 16", 40, 1, 0, {0}, 0},
	{"GET_CONFIG without protocol feature 9", 24, 1, 13, {0}, 0},
	{"SET_FEATURES with 4 bytes, not 8,", 2, 1, 4, {0}, 0},
	{"SET_FEATURES with 16 bytes, not 8,", 2, 1, 16, {0}, 0},
	{"GET_FEATURES with 8 bytes", 1, 1, 8, {0}, 0},
	{"GET_FEATURES with 4294967295 bytes", 1, 1, UINT32_MAX, {0}, 0},
	{"GET_FEATURES with 1 descriptors, not 0", 1, 1, 0, {0}, 1},
	{"SET_MEM_TABLE of 2 regions with 40 bytes", 5, 1, 40, {2}, 2},
	{"SET_MEM_TABLE with 2 descriptors, not 1", 5, 1, 40, {1}, 2},
	{"SET_MEM_TABLE with 0 descriptors, not 1", 5, 1, 40, {1}, 0},
	{"SET_MEM_TABLE of 0 regions", 5, 1, 40, {0}, 1},
	{"SET_VRING_KICK with 0 descriptors, not 1", 12, 1, 8, {0}, 0},
	{"SET_VRING_CALL with 2 descriptors, not 1", 13, 1, 8, {0}, 2},
	{"SET_VRING_ERR with 1 descriptors, not 0", 14, 1, 8, {0x100}, 1},
	{"more than 8", 1, 1, 0, {0}, 9},
	{"more than 8", 1, 1, 0, {0}, 16},
	{"not offered", 2, 1, 8, {1}, 0},
	{"not offered", 16, 1, 8, {1 << 5}, 0},
	{"SET_VRING_NUM of ring 4,", 8, 1, 8, {256ull << 32 | 4}, 0},
	{"SET_VRING_NUM of ring 4294967295,", 8, 1, 8, {256ull << 32 | UINT32_MAX}, 0},
	{"of 0 entries", 8, 1, 8, {0}, 0},
	{"of 257 entries", 8, 1, 8, {257ull << 32}, 0},
	{"of 65536 entries", 8, 1, 8, {65536ull << 32}, 0},
	{"SET_VRING_ADDR of ring 4,", 9, 1, 40, {4}, 0},
	{"with flags 0x1", 9, 1, 40, {1ull << 32}, 0},
	{"SET_VRING_BASE of ring 4,", 10, 1, 8, {4}, 0},
	{"beyond 65535", 10, 1, 8, {65536ull << 32}, 0},
	{"GET_VRING_BASE of ring 4,", 11, 1, 8, {4}, 0},
	{"SET_VRING_KICK of ring 4,", 12, 1, 8, {4}, 1},
	{"SET_VRING_CALL of ring 255,", 13, 1, 8, {255}, 1},
	{"SET_VRING_ERR of ring 4,", 14, 1, 8, {4}, 1},
	{"SET_VRING_ENABLE of ring 4,", 18, 1, 8, {1ull << 32 | 4}, 0},
	{"not 0 or 1", 18, 1, 8, {2ull << 32}, 0},
};

static void
bad_message_closes_the_connection(void **state)
{
	struct env *e = *state;
	unsigned before = open_fds(e);
	int fds[16];

	for (unsigned i = 0; i < sizeof(bad_messages) / sizeof(bad_messages[0]); i++) {
		const struct bad *b = &bad_messages[i];
		struct xd_vu_header h = {b->request, b->flags, b->size};
		uint32_t size = b->size < sizeof(b->payload) ? b->size : sizeof(b->payload);
		unsigned warnings = e->warnings;
		int sock = xd_vu_connect(e->path);

		env_log_anew(e);
		assert_true(sock >= 0);
		for (unsigned k = 0; k < b->nb_fds; k++)
			fds[k] = eventfd(0, 0);
		send_raw(sock, &h, b->payload, size, fds, b->nb_fds);
		for (unsigned k = 0; k < b->nb_fds; k++)
			close(fds[k]);
		assert_true(hung_up(sock));
		WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
		close(sock);
		if (!strstr(e->last_warning, b->why))
			print_message("'%s' is not in '%s'\n", b->why, e->last_warning);
		assert_non_null(strstr(e->last_warning, b->why));
		assert_int_equal(e->warnings, warnings + 1); /* one line */
		assert_int_equal(env_state(e).nb_bad_messages, i + 1);
		assert_int_equal(open_fds(e), before);
		expect_fresh(e);
	}
}

static void
message_cut_off_by_a_hang_up_is_bad(void **state)
{
	struct env *e = *state;
	struct xd_vu_header h = {.request = XD_VU_SET_VRING_NUM, .flags = 1, .size = 8};
	int sock = xd_vu_connect(e->path);

	assert_true(sock >= 0);
	send_raw(sock, &h, "1234", 4, NULL, 0);
	close(sock);
	WAIT_FOR(e, xd_vu_backend_state(e->be)->nb_bad_messages == 1);
	expect_fresh(e);
	assert_non_null(strstr(e->last_warning, "cut off after 16 bytes"));
}

/* One byte at a time, and never blocking: the loop serves others in between. */
static void
message_in_single_bytes(void **state)
{
	struct env *e = *state;
	uint8_t bytes[20];
	struct xd_vu_header h = {.request = XD_VU_SET_VRING_NUM, .flags = 1, .size = 8};
	uint64_t payload = 512ull << 32 | 2;
	int sock = xd_vu_connect(e->path);

	assert_true(sock >= 0);
	memcpy(bytes, &h, 12);
	memcpy(bytes + 12, &payload, 8);
	for (unsigned i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(env_state(e).vrings[2].size, 0);
		assert_int_equal(send(sock, bytes + i, 1, 0), 1);
		xd_loop_wake(e->loop);
	}
	WAIT_FOR(e, xd_vu_backend_state(e->be)->vrings[2].size == 512);
	close(sock);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	assert_int_equal(env_state(e).nb_bad_messages, 0);
}

/* Asks again and again and never reads: must not block the loop. */
static void
front_end_that_reads_no_answers_is_dropped(void **state)
{
	struct env *e = *state;
	struct xd_vu_header h = {.request = XD_VU_GET_FEATURES, .flags = 1};
	int sock = xd_vu_connect(e->path);

	assert_true(sock >= 0);
	for (;;) {
		ssize_t n = send(sock, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
	}
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	assert_non_null(strstr(e->last_warning, "does not read its answers"));
	close(sock);
	env_close(e, env_open(e));
}

/* Random requests with random contents: whatever happens, nothing leaks and the next is served. */
static void
noise_leaves_nothing_behind(void **state)
{
	struct env *e = *state;
	unsigned before = open_fds(e);
	unsigned seed = 20220701;
	int fd = memory_file(4096), event = eventfd(0, 0);

	for (unsigned round = 0; round < 300; round++) {
		int sock = xd_vu_connect(e->path);
		uint64_t pf = PROTOCOL_FEATURES & ~XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK);

		assert_true(sock >= 0);
		send_request(sock, XD_VU_SET_PROTOCOL_FEATURES, &pf, 8, -1);
		for (unsigned i = 0; i < 30; i++) {
			uint32_t request = (uint32_t)rand_r(&seed) % 42;
			const struct xd_vu_rule *rule = xd_vu_rule(request);
			uint32_t words[67] = {0};
			struct xd_vu_header h = {request, 1, rule ? rule->size_min : 0};
			bool of_ring =
				request >= XD_VU_SET_VRING_KICK && request <= XD_VU_SET_VRING_ERR;
			int fds[2] = {of_ring ? event : fd, fd};

			if (rule && !rule->supported)
				continue;
			/* Small numbers, so that much of it makes sense. */
			for (unsigned k = 0; k < h.size / 4; k++)
				words[k] = 1u << (rand_r(&seed) % 13) & (k % 2 ? 0 : UINT32_MAX);
			if (rand_r(&seed) % 50 == 0)
				h.size++;
			if (rand_r(&seed) % 50 == 0)
				words[rand_r(&seed) % 10] = UINT32_MAX;
			send_raw(sock, &h, words, h.size, fds, rule ? rule->fds_max % 3 : 0);
		}
		close(sock);
		WAIT_FOR(e, xd_vu_backend_state(e->be)->nb_connects == round + 1 &&
				    !xd_vu_backend_state(e->be)->connected);
	}
	close(fd);
	close(event);
	env_close(e, env_open(e));
	assert_int_equal(open_fds(e), before);
	assert_int_equal(guest_mappings(e), 0);
	assert_true(env_state(e).nb_bad_messages > 0);
}

/* ---- The front end, when the switch is not there or silent ---- */

static struct xd_vu_frontend *
try_open(struct env *e, bool server, unsigned timeout_ms, const volatile bool *cancel,
	struct xd_error *err)
{
	struct xd_vu_frontend_opts opts = {
		.path = e->path,
		.server = server,
		.features = FEATURES,
		.timeout_ms = timeout_ms,
		.cancel = cancel,
	};

	memset(err, 0, sizeof(*err));
	return xd_vu_frontend_open(&opts, err);
}

static void
front_end_says_what_is_missing(void **state)
{
	struct env *e = *state;
	unsigned before = open_fds(e);
	struct xd_vu_listener silent;
	struct xd_error err;

	assert_null(try_open(e, false, 50, NULL, &err));
	assert_int_equal(err.code, -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no switch answered on"));
	assert_non_null(strstr(err.text, "within 50 ms: is it running, and is its port in server"));

	assert_null(try_open(e, true, 1000, NULL, &err));
	assert_non_null(strstr(err.text, "within 1 s: is it running, and is its port in client"));
	assert_int_equal(access(e->path, F_OK), -1);

	assert_int_equal(xd_vu_listen(&silent, e->path, NULL, NULL), 0);
	assert_null(try_open(e, false, 50, NULL, &err));
	assert_non_null(strstr(err.text, "did not answer GET_FEATURES within 50 ms"));
	assert_null(try_open(e, true, 50, NULL, &err));
	assert_int_equal(err.code, -EADDRINUSE);
	xd_vu_unlisten(&silent);
	assert_int_equal(open_fds(e), before);
}

/* One that says something good and hangs up is an attempt, too. */
static void
short_connections_back_off(void **state)
{
	struct env *e = *state;
	uint32_t backoff_ms = 0;

	for (unsigned i = 0; i < 6; i++) {
		env_close(e, env_open_with(e, true, FEATURES, PROTOCOL_FEATURES));
		xd_loop_lock(e->loop);
		backoff_ms = e->be->backoff_ms;
		xd_loop_unlock(e->loop);
	}
	assert_true(backoff_ms >= 32 * XD_VU_BACKOFF_MIN_MS);
	/* Lasted. */
	{
		struct xd_vu_frontend *fe = env_open_with(e, true, FEATURES, PROTOCOL_FEATURES);

		xd_loop_lock(e->loop);
		e->be->state.connected_at_ns -= 2 * XD_VU_LASTED_NS;
		xd_loop_unlock(e->loop);
		env_close(e, fe);
		xd_loop_lock(e->loop);
		backoff_ms = e->be->backoff_ms;
		xd_loop_unlock(e->loop);
		assert_true(backoff_ms <= 2 * XD_VU_BACKOFF_MIN_MS);
	}
}

static void
flood_of_lines_is_cut(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int sock = xd_vu_frontend_fd(fe);
	uint64_t mtu = 1;

	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(ask_ack(sock, XD_VU_NET_SET_MTU, &mtu, sizeof(mtu), -1), 1);
	xd_loop_lock(e->loop);
	assert_int_equal(e->warnings, XD_LOG_AT_ONCE);
	assert_int_equal(xd_vu_backend_lines_left_out(e->be), 200 - XD_LOG_AT_ONCE);
	/* Time goes by. */
	e->be->lines[XD_VU_LINE_REFUSED].rate.even_ns = 0;
	xd_loop_unlock(e->loop);
	assert_int_equal(ask_ack(sock, XD_VU_NET_SET_MTU, &mtu, sizeof(mtu), -1), 1);
	xd_loop_lock(e->loop);
	assert_int_equal(e->warnings, XD_LOG_AT_ONCE + 1);
	assert_non_null(strstr(e->last_warning, "(180 lines like this were left out before)"));
	xd_loop_unlock(e->loop);
	env_close(e, fe);
}

static void *
cancel_soon(void *ctx)
{
	usleep(20000);
	*(volatile bool *)ctx = true;
	return NULL;
}

static void
front_end_can_be_cancelled(void **state)
{
	struct env *e = *state;
	volatile bool cancel = false;
	struct xd_error err;
	pthread_t thread;

	/* Would wait for ten minutes. */
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, (void *)&cancel), 0);
	assert_null(try_open(e, false, 600000, &cancel, &err));
	assert_int_equal(err.code, -ECANCELED);
	pthread_join(thread, NULL);
	cancel = false;
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, (void *)&cancel), 0);
	assert_null(try_open(e, true, 600000, &cancel, &err));
	assert_int_equal(err.code, -ECANCELED);
	pthread_join(thread, NULL);
}

#define SERVER(name)  cmocka_unit_test_setup_teardown(name, env_server, env_destroy)
#define CLIENT(name)  cmocka_unit_test_setup_teardown(name, env_client, env_destroy)
#define STOPPED(name) cmocka_unit_test_setup_teardown(name, env_stopped, env_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER(nothing_is_left_after_a_hundred_connections),
		SERVER(who_comes_back_at_once_is_not_turned_away),
		SERVER(second_client_is_turned_away),
		CLIENT(client_waits_for_the_listener),
		CLIENT(client_is_patient_with_a_peer_that_hangs_up),
		SERVER(disconnect_by_the_owner),
		STOPPED(stale_socket_is_replaced),
		STOPPED(live_socket_is_not_stolen),
		STOPPED(file_that_is_no_socket_is_left_alone),
		STOPPED(missing_directory_is_named),
		CLIENT(short_connections_back_off),
		SERVER(flood_of_lines_is_cut),
		cmocka_unit_test(path_of_a_socket_is_bounded),
		SERVER(stop_removes_only_its_own_file),
		SERVER(bad_message_closes_the_connection),
		SERVER(message_cut_off_by_a_hang_up_is_bad),
		SERVER(message_in_single_bytes),
		SERVER(front_end_that_reads_no_answers_is_dropped),
		SERVER(noise_leaves_nothing_behind),
		STOPPED(front_end_says_what_is_missing),
		STOPPED(front_end_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
