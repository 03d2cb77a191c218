/* SPDX-License-Identifier: BSD-3-Clause */
/* What the guest side of a vhost-user port does to be taken for a guest by any switch. */
#include "../../vhost_user/vhost_user_env.h"

#include "traffic/port/port.h"
#include "virtqueue/split_layout.h"

#define FRAMES  3
#define AWAY_US 200000

static struct xd_gen_port *
open_port(struct env *e, const char *options)
{
	struct xd_gen_port_opts opts = {.frame_bytes = 64, .node = -1, .timeout_ms = 20000};
	struct xd_error err = {0};
	struct xd_gen_port *port;
	char spec[128];

	snprintf(spec, sizeof(spec), "virtio:%s,%s", e->path, options);
	port = xd_gen_port_open(spec, &opts, &err);
	if (!port)
		fail_msg("%s", err.text);
	return port;
}

/* vhost-user, "Ring states": a ring starts when the switch sees its kick descriptor readable; a
 * switch that asks for no kicks (VPP polls, and says so when it is told where the ring lies) waits
 * for the first one nevertheless. The back end here reads none. */
static void
test_every_ring_is_kicked_once(void **state)
{
	struct env *e = *state;
	struct xd_gen_port *port = open_port(e, "queues=2");
	struct xd_vu_state seen = env_state(e);

	for (unsigned i = 0; i < 4; i++) {
		uint64_t kicks = 0;

		assert_true(seen.vrings[i].kick_fd >= 0);
		assert_int_equal(eventfd_read(seen.vrings[i].kick_fd, &kicks), 0);
		assert_int_equal(kicks, 1);
	}
	xd_gen_port_close(port);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

/* A switch whose core is away for a while gives back what it was sent then. The addresses that a
 * front end tells are valid here. */
static void *
give_back(void *arg)
{
	const struct xd_vu_vring *ring = arg;
	const struct xd_vring_avail *avail = (const void *)(uintptr_t)ring->avail_addr;
	struct xd_vring_used *used = (void *)(uintptr_t)ring->used_addr;

	usleep(AWAY_US);
	for (unsigned i = 0; i < FRAMES; i++)
		used->ring[i].id = avail->ring[i];
	__atomic_store_n(&used->idx, FRAMES, __ATOMIC_RELEASE);
	return NULL;
}

static void
test_load_waits_for_what_was_sent(void **state)
{
	struct env *e = *state;
	struct xd_gen_port *port = open_port(e, "size=256");
	struct xd_stream_opts stream = {.size = 64, .flows = 1, .to = 1};
	struct xd_gen_load load = {.stream = &stream, .touch = XD_TOUCH_FULL};
	struct xd_vu_state seen = env_state(e);
	struct xd_error err = {0};
	pthread_t thread;

	assert_int_equal(xd_gen_port_load(port, &load, &err), 0);
	assert_int_equal(xd_gen_port_send(port, FRAMES), FRAMES);
	assert_int_equal(xd_gen_port_outstanding(port), FRAMES);
	assert_int_equal(pthread_create(&thread, NULL, give_back, &seen.vrings[1]), 0);
	if (xd_gen_port_load(port, &load, &err))
		fail_msg("%s", err.text);
	pthread_join(thread, NULL);
	/* One that does not give back is told from one that is slow. */
	assert_int_equal(xd_gen_port_send(port, FRAMES), FRAMES);
	assert_int_equal(xd_gen_port_load(port, &load, &err), -EBUSY);
	xd_gen_port_close(port);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_every_ring_is_kicked_once, env_server, env_destroy),
		cmocka_unit_test_setup_teardown(
			test_load_waits_for_what_was_sent, env_server, env_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
