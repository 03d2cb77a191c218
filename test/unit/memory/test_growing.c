/* SPDX-License-Identifier: BSD-3-Clause */
/* A table that grows where it lies: what is ready, what it reads as, what is given back. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/growing.h"
#include "memory/memory.h"

#define PAGE ((size_t)4096)

static bool
reads_as(const uint8_t *p, size_t bytes, uint8_t byte)
{
	for (size_t i = 0; i < bytes; i += 64) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

static size_t
resident(const struct xd_growing *g)
{
	unsigned char pages[4 * XD_GROWING_FIRST / PAGE];
	size_t n = 0;

	assert_true(g->most <= sizeof(pages) * PAGE);
	assert_int_equal(mincore(g->base, g->most, pages), 0);
	for (size_t i = 0; i < g->most / PAGE; i++)
		n += pages[i] & 1;
	return n * PAGE;
}

static void
grows_and_is_cut(void **state)
{
	struct xd_growing g;

	(void)state;
	assert_true(xd_growing_init(&g, 4 * XD_GROWING_FIRST, XD_NODE_ANY));
	assert_int_equal((uintptr_t)g.base % XD_GROWING_FIRST, 0);
	assert_int_equal(g.ready, XD_GROWING_FIRST);
	/* Pages come as they are touched. */
	g.base[0] = 1;
	assert_in_range(resident(&g), PAGE, 16 * PAGE);
	memset(g.base, 1, g.ready);
	assert_true(xd_growing_extend(&g, 2 * XD_GROWING_FIRST));
	assert_int_equal(g.ready, 2 * XD_GROWING_FIRST);
	assert_true(xd_growing_extend(&g, 4 * XD_GROWING_FIRST));
	assert_int_equal(resident(&g), 4 * XD_GROWING_FIRST);
	/* What was there is where it was; what came is empty. */
	assert_true(reads_as(g.base, XD_GROWING_FIRST, 1));
	assert_true(reads_as(g.base + XD_GROWING_FIRST, 3 * XD_GROWING_FIRST, 0));
	memset(g.base, 2, g.ready);
	assert_false(xd_growing_extend(&g, 5 * XD_GROWING_FIRST));
	assert_int_equal(g.ready, 4 * XD_GROWING_FIRST);
	xd_growing_cut(&g, 3 * XD_GROWING_FIRST);
	assert_int_equal(g.ready, 3 * XD_GROWING_FIRST);
	assert_int_equal(resident(&g), 3 * XD_GROWING_FIRST);
	xd_growing_cut(&g, PAGE);
	assert_int_equal(g.ready, XD_GROWING_FIRST);
	assert_int_equal(resident(&g), PAGE);
	assert_true(reads_as(g.base, PAGE, 2));
	/* Who still reads there finds zeroes, */
	assert_true(reads_as(g.base + PAGE, 4 * XD_GROWING_FIRST - PAGE, 0));
	/* and it can be had again. */
	assert_true(xd_growing_extend(&g, 4 * XD_GROWING_FIRST));
	memset(g.base, 3, g.ready);
	xd_growing_fini(&g);
	xd_growing_fini(&g);
}

/* Makes this process believe that its Linux is an old one, whose mremap fails. */
static bool
be_old(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	return personality(UNAME26) >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool
grows_in_place(void)
{
	struct xd_growing g;

	if (!xd_growing_init(&g, 4 * XD_GROWING_FIRST, XD_NODE_ANY))
		return false;
	memset(g.base, 1, g.ready);
	for (unsigned i = 0; i < 2; i++) {
		if (!xd_growing_extend(&g, 4 * XD_GROWING_FIRST) ||
			resident(&g) != 4 * XD_GROWING_FIRST ||
			!reads_as(g.base, XD_GROWING_FIRST, 1) ||
			!reads_as(g.base + XD_GROWING_FIRST, 3 * XD_GROWING_FIRST, 0))
			return false;
		memset(g.base + XD_GROWING_FIRST, 2, 3 * XD_GROWING_FIRST);
		xd_growing_cut(&g, XD_GROWING_FIRST);
	}
	xd_growing_fini(&g);
	return true;
}

/* Where reserved huge pages cannot be moved into their place, memory is made there. */
static void
grows_without_mremap(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(!be_old() ? 2 : !grows_in_place());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip(); /* no such filters here */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
small_ones_and_impossible_ones(void **state)
{
	struct xd_growing g;

	(void)state;
	assert_true(xd_growing_init(&g, PAGE, 0));
	assert_int_equal(g.ready, PAGE);
	memset(g.base, 1, PAGE);
	assert_false(xd_growing_extend(&g, XD_GROWING_FIRST));
	xd_growing_cut(&g, PAGE);
	assert_true(reads_as(g.base, PAGE, 1));
	xd_growing_fini(&g);
	assert_false(xd_growing_init(&g, (size_t)1 << 50, XD_NODE_ANY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_is_cut),
		cmocka_unit_test(grows_without_mremap),
		cmocka_unit_test(small_ones_and_impossible_ones),
	};

	return cmocka_run_group_tests_name("growing", tests, NULL, NULL);
}
