/* SPDX-License-Identifier: BSD-3-Clause */
/* What the system refuses to a back end: sockets, connections, files. Each refusal says what was
 * wanted, and leaves nothing behind. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "vhost_user/ring_file.h"
#include "vhost_user_guest.h"

#define NOBODY 65534

struct place {
	char dir[64], path[100];
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->dir, sizeof(p->dir), "/tmp/crossdock-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(chmod(p->dir, 0755), 0);
	snprintf(p->path, sizeof(p->path), "%s/vm1.sock", p->dir);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

/* A file with nothing in it, or a socket that nobody listens on. */
static void
make_file(const char *path, bool is_socket)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = is_socket ? socket(AF_UNIX, SOCK_STREAM, 0) : creat(path, 0600);

	assert_true(fd >= 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (is_socket)
		assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
}

static void
refuses(const char *path, const struct xd_vu_access *access, int code, const char *text)
{
	struct xd_vu_listener l;
	struct xd_error err = {0};

	assert_int_equal(xd_vu_listen(&l, path, access, &err), code);
	if (!strstr(err.text, text))
		fail_msg("%s", err.text);
	assert_int_equal(l.fd, -1);
}

/* ---- Listening ---- */

static const struct xd_vu_access as_is = {.uid = (uid_t)-1, .gid = (gid_t)-1};

static void
a_path_that_leads_nowhere(void **state)
{
	struct place *p = *state;
	char path[128];

	refuses("", &as_is, -EINVAL, "is empty");
	make_file(p->path, false);
	snprintf(path, sizeof(path), "%s/below.sock", p->path);
	refuses(path, &as_is, -ENOTDIR, "cannot make socket");
	unlink(p->path);
	/* A directory that is a link to nothing. */
	assert_int_equal(symlink("/nowhere", p->path), 0);
	refuses(path, &as_is, -ENOENT, p->path);
	unlink(p->path);
	/* Nobody is asked whose the directory is, so it is missed at the end. */
	refuses(path, NULL, -ENOENT, "mkdir -p");
}

static void
a_path_without_a_directory(void **state)
{
	struct place *p = *state;
	struct xd_vu_listener l;
	char before[256];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(p->dir), 0);
	assert_int_equal(xd_vu_listen(&l, "vm1.sock", &as_is, NULL), 0);
	assert_int_equal(access(p->path, F_OK), 0);
	xd_vu_unlisten(&l);
	assert_int_equal(chdir(before), 0);
}

/* What root is never refused. */
static void
a_user_without_rights(void **state)
{
	struct xd_vu_access root = {.uid = 0, .gid = (gid_t)-1};
	struct place *p = *state;
	char path[128];

	if (geteuid() != 0)
		skip();
	make_file(p->path, true);
	assert_int_equal(chmod(p->path, 0700), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	snprintf(path, sizeof(path), "%s/run/vm1.sock", p->dir);
	refuses(path, &as_is, -EACCES, "cannot make directory");
	refuses(p->path, &as_is, -EACCES, p->path); /* nor asked whether it is in use */
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(p->path, 0777), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	refuses(p->path, &as_is, -EACCES, "cannot replace stale socket");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(chown(p->dir, NOBODY, (gid_t)-1), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	refuses(p->path, &root, -EPERM, "cannot give socket");
	assert_int_equal(access(p->path, F_OK), -1);
	assert_int_equal(seteuid(0), 0);
}

/* ---- Connecting ---- */

/* What the port says of why nobody is connected. */
static void
client_says(struct env *e, const char *text)
{
	WAIT_FOR(e, strstr(xd_vu_backend_state(e->be)->problem, text));
}

static void
client_says_why_it_is_not_connected(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct env *e = *state;
	int fd, fds[2];

	client_says(e, "mode=server"); /* there is no such socket */
	make_file(e->path, true);
	client_says(e, "nobody listens there");
	assert_int_equal(unlink(e->path), 0);

	/* Whose queue is full takes no connection. */
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", e->path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&sun, sizeof(sun));
	}
	client_says(e, "does not take the connection");
	close(fds[0]);
	close(fds[1]);
	close(fd);
	assert_int_equal(unlink(e->path), 0);

	if (geteuid() == 0) {
		assert_int_equal(seteuid(NOBODY), 0);
		client_says(e, "give crossdockd's user the right");
		assert_int_equal(seteuid(0), 0);
	}
	/* Any other reason in the system's words. */
	assert_int_equal(symlink(e->path, e->path), 0);
	client_says(e, "tried again");
	assert_int_equal(unlink(e->path), 0);
}

/* Without a descriptor for its connection a front end waits in the queue. */
static void
server_out_of_descriptors_tries_again(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct env *e = *state;
	struct rlimit before, none;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), next = dup(fd);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", e->path);
	assert_true(fd >= 0 && next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	WAIT_FOR(e, e->warnings == 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(strstr(e->last_warning, "cannot accept"));
	WAIT_FOR(e, xd_vu_backend_state(e->be)->connected);
	close(fd);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

/* ---- The file of ring positions ---- */

static void
cannot_open_rings(const char *dir, const char *name, int code, const char *text)
{
	struct xd_error err = {0};

	assert_null(xd_ring_file_open(dir, name, 4, &err));
	assert_int_equal(err.code, code);
	if (!strstr(err.text, text))
		fail_msg("%s", err.text);
}

static void
a_file_of_ring_positions_that_cannot_be(void **state)
{
	const struct rlimit none = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};
	struct place *p = *state;
	struct rlimit before;
	char path[128], link_path[128];

	snprintf(path, sizeof(path), "%s/vm1.rings", p->dir);
	snprintf(link_path, sizeof(link_path), "%s/other", p->dir);
	cannot_open_rings(p->dir, "../vm1", -EINVAL, "cannot be the name of a file");
	/* Somebody else's way to what we write. */
	make_file(path, false);
	assert_int_equal(link(path, link_path), 0);
	cannot_open_rings(p->dir, "vm1", -EEXIST, "not a file of ours");
	unlink(link_path);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	cannot_open_rings(p->dir, "vm1", -EEXIST, "not a file of ours");
	unlink(path);
	/* No room for it. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	cannot_open_rings(p->dir, "vm1", -EFBIG, path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	unlink(path);
}

static void
the_file_of_ring_positions_follows_a_name(void **state)
{
	struct place *p = *state;
	char from[128], to[128];
	struct xd_error err = {0};

	snprintf(from, sizeof(from), "%s/vm1.rings", p->dir);
	snprintf(to, sizeof(to), "%s/vm2.rings", p->dir);
	make_file(from, false);
	assert_int_equal(xd_ring_file_move(p->dir, "vm1", "vm2", &err), 0);
	assert_int_equal(access(from, F_OK), -1);
	assert_int_equal(access(to, F_OK), 0);
	assert_int_equal(xd_ring_file_move(p->dir, "vm1", "vm3", &err), -ENOENT);
	assert_non_null(strstr(err.text, "vm3.rings"));
	assert_int_equal(xd_ring_file_move(p->dir, "vm2", "a/b", &err), -EINVAL);
	assert_int_equal(access(to, F_OK), 0);
	unlink(to);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_that_leads_nowhere),
		TEST(a_path_without_a_directory),
		TEST(a_user_without_rights),
		cmocka_unit_test_setup_teardown(
			client_says_why_it_is_not_connected, env_client, env_destroy),
		cmocka_unit_test_setup_teardown(
			server_out_of_descriptors_tries_again, env_server, env_destroy),
		TEST(a_file_of_ring_positions_that_cannot_be),
		TEST(the_file_of_ring_positions_follows_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
