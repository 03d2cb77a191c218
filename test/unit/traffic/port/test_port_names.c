/* SPDX-License-Identifier: BSD-3-Clause */
/* What is understood, and what refused, as the name of a port. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/port/port.h"

static void
test_port_names(void **state)
{
	static const char *const good[] = {"virtio:/tmp/a.sock", "virtio:/tmp/a.sock,server",
		"virtio:a,size=256,queues=2,mrg=on,event_idx=off",
		"virtio:a,packed=on,in_order=on,csum=on,irq=on",
		"virtio:a,server,tso=on,mss=8960,poll=on", "virtio:a,rings=static,size=1024",
		"virtio:a,rings=guest,ids=fifo", "virtio:a,ids=lifo,packed=on",
		"virtio:a,in_order=on,ids=fifo"};
	static const char *const bad[][2] = {{"/tmp/a.sock", "virtio:PATH"},
		{"virtoi:/tmp/a.sock", "virtio"}, {"virtio:", "socket"},
		{"virtio:a,sever", "server"}, {"virtio:a,size=100", "power of two"},
		{"virtio:a,size=65536", "power of two"}, {"virtio:a,queues=0", "1 to"},
		{"virtio:a,mrg=yes", "on or off"}, {"virtio:a,rings=real", "guest or static"},
		{"virtio:a,rings", "rings=guest"}, {"virtio:a,ring=guest", "rings?"},
		{"virtio:a,ids=random", "lifo or fifo"},
		{"virtio:a,rings=static,ids=fifo", "rings=guest only"},
		{"virtio:a,in_order=on,ids=lifo", "ids=fifo"}, {"virtio:a,mgr=on", "mrg"},
		{"virtio:a,size", "size="}, {"virtio:a,packed", "packed=on"},
		{"virtio:a,paked=on", "packed"}, {"virtio:a,tso=yes", "on or off"},
		{"virtio:a,tso=on,mss=47", "48 to"}, {"virtio:a,tso=on,mss=65496", "to 65495"},
		{"virtio:a,mss=1460", "tso=on"}, {"virtio:a,irq=1", "on or off"},
		{"virtio:a,poll=maybe", "on or off"}, {"dpdk:", "device"},
		{"dpkd:net_null0", "dpdk"}};
	char longest[256] = "virtio:";
	struct xd_error err;
	bool needs_eal;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		needs_eal = true;
		assert_int_equal(xd_gen_port_check(good[i], &needs_eal, &err), 0);
		assert_false(needs_eal);
	}
	assert_int_equal(xd_gen_port_check("dpdk:net_null0", &needs_eal, &err), 0);
	assert_true(needs_eal);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xd_gen_port_check(bad[i][0], &needs_eal, &err), -EINVAL);
		if (!strstr(err.text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], err.text);
	}
	memset(longest + 7, 'x', 107);
	assert_int_equal(xd_gen_port_check(longest, &needs_eal, &err), 0);
	longest[7 + 107] = 'x'; /* sockaddr_un holds 107 and a NUL */
	assert_int_equal(xd_gen_port_check(longest, &needs_eal, &err), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
