/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that go and come in directories that go and come. Each test hangs if that is not seen. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop_time.h"
#include "base/path_watch.h"

#define MANY (3 * XD_PATH_WATCH_DIRS)

struct file {
	char path[128];
	bool missing; /* and not made again yet */
	unsigned asked;
};

struct env {
	char dir[64];
	struct xd_loop *loop;
	struct xd_path_watches *watches;
};

static bool
ask(void *ctx)
{
	struct file *f = ctx;

	f->asked++;
	f->missing = access(f->path, F_OK) < 0;
	return !f->missing;
}

static void
make(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int
setup(void **state)
{
	struct env *e = calloc(1, sizeof(*e));

	snprintf(e->dir, sizeof(e->dir), "/tmp/crossdock-test-XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	e->loop = xd_loop_create();
	e->watches = xd_path_watches_create(e->loop);
	assert_true(e->loop && e->watches);
	*state = e;
	return 0;
}

static int
teardown(void **state)
{
	struct env *e = *state;

	xd_path_watches_destroy(e->watches);
	xd_loop_destroy(e->loop);
	assert_int_equal(rmdir(e->dir), 0);
	free(e);
	return 0;
}

/* Has the time of so many looks pass. */
static void
looks(struct env *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		xd_loop_lock(e->loop);
		xd_loop_skip(e->loop, XD_PATH_WATCH_MS);
		xd_loop_unlock(e->loop);
		xd_loop_run_once(e->loop, 0);
	}
}

static struct xd_path_watch *
watch(struct env *e, struct file *f)
{
	struct xd_path_watch *w;

	xd_loop_lock(e->loop);
	w = xd_path_watch_add(e->watches, f->path, ask, f);
	xd_loop_unlock(e->loop);
	assert_non_null(w);
	return w;
}

static void
remove_watch(struct env *e, struct xd_path_watch *w)
{
	xd_loop_lock(e->loop);
	xd_path_watch_remove(w);
	xd_loop_unlock(e->loop);
}

static void
is_asked_when_the_directory_changes(void **state)
{
	struct env *e = *state;
	struct file a = {0}, b = {0};
	struct xd_path_watch *wa, *wb;
	unsigned asked;

	snprintf(a.path, sizeof(a.path), "%s/a", e->dir);
	snprintf(b.path, sizeof(b.path), "%s/b", e->dir);
	make(a.path);
	make(b.path);
	wa = watch(e, &a);
	wb = watch(e, &b);
	looks(e, 3);
	asked = a.asked;
	assert_in_range(asked, 1, 2);
	/* While nothing changes nobody is asked. */
	looks(e, 100);
	assert_int_equal(a.asked, asked);

	assert_int_equal(unlink(a.path), 0);
	looks(e, 1);
	assert_true(a.missing);
	assert_int_equal(b.asked, asked + 1);
	/* Again and again until it is there, and that whatever the directory says: what is wrong
	 * may be of another kind. */
	asked = a.asked;
	looks(e, 10);
	assert_int_equal(a.asked, asked + 10);
	make(a.path);
	looks(e, 3);
	assert_false(a.missing);
	asked = a.asked;
	looks(e, 10);
	assert_int_equal(a.asked, asked);

	remove_watch(e, wa);
	unlink(b.path);
	looks(e, 1);
	assert_true(b.missing);
	assert_int_equal(a.asked, asked);
	remove_watch(e, wb);
	remove_watch(e, NULL);
	unlink(a.path);
	looks(e, 10);
}

/* A change that comes in the same tick of the file system's clock as the one before a look. */
static void
a_change_right_after_a_look_is_seen(void **state)
{
	struct env *e = *state;
	struct file f = {0};
	struct xd_path_watch *w;

	snprintf(f.path, sizeof(f.path), "%s/f", e->dir);
	for (unsigned i = 0; i < 200; i++) {
		make(f.path);
		w = watch(e, &f);
		looks(e, 1);
		unlink(f.path);
		looks(e, 1);
		assert_true(f.missing);
		remove_watch(e, w);
	}
}

static void
a_directory_that_is_replaced_is_seen(void **state)
{
	struct env *e = *state;
	struct file f = {0};
	struct xd_path_watch *w;
	char dir[96], other[96];

	snprintf(dir, sizeof(dir), "%s/run", e->dir);
	snprintf(other, sizeof(other), "%s/old", e->dir);
	snprintf(f.path, sizeof(f.path), "%s/run/f", e->dir);
	mkdir(dir, 0700);
	make(f.path);
	w = watch(e, &f);
	looks(e, 5);
	assert_int_equal(rename(dir, other), 0);
	looks(e, 1);
	assert_true(f.missing); /* it has gone */
	mkdir(dir, 0700);
	make(f.path);
	looks(e, 5);
	assert_false(f.missing);
	unlink(f.path);
	rmdir(dir);
	assert_int_equal(rename(other, dir), 0);
	looks(e, 5);
	assert_false(f.missing); /* the first one is back */
	remove_watch(e, w);
	unlink(f.path);
	rmdir(dir);
}

static void
many_directories_have_their_turn(void **state)
{
	struct env *e = *state;
	struct xd_path_watch *w[MANY];
	struct file *f = calloc(MANY, sizeof(*f));
	unsigned seen = 0;
	char dir[96];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(dir, sizeof(dir), "%s/%u", e->dir, i);
		snprintf(f[i].path, sizeof(f[i].path), "%s/f", dir);
		mkdir(dir, 0700);
		make(f[i].path);
		w[i] = watch(e, &f[i]);
	}
	looks(e, 3 * MANY / XD_PATH_WATCH_DIRS);
	for (unsigned i = 0; i < MANY; i++)
		unlink(f[i].path);
	looks(e, 1);
	for (unsigned i = 0; i < MANY; i++)
		seen += f[i].missing;
	assert_int_equal(seen, XD_PATH_WATCH_DIRS);
	looks(e, MANY / XD_PATH_WATCH_DIRS - 1);
	for (unsigned i = 0; i < MANY; i++) {
		assert_true(f[i].missing);
		remove_watch(e, w[i]);
		snprintf(dir, sizeof(dir), "%s/%u", e->dir, i);
		rmdir(dir);
	}
	free(f);
}

static void
paths_without_directories(void **state)
{
	struct env *e = *state;
	struct file here = {.path = "crossdock-test-of-path-watch"}, root = {.path = "/tmp"};
	struct xd_path_watch *a = watch(e, &here), *b = watch(e, &root);

	looks(e, 2);
	assert_true(here.missing);
	assert_true(root.asked && !root.missing);
	remove_watch(e, a);
	remove_watch(e, b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_asked_when_the_directory_changes),
		TEST(a_change_right_after_a_look_is_seen),
		TEST(a_directory_that_is_replaced_is_seen),
		TEST(many_directories_have_their_turn),
		TEST(paths_without_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
