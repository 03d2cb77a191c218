/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed rings: their bases, and how they are taken up again by a switch that was killed. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "vhost_user_guest.h"

#define OFFERED (FEATURES | PACKED | IN_ORDER)
#define SIZE    8
#define LEFT    0x0003 /* where rings are left: entry 3 in the second lap */

static char *
ring_file(const struct env *e)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/vm1.rings", e->dir);
	return path;
}

/* A back end with a directory for its files. */
static int
setup(void **state)
{
	struct env *e;

	env_create_with(state, true, true, OFFERED);
	e = *state;
	e->run_dir = e->dir;
	env_restart(e);
	return 0;
}

static int
teardown(void **state)
{
	struct env *e = *state;

	unlink(ring_file(e));
	return env_destroy(state);
}

static void
base_of_a_packed_ring_has_32_bits(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	uint32_t base = 0;
	uint32_t bases[] = {0x80008000, 0x80078007, 0x00050005, 0x80028006, 0xffffffff, 0};

	guest_connect(e, &g, FEATURES | PACKED);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(guest_start(e, &g, 1, SIZE, bases[i]), bases[i]);
		assert_int_equal(xd_vu_frontend_stop_ring_at(g.fe, 1, &base, NULL), 0);
		assert_int_equal(base, bases[i]);
	}
	/* Pausing tells where the worker stopped. */
	guest_start(e, &g, 1, SIZE, 0x80008000);
	xd_loop_lock(e->loop);
	e->base[1] = 0x80058005;
	xd_loop_unlock(e->loop);
	assert_int_equal(xd_vu_frontend_stop_ring_at(g.fe, 1, &base, NULL), 0);
	assert_int_equal(base, 0x80058005);
	assert_int_equal(xd_vu_frontend_stop_ring(g.fe, 1, NULL), -EPROTO); /* 16 bits */
	env_close(e, g.fe);

	/* A split ring's has 16: more is refused. */
	guest_connect(e, &g, FEATURES);
	assert_int_equal(guest_start(e, &g, 0, SIZE, 65535), 65535);
	{
		struct xd_vu_frontend_ring ring = guest_ring(&g, 0, SIZE, 65536);

		assert_int_equal(xd_vu_frontend_set_ring(g.fe, 0, &ring, NULL), -EINVAL);
	}
	env_close(e, g.fe);
	assert_non_null(strstr(e->last_warning, "beyond 65535"));
	guest_destroy(&g);
}

static void
size_of_a_packed_ring_is_any(void **state)
{
	static const struct {
		uint32_t size;
		bool split, packed;
	} cases[] = {{0, false, false}, {1, true, true}, {3, false, true}, {1000, false, true},
		{32767, false, true}, {32768, true, true}, {32769, false, false},
		{65535, false, false}, {65536, false, false}, {UINT32_MAX, false, false}};
	struct env *e = *state;

	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool packed = i % 2, good = packed ? cases[i / 2].packed : cases[i / 2].split;
		struct xd_vu_frontend *fe = env_open_with(
			e, false, FEATURES | (packed ? PACKED : 0), PROTOCOL_FEATURES);
		uint32_t state_payload[2] = {1, cases[i / 2].size};

		assert_int_equal(ask_ack(xd_vu_frontend_fd(fe), XD_VU_SET_VRING_NUM, state_payload,
					 sizeof(state_payload), -1),
			!good);
		if (good)
			assert_int_equal(env_state(e).vrings[1].size, cases[i / 2].size);
		env_close(e, fe);
	}
}

/* As QEMU does: it gives the base of the start before, the same ring, and knows no more. */
static void
ring_is_taken_up_where_it_was_left(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	struct stat st;

	for (unsigned round = 0; round < 3; round++) {
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), FRESH);
		assert_int_equal(guest_start(e, &g, 3, SIZE, FRESH), FRESH);
		assert_int_equal(stat(ring_file(e), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		guest_note(e, 0, LEFT);
		guest_note(e, 3, 0x8007);
		guest_fill_packed(&g, 0, SIZE, LEFT);
		guest_fill_packed(&g, 3, SIZE, 0x8007);
		env_restart(e);
		xd_vu_frontend_close(g.fe);

		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), BASE(LEFT));
		/* Whatever comes now leaves it there: it is live. */
		assert_int_equal(guest_start(e, &g, 3, SIZE, FRESH), BASE(0x8007));
		assert_int_equal(xd_vu_frontend_enable(g.fe, 0, true, NULL), 0);
		assert_int_equal(env_state(e).vrings[0].base, BASE(LEFT));
		/* The note goes on from there, if it is killed at once. */
		env_restart(e);
		xd_vu_frontend_close(g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), BASE(LEFT));
		/* A hang-up without a restart is no different. */
		env_close(e, g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), BASE(LEFT));
		/* It may never start: asked where it stands, it knows. */
		env_close(e, g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		{
			struct xd_vu_frontend_ring ring = guest_ring(&g, 0, SIZE, FRESH);
			uint32_t num[2] = {0, SIZE}, base[2] = {0, FRESH}, answer = 0;
			int sock = xd_vu_frontend_fd(g.fe);

			ask_ack(sock, XD_VU_SET_VRING_NUM, num, 8, -1);
			ask_ack(sock, XD_VU_SET_VRING_BASE, base, 8, -1);
			assert_int_equal(xd_vu_frontend_set_ring_addr(g.fe, 0, &ring, NULL), 0);
			assert_int_equal(xd_vu_frontend_stop_ring_at(g.fe, 0, &answer, NULL), 0);
			assert_int_equal(answer, BASE(LEFT));
		}
		xd_vu_frontend_stop_ring_at(g.fe, 3, &(uint32_t){0}, NULL);
		env_close(e, g.fe);
		memset(g.mem, 0, GUEST_BYTES);
	}
	assert_int_equal(e->warnings, 0);
	guest_destroy(&g);
}

/* Inside a turn, of which two of three buffers were marked. */
static void
ring_left_inside_a_turn(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	struct xd_vq_record r;
	struct xd_packed_desc *ring = (void *)g.mem;

	guest_connect(e, &g, FEATURES | PACKED);
	guest_start(e, &g, 0, SIZE, FRESH);
	guest_fill_packed(&g, 0, SIZE, LEFT);
	guest_note(e, 0, LEFT);
	xd_loop_lock(e->loop);
	r = xd_vu_vring_record(e->be, 0);
	assert_non_null(r.intent);
	r.intent[0] = 3;
	r.intent[1] = r.intent[2] = r.intent[3] = 1;
	xd_loop_unlock(e->loop);
	ring[3].flags = ring[4].flags = 0; /* used in the second lap */
	env_restart(e);
	xd_vu_frontend_close(g.fe);
	guest_connect(e, &g, FEATURES | PACKED);
	assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), BASE(LEFT + 2));
	xd_loop_lock(e->loop);
	assert_int_equal(xd_vu_vring_record(e->be, 0).intent[0], 0);
	xd_loop_unlock(e->loop);
	env_close(e, g.fe);
	guest_destroy(&g);
}

enum ending { STOPPED, STATUS_0, RESET, RESIZED, MOVED, NOT_ENDED, ENDINGS };

/* Ends a ring in one of the ways after which a note must not count. */
static void
end_ring(struct guest *g, enum ending how)
{
	struct xd_vu_frontend_ring ring = guest_ring(g, 0, SIZE, 0);
	int sock = xd_vu_frontend_fd(g->fe);
	uint64_t zero = 0;
	uint32_t num[2] = {0, 2 * SIZE}, back[2] = {0, SIZE};

	switch (how) {
	case STOPPED:
		assert_int_equal(xd_vu_frontend_stop_ring_at(g->fe, 0, &(uint32_t){0}, NULL), 0);
		break;
	case STATUS_0:
		assert_int_equal(ask_ack(sock, XD_VU_SET_STATUS, &zero, 8, -1), 0);
		break;
	case RESET:
		assert_int_equal(ask_ack(sock, XD_VU_RESET_DEVICE, NULL, 0, -1), 0);
		break;
	case RESIZED:
		assert_int_equal(ask_ack(sock, XD_VU_SET_VRING_NUM, num, 8, -1), 0);
		assert_int_equal(ask_ack(sock, XD_VU_SET_VRING_NUM, back, 8, -1), 0);
		break;
	case MOVED:
		ring.desc = g->mem + 4096;
		assert_int_equal(xd_vu_frontend_set_ring_addr(g->fe, 0, &ring, NULL), 0);
		break;
	default:
		/* The same address once more, as when logging is switched on. */
		assert_int_equal(xd_vu_frontend_set_ring_addr(g->fe, 0, &ring, NULL), 0);
		assert_int_equal(ask_ack(sock, XD_VU_SET_VRING_NUM, back, 8, -1), 0);
	}
}

static void
note_ends_when_the_front_end_knows_better(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();

	for (enum ending how = 0; how < ENDINGS; how++) {
		guest_connect(e, &g, FEATURES | PACKED);
		memset(g.mem, 0, GUEST_BYTES);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), FRESH);
		guest_note(e, 0, LEFT);
		guest_fill_packed(&g, 0, SIZE, LEFT);
		assert_true(guest_has_record(e, 0));
		end_ring(&g, how);
		env_restart(e);
		xd_vu_frontend_close(g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, BASE(5)),
			how == NOT_ENDED ? BASE(LEFT) : BASE(5));
		end_ring(&g, STOPPED);
		env_close(e, g.fe);
	}
	guest_destroy(&g);
}

/* What does not fit the note: the base is the front end's. */
static void
note_of_another_ring_does_not_count(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();

	for (unsigned i = 0; i < 5; i++) {
		unsigned vring = i == 1, size = i == 0 ? 2 * SIZE : SIZE;

		guest_connect(e, &g, FEATURES | PACKED);
		memset(g.mem, 0, GUEST_BYTES);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), FRESH);
		guest_note(e, 0, LEFT);
		guest_fill_packed(&g, vring, (uint16_t)size, LEFT);
		if (i == 2) /* reset meanwhile, and filled */
			guest_fill_packed(&g, 0, SIZE, 0x8000);
		if (i == 3) /* another switch had it, */
			guest_fill_packed(&g, 0, SIZE, LEFT + 1);
		if (i == 4) /* or was one lap further */
			guest_fill_packed(&g, 0, SIZE, LEFT ^ 0x8000);
		env_restart(e);
		xd_vu_frontend_close(g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(
			guest_start(e, &g, vring, (uint16_t)size, BASE(0x8005)), BASE(0x8005));
		end_ring(&g, RESET);
		env_close(e, g.fe);
	}
	guest_destroy(&g);
}

/* A front end in another process has the same ring at the same address. */
static void
note_of_another_process_does_not_count(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	int status;
	pid_t pid;

	guest_connect(e, &g, FEATURES | PACKED);
	assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), FRESH);
	guest_note(e, 0, LEFT);
	guest_fill_packed(&g, 0, SIZE, LEFT);
	env_close(e, g.fe);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct xd_vu_frontend_opts opts = {.path = e->path,
			.features = FEATURES | PACKED,
			.protocol_features = PROTOCOL_FEATURES,
			.timeout_ms = 20000};
		struct xd_vu_frontend_region r = {.fd = g.fd, .addr = g.mem, .size = GUEST_BYTES};
		struct xd_vu_frontend_ring ring = guest_ring(&g, 0, SIZE, FRESH);
		uint32_t base = 0;

		g.fe = xd_vu_frontend_open(&opts, NULL);
		if (!g.fe || xd_vu_frontend_set_memory(g.fe, &r, 1, NULL) ||
			xd_vu_frontend_set_ring(g.fe, 0, &ring, NULL) ||
			xd_vu_frontend_stop_ring_at(g.fe, 0, &base, NULL))
			_exit(2);
		_exit(base != FRESH);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	guest_destroy(&g);
}

/* Where it lies in the file, as a later version of this program will find it. */
static void
note_of_another_time_does_not_count(void **state)
{
	static const struct {
		off_t at;
		uint64_t flip;
		bool counts;
	} cases[] = {
		{0, 1, false},       /* another layout */
		{8, 1, false},       /* of other rings */
		{16, 64, false},     /* longer notes */
		{64 + 0, 1, false},  /* ended */
		{64 + 8, 16, false}, /* elsewhere */
		{64 + 16, 1, false}, /* a process of the same number, long ago */
		{64 + 24, 1, false}, /* another process */
		{64 + 48, 1, true},  /* nothing */
	};
	struct env *e = *state;
	struct guest g = guest_create();

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t word = 0;
		int fd;

		guest_connect(e, &g, FEATURES | PACKED);
		memset(g.mem, 0, GUEST_BYTES);
		assert_int_equal(guest_start(e, &g, 0, SIZE, FRESH), FRESH);
		guest_note(e, 0, LEFT);
		guest_fill_packed(&g, 0, SIZE, LEFT);
		fd = open(ring_file(e), O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, &word, 8, cases[i].at), 8);
		word ^= cases[i].flip;
		assert_int_equal(pwrite(fd, &word, 8, cases[i].at), 8);
		close(fd);
		env_restart(e);
		xd_vu_frontend_close(g.fe);
		guest_connect(e, &g, FEATURES | PACKED);
		assert_int_equal(guest_start(e, &g, 0, SIZE, BASE(0x8005)),
			cases[i].counts ? BASE(LEFT) : BASE(0x8005));
		end_ring(&g, STOPPED);
		env_close(e, g.fe);
	}
	guest_destroy(&g);
}

static void
no_file_without_need(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();

	guest_connect(e, &g, FEATURES);
	guest_start(e, &g, 0, SIZE, 7);
	assert_false(guest_has_record(e, 0));
	env_close(e, g.fe);
	assert_int_equal(access(ring_file(e), F_OK), -1);

	e->run_dir = NULL;
	env_restart(e);
	guest_connect(e, &g, FEATURES | PACKED);
	assert_int_equal(guest_start(e, &g, 0, SIZE, BASE(7)), BASE(7));
	assert_false(guest_has_record(e, 0));
	env_close(e, g.fe);
	guest_destroy(&g);
}

/* Files that are not what was left there: never followed, never trusted, and the port works. */
static void
strange_files(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	unsigned before;
	FILE *f;

	assert_int_equal(symlink("/etc/hostname", ring_file(e)), 0);
	guest_connect(e, &g, FEATURES | PACKED);
	assert_int_equal(guest_start(e, &g, 0, SIZE, BASE(7)), BASE(7));
	assert_int_equal(guest_start(e, &g, 1, SIZE, BASE(7)), BASE(7));
	assert_false(guest_has_record(e, 0));
	assert_int_equal(e->warnings, 1);
	assert_non_null(strstr(e->last_warning, "will not survive a restart: cannot open"));
	env_close(e, g.fe);
	unlink(ring_file(e));

	f = fopen(ring_file(e), "w");
	assert_non_null(f);
	for (unsigned i = 0; i < 100000; i++)
		fputc(0xff, f);
	fclose(f);
	env_restart(e);
	before = open_fds(e);
	guest_connect(e, &g, FEATURES | PACKED);
	assert_int_equal(guest_start(e, &g, 0, SIZE, BASE(7)), BASE(7));
	assert_true(guest_has_record(e, 0));
	env_close(e, g.fe);
	assert_int_equal(open_fds(e), before); /* it is mapped, not open */
	assert_int_equal(mappings(e, "vm1.rings"), 1);
	xd_loop_lock(e->loop);
	xd_vu_backend_stop(e->be);
	xd_loop_unlock(e->loop);
	env_restart(e);
	assert_int_equal(mappings(e, "vm1.rings"), 0);
	guest_destroy(&g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(base_of_a_packed_ring_has_32_bits),
		TEST(size_of_a_packed_ring_is_any),
		TEST(ring_is_taken_up_where_it_was_left),
		TEST(ring_left_inside_a_turn),
		TEST(note_ends_when_the_front_end_knows_better),
		TEST(note_of_another_ring_does_not_count),
		TEST(note_of_another_process_does_not_count),
		TEST(note_of_another_time_does_not_count),
		TEST(no_file_without_need),
		TEST(strange_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
