/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: the server with real clients, and who may have the socket. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/client.h"
#include "control/listen.h"
#include "control/log_ring.h"
#include "control/server.h"
#include "rpc_methods.h"

/* ---- The server ---- */

struct served {
	char dir[64], path[80];
	struct xd_loop *loop;
	struct xd_server *server;
	pthread_t thread;
	atomic_bool ending;
	int ctx;
};

static void *
serve(void *arg)
{
	struct served *served = arg;

	while (!served->ending)
		xd_loop_run_once(served->loop, -1);
	return NULL;
}

static int
setup(void **state)
{
	struct served *served = calloc(1, sizeof(*served));
	struct xd_server_opts opts = {.path = served->path,
		.group = "",
		.mode = 0640,
		.methods = methods,
		.ctx = &served->ctx};
	struct xd_error err;

	strcpy(served->dir, "/tmp/xd-control-XXXXXX");
	assert_non_null(mkdtemp(served->dir));
	snprintf(served->path, sizeof(served->path), "%s/sock", served->dir);
	served->loop = opts.loop = xd_loop_create();
	served->server = xd_server_create(&opts, &err);
	if (!served->server)
		fail_msg("%s", err.text);
	assert_int_equal(pthread_create(&served->thread, NULL, serve, served), 0);
	*state = served;
	return 0;
}

static int
teardown(void **state)
{
	struct served *served = *state;

	served->ending = true;
	xd_loop_wake(served->loop);
	pthread_join(served->thread, NULL);
	xd_server_destroy(served->server);
	xd_loop_destroy(served->loop);
	/* The socket is gone, and nothing else was left. */
	assert_int_equal(rmdir(served->dir), 0);
	free(served);
	return 0;
}

static int
connect_raw(const char *path)
{
	struct timeval timeout = {.tv_sec = 20};
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(xd_unix_address(&address, path), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static void
send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		text += n;
		len -= n;
	}
}

/* Reads one line and checks how it begins. */
static void
expect(int fd, const char *beginning)
{
	char line[4096];
	size_t len = 0;

	while (len < sizeof(line) - 1) {
		assert_int_equal(recv(fd, line + len, 1, 0), 1);
		if (line[len++] == '\n')
			break;
	}
	line[len] = 0;
	if (strncmp(line, beginning, strlen(beginning)))
		fail_msg("wanted %s\ngot    %s", beginning, line);
}

#define ADD "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\"}\n"

static void
test_server(void **state)
{
	const struct served *served = *state;
	int fd = connect_raw(served->path);
	struct stat st;

	assert_int_equal(stat(served->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* byte by byte; two at once; empty lines; an error between; without the last newline */
	for (const char *p = ADD; *p; p++)
		send_all(fd, p, 1);
	expect(fd, RESULT("1", "1") "\n");
	send_all(fd, ADD "\r\n\n" ADD, 2 * strlen(ADD) + 3);
	expect(fd, RESULT("1", "2") "\n");
	expect(fd, RESULT("1", "3") "\n");
	send_all(fd, "oops\n" ADD, 5 + strlen(ADD));
	expect(fd, ERROR("null", "-32700"));
	expect(fd, RESULT("1", "4") "\n");
	send_all(fd, ADD, strlen(ADD) - 1);
	shutdown(fd, SHUT_WR);
	expect(fd, RESULT("1", "5") "\n");
	assert_int_equal(recv(fd, &st, 1, 0), 0);
	close(fd);
}

static void
test_server_long_line(void **state)
{
	const struct served *served = *state;
	size_t len = 3 * XD_RPC_MAX_REQUEST;
	char *text = malloc(len + 1);
	int fd = connect_raw(served->path);

	memset(text, 'x', len);
	/* longer by one byte; then much longer; each is one error, and the connection stays */
	text[XD_RPC_MAX_REQUEST + 1] = '\n';
	send_all(fd, text, XD_RPC_MAX_REQUEST + 2);
	expect(fd, ERROR("null", "-32600"));
	text[XD_RPC_MAX_REQUEST + 1] = 'x';
	text[len] = '\n';
	send_all(fd, text, len + 1);
	expect(fd, ERROR("null", "-32600"));
	/* the longest there may be */
	memset(text, ' ', len);
	memcpy(text, ADD, strlen(ADD) - 1);
	text[XD_RPC_MAX_REQUEST] = '\n';
	send_all(fd, text, XD_RPC_MAX_REQUEST + 1);
	expect(fd, RESULT("1", "1"));
	close(fd);
	free(text);
}

/* A client that does not read is not read from, and the others do not notice. */
static void
test_server_slow_client(void **state)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"large\"}\n";
	const struct served *served = *state;
	int slow = connect_raw(served->path), other = connect_raw(served->path);
	char *buffer = malloc(1 << 20);
	size_t got = 0, lines = 0;

	for (unsigned i = 0; i < 5; i++)
		send_all(slow, request, strlen(request));
	send_all(other, ADD, strlen(ADD));
	expect(other, RESULT("1", "1"));
	while (lines < 5) {
		ssize_t n = recv(slow, buffer, 1 << 20, 0);

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
		got += n;
	}
	assert_true(got > 5 * (4u << 20));
	/* One that goes away amid an answer does no harm. */
	send_all(slow, request, strlen(request));
	recv(slow, buffer, 1, 0);
	close(slow);
	send_all(other, ADD, strlen(ADD));
	expect(other, RESULT("1", "2"));
	close(other);
	free(buffer);
}

/* Clients that leave their answers: what is kept for all of them is bounded, and the one of them
 * that was heard of last still gets its own. */
static void
test_server_pending(void **state)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"large\"}\n";
	const struct served *served = *state;
	int other = connect_raw(served->path), clients[16];
	unsigned nb_alive = 0;
	char byte;

	for (unsigned i = 0; i < 16; i++) {
		clients[i] = connect_raw(served->path);
		send_all(clients[i], request, strlen(request));
		/* The answer has been made when its first byte is there. */
		assert_int_equal(recv(clients[i], &byte, 1, MSG_PEEK), 1);
	}
	send_all(other, ADD, strlen(ADD));
	expect(other, RESULT("1", "1"));
	for (unsigned i = 0; i < 16; i++) {
		struct pollfd pollfd = {.fd = clients[i], .events = POLLRDHUP};

		nb_alive += poll(&pollfd, 1, 0) == 0;
		close(clients[i]);
	}
	assert_true(nb_alive >= 1 && nb_alive <= XD_SERVER_MAX_PENDING / (4u << 20));
	close(other);
}

/* With too many clients the one that was idle longest goes. */
static void
test_server_many_clients(void **state)
{
	const struct served *served = *state;
	int fds[XD_SERVER_MAX_CLIENTS + 1];
	char byte;

	for (unsigned i = 0; i < XD_SERVER_MAX_CLIENTS; i++) {
		fds[i] = connect_raw(served->path);
		send_all(fds[i], ADD, strlen(ADD));
		expect(fds[i], "{");
	}
	send_all(fds[0], ADD, strlen(ADD));
	expect(fds[0], "{");
	fds[XD_SERVER_MAX_CLIENTS] = connect_raw(served->path);
	send_all(fds[XD_SERVER_MAX_CLIENTS], ADD, strlen(ADD));
	expect(fds[XD_SERVER_MAX_CLIENTS], "{");
	assert_int_equal(recv(fds[1], &byte, 1, 0), 0);
	send_all(fds[0], ADD, strlen(ADD));
	expect(fds[0], "{");
	for (unsigned i = 0; i <= XD_SERVER_MAX_CLIENTS; i++)
		close(fds[i]);
}

/* ---- Clients ---- */

static void
test_client(void **state)
{
	const struct served *served = *state;
	struct xd_error err = {0};
	struct xd_client *client = xd_client_connect(served->path, 20000, &err);
	unsigned line;
	json_t *result;

	assert_non_null(client);
	result = xd_client_call(client, "echo", json_pack("{s:s}", "text", "a"), &line, &err);
	assert_string_equal(json_string_value(json_object_get(result, "text")), "a");
	json_decref(result);
	assert_null(xd_client_call(client, "refuse", NULL, &line, &err));
	assert_int_equal(err.code, -EREMOTEIO);
	assert_string_equal(err.key, "ports.a.mtu");
	assert_string_equal(err.text, "is wrong");
	assert_int_equal(line, 7);
	assert_null(xd_client_call(client, "nope", NULL, NULL, &err));
	assert_int_equal(err.code, -EREMOTEIO);
	assert_non_null(strstr(err.text, "no method nope"));
	result = xd_client_call(client, "large", NULL, NULL, &err);
	assert_int_equal(json_string_length(result), 4 << 20);
	json_decref(result);
	xd_client_close(client);
	assert_null(xd_client_connect("/nonexistent/sock", 100, &err));
	assert_non_null(strstr(err.text, "is crossdockd running?"));
}

/* Somebody accepts and says nothing, or something else than JSON-RPC. */
static void
test_client_bad_peer(void **state)
{
	const struct served *served = *state;
	char path[90];
	struct xd_listener listener;
	struct xd_client *client;
	struct xd_error err;
	int fd, peer;

	snprintf(path, sizeof(path), "%s.other", served->path);
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), 0);
	fd = listener.fd;
	client = xd_client_connect(path, 50, &err);
	assert_null(xd_client_call(client, "echo", NULL, NULL, &err));
	assert_int_equal(err.code, -ETIMEDOUT);
	xd_client_close(client);
	close(accept(fd, NULL, NULL));
	client = xd_client_connect(path, 20000, &err);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	send_all(peer, "220 smtp\n", 9);
	assert_null(xd_client_call(client, "echo", NULL, NULL, &err));
	assert_int_equal(err.code, -EBADMSG);
	close(peer);
	assert_null(xd_client_call(client, "echo", NULL, NULL, &err));
	assert_true(err.code == -ECONNRESET || err.code == -EPIPE);
	xd_client_close(client);
	xd_listen_close(&listener);
}

/* ---- Who has the socket ---- */

static void
test_listen(void **state)
{
	const struct served *served = *state;
	struct sockaddr_un address;
	struct xd_error err;
	struct xd_listener listener;
	char path[90], long_path[200];
	struct stat st;
	int fd;

	/* A live one is not stolen. */
	assert_int_equal(xd_listen(&listener, served->path, "", 0600, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "another crossdockd answers on"));
	fd = connect_raw(served->path);
	send_all(fd, ADD, strlen(ADD));
	expect(fd, RESULT("1", "1"));
	close(fd);
	/* A stale one is replaced, whatever the umask; and removed at the end. */
	snprintf(path, sizeof(path), "%s.stale", served->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	xd_unix_address(&address, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	umask(0777);
	assert_int_equal(xd_listen(&listener, path, "", 0666, &err), 0);
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	xd_listen_close(&listener);
	assert_int_not_equal(access(path, F_OK), 0);
	/* What is no socket stays. */
	close(mkstemp(strcpy(path, "/tmp/xd-file-XXXXXX")));
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	/* No group, no socket: not one with another group either. */
	assert_int_equal(xd_listen(&listener, path, "no-such-group", 0600, &err), -EINVAL);
	assert_int_not_equal(access(path, F_OK), 0);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = 0;
	assert_int_equal(xd_listen(&listener, long_path, "", 0600, &err), -ENAMETOOLONG);
	assert_int_equal(xd_listen(&listener, "/nonexistent/sock", "", 0600, &err), -ENOENT);
}

/* Closing takes the file away only while it is ours; until then the path stays ours. */
static void
test_listen_close_others(void **state)
{
	const struct served *served = *state;
	struct xd_listener listener, second;
	struct sockaddr_un address;
	struct xd_error err;
	char path[90];
	int fd;

	snprintf(path, sizeof(path), "%s.two", served->path);
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), 0);
	unlink(path);
	assert_int_equal(xd_listen(&second, path, "", 0600, &err), -EADDRINUSE);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	xd_unix_address(&address, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	xd_listen_close(&listener);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	assert_int_equal(xd_listen(&second, path, "", 0600, &err), 0);
	xd_listen_close(&second);
	xd_listen_close(&second);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* Somebody has put something in the lock file's place, or may open a file that was left. */
static void
test_listen_lock_file(void **state)
{
	const struct served *served = *state;
	char path[90], lock[100], other[100];
	struct xd_listener listener;
	struct xd_error err;
	struct stat st;

	snprintf(path, sizeof(path), "%s.locked", served->path);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	snprintf(other, sizeof(other), "%s.other", path);
	assert_int_equal(symlink(other, lock), 0);
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), -ELOOP);
	assert_int_not_equal(access(other, F_OK), 0);
	unlink(lock);
	assert_int_equal(mkfifo(lock, 0666), 0);
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), -EPERM);
	assert_non_null(strstr(err.text, "was put there by somebody else"));
	unlink(lock);
	/* One that was left by a process that was killed. */
	close(open(lock, O_CREAT | O_WRONLY, 0644));
	assert_int_equal(xd_listen(&listener, path, "", 0600, &err), 0);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	xd_listen_close(&listener);
	assert_int_not_equal(access(lock, F_OK), 0);
}

/* ---- The log ---- */

#define ADDERS          4
#define LINES_PER_ADDER 20000

static void *
add_lines(void *arg)
{
	for (unsigned i = 0; i < LINES_PER_ADDER; i++) {
		char text[400];

		/* A line that was put together from two would not have the same end as beginning.
		 */
		memset(text, 'a' + i % 26, sizeof(text));
		text[sizeof(text) - 1] = 0;
		xd_log_ring_add(arg, XD_LOG_INFO, XD_LOG_CONTROL, text);
	}
	return NULL;
}

static uint64_t
read_lines(struct xd_log_ring *ring, uint64_t *position)
{
	struct xd_log_line line;
	uint64_t n = 0, missed;

	while (xd_log_ring_read(ring, position, &line, &missed)) {
		assert_int_equal(strlen(line.text), 399);
		assert_int_equal(line.text[0], line.text[398]);
		n += 1 + missed;
	}
	return n + missed;
}

/* Every line is read or counted, and none waits for a reader. */
static void
test_log_ring(void **state)
{
	struct xd_log_ring *ring = xd_log_ring_create();
	uint64_t position = 0, told = 0, missed;
	pthread_t adders[ADDERS];
	struct xd_log_line line;
	json_t *json;

	(void)state;
	assert_false(xd_log_ring_read(ring, &position, &line, &missed));
	for (unsigned i = 0; i < ADDERS; i++)
		assert_int_equal(pthread_create(&adders[i], NULL, add_lines, ring), 0);
	while (told < ADDERS * LINES_PER_ADDER / 2)
		told += read_lines(ring, &position);
	for (unsigned i = 0; i < ADDERS; i++)
		pthread_join(adders[i], NULL);
	told += read_lines(ring, &position);
	assert_true(told <= ADDERS * LINES_PER_ADDER);
	/* Nobody reads meanwhile: the newest stay. */
	position = ADDERS * LINES_PER_ADDER;
	for (unsigned i = 0; i < XD_LOG_RING_LINES + 3; i++)
		xd_log_ring_add(ring, XD_LOG_WARN, XD_LOG_CONTROL, i < 3 ? "old" : "new");
	assert_true(xd_log_ring_read(ring, &position, &line, &missed));
	assert_int_equal(missed, 3);
	assert_string_equal(line.text, "new");
	json = xd_log_ring_to_json(ring, 5);
	assert_int_equal(json_array_size(json), 5);
	json_decref(json);
	xd_log_ring_destroy(ring);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_server),
		TEST(test_server_long_line),
		TEST(test_server_slow_client),
		TEST(test_server_pending),
		TEST(test_server_many_clients),
		TEST(test_client),
		TEST(test_client_bad_peer),
		TEST(test_listen),
		TEST(test_listen_close_others),
		TEST(test_listen_lock_file),
		cmocka_unit_test(test_log_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
