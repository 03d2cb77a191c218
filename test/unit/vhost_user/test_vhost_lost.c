/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that a front end truncates after we have mapped them. */
#include <signal.h>

#include "memory/bus_error.h"
#include "vhost_user_guest.h"

/* cmocka puts handlers of its own before each test. */
static struct sigaction ours;

static int
setup(void **state)
{
	return env_create_with(state, true, true, FEATURES | XD_VU_F_LOG_ALL);
}

static void
use_ours(void)
{
	if (!ours.sa_sigaction) {
		assert_int_equal(xd_bus_error_install(), 0);
		assert_int_equal(sigaction(SIGBUS, NULL, &ours), 0);
	}
	assert_int_equal(sigaction(SIGBUS, &ours, NULL), 0);
}

static bool
lost(struct env *e)
{
	xd_loop_lock(e->loop);
	bool is = __atomic_load_n(&xd_vu_backend_state(e->be)->memory.lost, __ATOMIC_ACQUIRE);
	xd_loop_unlock(e->loop);
	return is;
}

static uint64_t
told(const struct env *e)
{
	uint64_t count = 0;

	return read(e->lost_fd, &count, sizeof(count)) < 0 ? 0 : count;
}

static void
truncated_memory(void **state)
{
	struct env *e = *state;
	struct guest g;
	volatile uint8_t *p;

	use_ours();
	for (unsigned round = 0; round < 3; round++) {
		g = guest_create();
		guest_connect(e, &g, FEATURES);
		assert_false(lost(e));
		xd_loop_lock(e->loop);
		p = xd_vu_backend_state(e->be)->memory.regions[0].host;
		xd_loop_unlock(e->loop);
		p[4096] = 1;
		assert_int_equal(told(e), 0);
		assert_int_equal(ftruncate(g.fd, 4096), 0);
		p[8192] = 2;
		assert_int_equal(p[8192], 2);
		assert_int_equal(p[GUEST_BYTES - 1], 0);
		assert_true(lost(e));
		assert_int_equal(told(e), 1);
		if (round == 1) {
			/* Other memory altogether, which is there. */
			struct xd_vu_frontend_region r = {.fd = g.fd, .addr = g.mem, .size = 4096};

			assert_int_equal(xd_vu_frontend_set_memory(g.fe, &r, 1, NULL), 0);
			assert_false(lost(e));
		}
		env_close(e, g.fe);
		assert_false(lost(e));
		assert_false(xd_bus_error((void *)(uintptr_t)p)); /* it is forgotten */
		guest_destroy(&g);
	}
}

static void
truncated_log(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	int fd = memory_file(65536);

	use_ours();
	guest_connect(e, &g, FEATURES | XD_VU_F_LOG_ALL);
	assert_int_equal(xd_vu_frontend_set_log(g.fe, fd, 65536, 0, NULL), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	xd_dirty_log_write(&(struct xd_dirty_log){env_state(e).log.bits, 65536 * 8}, 4096, 4096);
	assert_true(lost(e));
	assert_int_equal(told(e), 1);
	env_close(e, g.fe);
	close(fd);
	guest_destroy(&g);
}

static void
truncated_inflight_region(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	struct xd_vu_frontend_inflight in = {
		.fd = memory_file(65536), .size = 65536, .nb_queues = 2, .queue_size = 256};

	use_ours();
	guest_connect(e, &g, FEATURES);
	assert_int_equal(xd_vu_frontend_set_inflight(g.fe, &in, NULL), 0);
	guest_start(e, &g, 0, 256, 9);
	assert_int_equal(ftruncate(in.fd, 0), 0);
	guest_note(e, 0, 10);
	assert_true(lost(e));
	assert_int_equal(told(e), 1);
	env_close(e, g.fe);
	close(in.fd);
	guest_destroy(&g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, env_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(truncated_memory),
		TEST(truncated_log),
		TEST(truncated_inflight_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
