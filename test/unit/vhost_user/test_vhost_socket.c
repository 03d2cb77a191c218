/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may connect, and descriptors that workers write to. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/event_fd.h"
#include "vhost_user_guest.h"

#define NOBODY 65534

/* ---- The socket file and its directory ---- */

static const struct xd_vu_access as_is = {.uid = (uid_t)-1, .gid = (gid_t)-1};

struct place {
	char top[40], dir[64], path[100];
};

static struct place
place(void)
{
	struct place p;

	snprintf(p.top, sizeof(p.top), "/tmp/crossdock-test-XXXXXX");
	assert_non_null(mkdtemp(p.top));
	snprintf(p.dir, sizeof(p.dir), "%s/run", p.top);
	snprintf(p.path, sizeof(p.path), "%s/vm1.sock", p.dir);
	return p;
}

static struct stat
stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void
remove_place(const struct place *p)
{
	rmdir(p->dir);
	assert_int_equal(rmdir(p->top), 0);
}

static void
socket_file_has_its_owner_and_mode(void **state)
{
	struct place p = place();
	struct xd_vu_listener l;
	struct xd_vu_access who = as_is;
	mode_t before = umask(0);
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(xd_vu_listen(&l, p.path, &who, NULL), 0);
	assert_int_equal(stat_of(p.path).st_mode & 07777, 0777); /* umask alone */
	xd_vu_unlisten(&l);
	who.mode = 0620;
	assert_int_equal(xd_vu_listen(&l, p.path, &who, NULL), 0);
	assert_int_equal(stat_of(p.path).st_mode & 07777, 0620);
	assert_int_equal(stat_of(p.path).st_uid, geteuid());
	fd = xd_vu_connect(p.path);
	assert_true(fd >= 0);
	close(fd);
	xd_vu_unlisten(&l);
	umask(077);
	who.mode = 0777; /* more than the umask would leave */
	assert_int_equal(xd_vu_listen(&l, p.path, &who, NULL), 0);
	assert_int_equal(stat_of(p.path).st_mode & 07777, 0777);
	xd_vu_unlisten(&l);
	umask(before);
	if (geteuid() == 0) {
		who = (struct xd_vu_access){.uid = NOBODY, .gid = 12, .mode = 0660};
		assert_int_equal(xd_vu_listen(&l, p.path, &who, NULL), 0);
		st = stat_of(p.path);
		assert_int_equal(st.st_uid, NOBODY);
		assert_int_equal(st.st_gid, 12);
		assert_int_equal(st.st_mode & 07777, 0660);
		xd_vu_unlisten(&l);
		who = as_is;
		who.gid = 12;
		assert_int_equal(xd_vu_listen(&l, p.path, &who, NULL), 0);
		assert_int_equal(stat_of(p.path).st_uid, 0);
		assert_int_equal(stat_of(p.path).st_gid, 12);
		xd_vu_unlisten(&l);
	}
	assert_int_equal(access(p.path, F_OK), -1);
	remove_place(&p);
}

static void
directory_is_made_or_refused(void **state)
{
	struct place p = place();
	struct xd_vu_listener l;
	struct xd_error err = {0};
	mode_t before = umask(022);

	(void)state;
	assert_int_equal(xd_vu_listen(&l, p.path, &as_is, NULL), 0);
	assert_int_equal(stat_of(p.dir).st_mode & 07777, 0755);
	xd_vu_unlisten(&l);
	umask(before);

	assert_int_equal(chmod(p.dir, 0777), 0);
	assert_int_equal(xd_vu_listen(&l, p.path, &as_is, &err), -EPERM);
	assert_non_null(strstr(err.text, "anybody can write"));
	assert_non_null(strstr(err.text, p.dir));
	assert_int_equal(access(p.path, F_OK), -1);
	assert_int_equal(chmod(p.dir, 01777), 0); /* as /tmp: others cannot replace our file */
	assert_int_equal(xd_vu_listen(&l, p.path, &as_is, NULL), 0);
	xd_vu_unlisten(&l);
	assert_int_equal(chmod(p.dir, 0775), 0); /* a group that was given the right */
	assert_int_equal(xd_vu_listen(&l, p.path, &as_is, NULL), 0);
	xd_vu_unlisten(&l);
	if (geteuid() == 0) {
		assert_int_equal(chown(p.dir, NOBODY, (gid_t)-1), 0);
		assert_int_equal(xd_vu_listen(&l, p.path, &as_is, &err), -EPERM);
		assert_non_null(strstr(err.text, "belongs to user 65534"));
	}
	/* Not asked for (our own front end): not looked at. */
	assert_int_equal(xd_vu_listen(&l, p.path, NULL, NULL), 0);
	xd_vu_unlisten(&l);
	rmdir(p.dir);

	/* Only the last directory is made. */
	snprintf(p.path, sizeof(p.path), "%s/no/such/vm1.sock", p.top);
	assert_int_equal(xd_vu_listen(&l, p.path, &as_is, &err), -ENOENT);
	assert_non_null(strstr(err.text, "mkdir -p"));
	remove_place(&p);
}

/* ---- Call descriptors ---- */

static int
new_call_fd(struct env *e)
{
	return env_state(e).vrings[0].call_fd;
}

static int
set_call(struct guest *g, int fd)
{
	uint64_t index = 0;

	return (int)ask_ack(xd_vu_frontend_fd(g->fe), XD_VU_SET_VRING_CALL, &index, 8, fd);
}

static void
what_is_no_eventfd_is_refused(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	int sockets[2], pipes[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned before;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_int_equal(pipe(pipes), 0);
	{
		int refused[] = {sockets[0], listener, g.fd, open("/dev/null", O_WRONLY),
			epoll_create1(0), open("/tmp", O_RDONLY), pipes[1]};
		int taken[] = {eventfd(0, 0), eventfd(0, EFD_SEMAPHORE)};

		before = open_fds(e);
		for (unsigned i = 0; i < 3 * sizeof(refused) / sizeof(refused[0]); i++) {
			uint64_t index = 0;

			guest_connect(e, &g, FEATURES);
			assert_int_equal(
				ask_ack(xd_vu_frontend_fd(g.fe), XD_VU_SET_VRING_KICK + i % 3,
					&index, 8, refused[i / 3]),
				1);
			env_close(e, g.fe);
			assert_non_null(strstr(e->last_warning, "not an eventfd"));
			assert_int_equal(open_fds(e), before);
		}
		guest_connect(e, &g, FEATURES);
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(set_call(&g, taken[i]), 0);
		env_close(e, g.fe);
		assert_int_equal(open_fds(e), before);
		for (unsigned i = 0; i < 7; i++)
			close(refused[i]);
		for (unsigned i = 0; i < 2; i++)
			close(taken[i]);
	}
	close(pipes[0]);
	close(sockets[1]);
	guest_destroy(&g);
}

struct blocked {
	int fd;
	bool done;
};

static void *
write_one(void *ctx)
{
	static const uint64_t one = 1;
	struct blocked *b = ctx;

	(void)!write(b->fd, &one, sizeof(one));
	__atomic_store_n(&b->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The worst that can be done to an eventfd: filled up, and made to block. */
static void
fill(int fd)
{
	uint64_t most = UINT64_MAX - 1, before;

	(void)!read(fd, &before, sizeof(before)); /* we have made it non-blocking */
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
}

static void
writer_to_a_full_eventfd_is_freed(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	int fd = eventfd(0, 0);
	pthread_t thread;

	for (unsigned how = 0; how < 3; how++) {
		struct blocked b = {0};
		uint64_t bad = env_state(e).nb_bad_messages;

		guest_connect(e, &g, FEATURES);
		assert_int_equal(set_call(&g, fd), 0);
		b.fd = dup(new_call_fd(e));
		fill(fd);
		assert_int_equal(pthread_create(&thread, NULL, write_one, &b), 0);
		usleep(20000);
		assert_false(__atomic_load_n(&b.done, __ATOMIC_ACQUIRE));
		xd_loop_lock(e->loop);
		e->full_fd = fd;
		xd_loop_unlock(e->loop);
		if (how == 1) /* a message pauses workers, one of which this is */
			send_request(xd_vu_frontend_fd(g.fe), XD_VU_RESET_OWNER, NULL, 0, -1);
		if (how == 2) { /* whoever waits for the worker */
			xd_loop_lock(e->loop);
			assert_true(xd_vu_backend_unblock(e->be));
			assert_false(xd_vu_backend_unblock(e->be));
			xd_loop_unlock(e->loop);
		} else {
			/* By itself, and the front end has shown what it is. */
			assert_true(hung_up(xd_vu_frontend_fd(g.fe)));
			assert_non_null(strstr(e->last_warning, "filled up"));
			assert_int_equal(env_state(e).nb_bad_messages, bad + 1);
		}
		pthread_join(thread, NULL);
		close(b.fd);
		env_close(e, g.fe);
		xd_loop_lock(e->loop);
		assert_false(e->full_at_pause);
		e->full_fd = -1;
		xd_loop_unlock(e->loop);
	}
	close(fd);
	guest_destroy(&g);
}

/* Nor is it looked at whether somebody filled up what nobody writes to. */
static void
eventfd_that_nobody_writes_to_is_let_be(void **state)
{
	struct env *e = *state;
	struct guest g = guest_create();
	int fd = eventfd(0, 0);

	for (unsigned how = 0; how < 2; how++) {
		xd_loop_lock(e->loop);
		e->quiet = true;
		xd_loop_unlock(e->loop);
		guest_connect(e, &g, FEATURES);
		assert_int_equal(set_call(&g, fd), 0);
		xd_loop_lock(e->loop);
		xd_vu_backend_guard(e->be); /* what was to be looked at before is */
		fill(fd);
		xd_vu_backend_guard(e->be);
		assert_true(xd_vu_backend_state(e->be)->connected);
		assert_true(xd_event_fd_is_full(fd));
		if (how == 0) /* a worker writes, or a reaper */
			e->quiet = false;
		else
			xd_vu_backend_notify(e->be, 0);
		xd_vu_backend_guard(e->be);
		assert_false(xd_vu_backend_state(e->be)->connected);
		xd_loop_unlock(e->loop);
		assert_non_null(strstr(e->last_warning, "filled up"));
		env_close(e, g.fe);
	}
	close(fd);
	guest_destroy(&g);
}

static void
what_is_not_full_is_not_read(void **state)
{
	int fd = eventfd(5, 0), fds[2];
	uint64_t count;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_false(xd_event_fd_drain(-1));
	assert_false(xd_event_fd_drain(fd));
	assert_false(xd_event_fd_drain(fds[0]));
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 5);
	assert_false(xd_event_fd_drain(fd)); /* empty, and would block */
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, env_server, env_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_file_has_its_owner_and_mode),
		cmocka_unit_test(directory_is_made_or_refused),
		TEST(what_is_no_eventfd_is_refused),
		TEST(writer_to_a_full_eventfd_is_freed),
		TEST(eventfd_that_nobody_writes_to_is_let_be),
		cmocka_unit_test(what_is_not_full_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
