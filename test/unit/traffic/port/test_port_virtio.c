/* SPDX-License-Identifier: BSD-3-Clause */
/* What the guest side of a vhost-user port does to be taken for a guest by any switch. */
#include "../../vhost_user/vhost_user_env.h"

#include "traffic/port/port.h"

/* vhost-user, "Ring states": a ring starts when the switch sees its kick descriptor readable; a
 * switch that asks for no kicks (VPP polls, and says so when it is told where the ring lies) waits
 * for the first one nevertheless. The back end here reads none. */
static void
test_every_ring_is_kicked_once(void **state)
{
	struct env *e = *state;
	struct xd_gen_port_opts opts = {.frame_bytes = 64, .node = -1, .timeout_ms = 20000};
	struct xd_gen_port *port;
	struct xd_error err = {0};
	struct xd_vu_state seen;
	char spec[128];

	snprintf(spec, sizeof(spec), "virtio:%s,queues=2", e->path);
	port = xd_gen_port_open(spec, &opts, &err);
	if (!port)
		fail_msg("%s", err.text);
	seen = env_state(e);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t kicks = 0;

		assert_true(seen.vrings[i].kick_fd >= 0);
		assert_int_equal(eventfd_read(seen.vrings[i].kick_fd, &kicks), 0);
		assert_int_equal(kicks, 1);
	}
	xd_gen_port_close(port);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_every_ring_is_kicked_once, env_server, env_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
