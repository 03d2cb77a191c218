/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are truncated under their mappings, and what the handler before ours still gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/bus_error.h"

#define PAGE 4096

/* The application's own handler, installed before ours. */
static volatile sig_atomic_t chained;
static sigjmp_buf back;

static void
own_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	chained++;
	if (info->si_code > 0)
		siglongjmp(back, 1);
}

/* cmocka puts handlers of its own before each test. */
static struct sigaction ours;

static void
use_ours(void)
{
	assert_int_equal(sigaction(SIGBUS, &ours, NULL), 0);
}

struct file {
	int fd;
	uint8_t *map;
	size_t bytes;
};

static struct file
make(size_t bytes)
{
	struct file f = {.fd = memfd_create("shared", MFD_CLOEXEC), .bytes = bytes};

	assert_true(f.fd >= 0);
	assert_int_equal(ftruncate(f.fd, (off_t)bytes), 0);
	f.map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f.fd, 0);
	assert_true(f.map != MAP_FAILED);
	memset(f.map, 0x5a, bytes);
	return f;
}

static void
unmake(struct file *f)
{
	munmap(f->map, f->bytes);
	close(f->fd);
}

static bool
raises(volatile uint8_t *at)
{
	int before = chained;

	if (sigsetjmp(back, 1) == 0)
		*at = 1;
	return chained != before;
}

static void
lost_region_reads_as_zeroes_and_its_owner_is_told(void **state)
{
	struct file f = make(16 * PAGE), other = make(4 * PAGE);
	bool lost = false, other_lost = false;
	struct xd_bus_owner owner = {.lost = &lost, .fd = eventfd(0, EFD_NONBLOCK)};
	struct xd_bus_owner other_owner = {.lost = &other_lost, .fd = eventfd(0, EFD_NONBLOCK)};
	uint64_t count = UINT64_MAX - 1;

	(void)state;
	use_ours();
	/* One that cannot be told more. */
	assert_int_equal(write(other_owner.fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(xd_bus_error_add(f.map, f.bytes, PAGE, &owner), 0);
	assert_int_equal(xd_bus_error_add(other.map, other.bytes, PAGE, &other_owner), 0);
	f.map[3 * PAGE] = 7;
	assert_false(lost);
	assert_int_equal(read(owner.fd, &count, sizeof(count)), -1);

	assert_int_equal(ftruncate(f.fd, 2 * PAGE), 0);
	assert_false(raises(&f.map[9 * PAGE + 5]));
	assert_true(lost);
	assert_int_equal(read(owner.fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	/* The whole region is ours now, what still has its file too. */
	assert_int_equal(f.map[9 * PAGE + 5], 1);
	assert_int_equal(f.map[0], 0);
	assert_int_equal(f.map[16 * PAGE - 1], 0);
	memset(f.map, 1, f.bytes);
	assert_int_equal(read(owner.fd, &count, sizeof(count)), -1);

	/* And nobody else's. */
	assert_false(other_lost);
	assert_int_equal(other.map[0], 0x5a);
	assert_int_equal(ftruncate(other.fd, 0), 0);
	errno = 4711;
	assert_false(raises(&other.map[0]));
	assert_int_equal(errno, 4711); /* of the code that was interrupted */
	assert_true(other_lost);

	xd_bus_error_remove(f.map);
	xd_bus_error_remove(other.map);
	unmake(&f);
	unmake(&other);
	close(owner.fd);
	close(other_owner.fd);
}

static void
what_is_not_ours_goes_to_the_handler_before(void **state)
{
	struct file f = make(4 * PAGE), g = make(4 * PAGE);
	bool lost = false;
	struct xd_bus_owner owner = {.lost = &lost, .fd = -1};

	(void)state;
	use_ours();
	assert_int_equal(ftruncate(f.fd, 0), 0);
	assert_true(raises(f.map));
	assert_int_equal(xd_bus_error_add(g.map, g.bytes, PAGE, &owner), 0);
	assert_true(raises(f.map));
	/* No longer: removed in time. */
	assert_int_equal(xd_bus_error_add(f.map, f.bytes, PAGE, &owner), 0);
	xd_bus_error_remove(f.map);
	xd_bus_error_remove(f.map);
	xd_bus_error_remove(NULL);
	assert_true(raises(f.map));
	assert_false(lost);
	assert_false(xd_bus_error(f.map));
	assert_false(xd_bus_error(NULL));
	assert_false(xd_bus_error(g.map - 1));
	assert_false(xd_bus_error(g.map + g.bytes));

	/* Sent by somebody, even if it says that it is about one of the regions. */
	chained = 0;
	raise(SIGBUS);
	assert_int_equal(chained, 1);
	{
		siginfo_t info = {.si_signo = SIGBUS, .si_code = SI_QUEUE};

		info.si_addr = g.map;
		assert_int_equal(
			syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGBUS, &info), 0);
		assert_int_equal(chained, 2);
		assert_int_equal(g.map[0], 0x5a);
		assert_false(lost);
	}
	xd_bus_error_remove(g.map);
	unmake(&f);
	unmake(&g);
}

static void
installing_again_changes_nothing(void **state)
{
	struct sigaction before, after;
	struct file f = make(PAGE);

	(void)state;
	use_ours();
	assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
	assert_int_equal(xd_bus_error_install(), 0);
	assert_int_equal(sigaction(SIGBUS, NULL, &after), 0);
	assert_true(before.sa_sigaction == after.sa_sigaction);
	assert_int_equal(ftruncate(f.fd, 0), 0);
	assert_true(raises(f.map)); /* would go round for ever if ours came before ours */
	unmake(&f);
}

/* The application's own handler, that asks us. */
static void
asking_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	if (!xd_bus_error(info->si_addr))
		_exit(1);
}

static void
application_may_have_the_handler(void **state)
{
	struct sigaction action = {.sa_sigaction = asking_handler, .sa_flags = SA_SIGINFO};
	struct file f = make(2 * PAGE);
	bool lost = false;
	struct xd_bus_owner owner = {.lost = &lost, .fd = -1};

	(void)state;
	assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
	assert_int_equal(xd_bus_error_add(f.map, f.bytes, PAGE, &owner), 0);
	assert_int_equal(ftruncate(f.fd, 0), 0);
	*(volatile uint8_t *)f.map = 1;
	assert_true(lost);
	xd_bus_error_remove(f.map);
	unmake(&f);
}

/* Without a handler before ours the process ends as it would have. */
static void
ends_the_process_where_nobody_wants_it(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	for (unsigned sent = 0; sent < 2; sent++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct file f = make(PAGE);

			signal(SIGBUS, SIG_DFL);
			if (xd_bus_error_install() || ftruncate(f.fd, 0))
				_exit(1);
			if (sent)
				raise(SIGBUS);
			else
				*(volatile uint8_t *)f.map = 1;
			_exit(2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGBUS);
	}
}

/* More than one chunk of the table, and entries that are used again. */
static void
many_regions(void **state)
{
	enum { N = 1500 };
	struct file f = make(2 * N * PAGE);
	bool *lost = calloc(N, sizeof(*lost));

	(void)state;
	use_ours();
	assert_non_null(lost);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < N; i++) {
			struct xd_bus_owner owner = {.lost = &lost[i], .fd = -1};

			assert_int_equal(
				xd_bus_error_add(f.map + 2 * i * PAGE, PAGE, PAGE, &owner), 0);
		}
		for (unsigned i = 0; i < N && round == 0; i++)
			xd_bus_error_remove(f.map + 2 * i * PAGE);
	}
	assert_int_equal(ftruncate(f.fd, 0), 0);
	for (unsigned i = 0; i < N; i += 7) {
		assert_false(raises(f.map + 2 * i * PAGE + PAGE - 1));
		assert_true(lost[i]);
	}
	assert_false(lost[1]);
	assert_true(raises(f.map + PAGE)); /* between two of them */
	for (unsigned i = 0; i < N; i++)
		xd_bus_error_remove(f.map + 2 * i * PAGE);
	unmake(&f);
	free(lost);
}

struct writer {
	volatile uint8_t *map;
	unsigned offset;
	bool *go;
};

static void *
write_all(void *ctx)
{
	struct writer *w = ctx;

	while (!__atomic_load_n(w->go, __ATOMIC_ACQUIRE))
		;
	for (unsigned i = 0; i < 64; i++)
		w->map[i * PAGE + w->offset] = 9;
	return NULL;
}

/* Two threads run into it at once: what one has written must not be mapped away by the other. */
static void
threads_at_once(void **state)
{
	(void)state;
	use_ours();
	for (unsigned round = 0; round < 200; round++) {
		struct file f = make(64 * PAGE);
		bool lost = false, go = false;
		struct xd_bus_owner owner = {.lost = &lost, .fd = eventfd(0, EFD_NONBLOCK)};
		struct writer w[2] = {{f.map, 0, &go}, {f.map, 1, &go}};
		pthread_t thread[2];
		uint64_t count = 0;

		assert_int_equal(xd_bus_error_add(f.map, f.bytes, PAGE, &owner), 0);
		assert_int_equal(ftruncate(f.fd, 0), 0);
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, write_all, &w[i]), 0);
		__atomic_store_n(&go, true, __ATOMIC_RELEASE);
		for (unsigned i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		for (unsigned i = 0; i < 64; i++)
			assert_true(f.map[i * PAGE] == 9 && f.map[i * PAGE + 1] == 9);
		assert_true(lost);
		assert_int_equal(read(owner.fd, &count, sizeof(count)), sizeof(count));
		assert_int_equal(count, 1);
		xd_bus_error_remove(f.map);
		unmake(&f);
		close(owner.fd);
	}
}

static int
install(void **state)
{
	struct sigaction action = {
		.sa_sigaction = own_handler, .sa_flags = SA_SIGINFO | SA_NODEFER};

	(void)state;
	if (sigaction(SIGBUS, &action, NULL) < 0 || xd_bus_error_install() < 0)
		return -1;
	return sigaction(SIGBUS, NULL, &ours);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_region_reads_as_zeroes_and_its_owner_is_told),
		cmocka_unit_test(what_is_not_ours_goes_to_the_handler_before),
		cmocka_unit_test(installing_again_changes_nothing),
		cmocka_unit_test(application_may_have_the_handler),
		cmocka_unit_test(many_regions),
		cmocka_unit_test(threads_at_once),
	};
	/* Before ours is installed: the test forks and installs it in the children. */
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(ends_the_process_where_nobody_wants_it),
	};
	int failed = cmocka_run_group_tests(alone, NULL, NULL);

	return failed + cmocka_run_group_tests(tests, install, NULL);
}
