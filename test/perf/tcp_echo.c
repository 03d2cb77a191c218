/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP server in the plainest way, a blocking read and a write for each connection: what sockperf
 * and crossdock-pktgen are both measured against (test/perf/agreement).
 *
 *   tcp_echo ADDRESS PORT         sends back what comes
 *   tcp_echo ADDRESS PORT sink    only reads it
 *   tcp_echo ADDRESS PORT source  sends what it can, in writes of 64 KiB
 *
 * Says "ready" when it listens. Ends with stdin.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockperf.h"

#define PIECE (1 << 20)
#define WRITE (1 << 16)

enum mode { ECHO_BACK, SINK, SOURCE };

struct connection {
	int socket;
	enum mode mode;
};

static bool
write_all(int fd, const uint8_t *data, size_t bytes)
{
	while (bytes) {
		const ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		bytes -= (size_t)n;
	}
	return true;
}

static void *
serve(void *arg)
{
	struct connection c = *(struct connection *)arg;
	uint8_t *data = calloc(1, PIECE);
	ssize_t n;

	free(arg);
	while (data && c.mode == SOURCE && write_all(c.socket, data, WRITE))
		;
	while (data && (n = read(c.socket, data, PIECE)) > 0) {
		if (c.mode == SINK)
			continue;
		sockperf_answer(data, (size_t)n);
		if (!write_all(c.socket, data, (size_t)n))
			break;
	}
	free(data);
	close(c.socket);
	return NULL;
}

/* One connection after the other, each with a thread of its own. */
static void *
accept_all(void *arg)
{
	const struct connection *listening = arg;

	for (;;) {
		struct connection *c = malloc(sizeof(*c));
		pthread_t thread;

		if (!c)
			return NULL;
		*c = *listening;
		c->socket = accept(listening->socket, NULL, NULL);
		if (c->socket < 0) {
			free(c);
			continue;
		}
		setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		if (pthread_create(&thread, NULL, serve, c))
			return NULL;
		pthread_detach(thread);
	}
}

static int
listen_at(const char *address, const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16) ? -1 : fd;
}

/* False: there is no such mode. */
static bool
read_mode(const char *name, enum mode *mode)
{
	if (!strcmp(name, "sink"))
		*mode = SINK;
	else if (!strcmp(name, "source"))
		*mode = SOURCE;
	return *mode != ECHO_BACK;
}

int
main(int argc, char **argv)
{
	struct connection listening = {.mode = ECHO_BACK};
	pthread_t thread;

	if (argc != 3 && (argc != 4 || !read_mode(argv[3], &listening.mode))) {
		fprintf(stderr, "Usage: tcp_echo ADDRESS PORT [sink | source]\n");
		return 2;
	}
	listening.socket = listen_at(argv[1], argv[2]);
	if (listening.socket < 0 || pthread_create(&thread, NULL, accept_all, &listening)) {
		perror("tcp_echo");
		return EXIT_FAILURE;
	}
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return EXIT_SUCCESS;
}
