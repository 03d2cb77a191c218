/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A UDP server in the plainest way, a blocking recvfrom and a sendto: what sockperf and
 * crossdock-pktgen are both measured against (test/perf/agreement).
 *
 *   udp_echo ADDRESS PORT         sends each message back
 *   udp_echo ADDRESS PORT sink    counts them; the first few are sent back, so that a generator
 *                                 knows that somebody is there
 *
 * For each line on stdin one on stdout: nanoseconds, messages and bytes received so far. Ends with
 * stdin.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "sockperf.h"

#define MESSAGE_MAX  65536
#define SINK_ANSWERS 64

struct server {
	int socket;
	bool sink;
	uint64_t messages, bytes; /* written by one thread, read by the other */
};

static void *
serve(void *arg)
{
	struct server *s = arg;
	uint8_t message[MESSAGE_MAX];

	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		ssize_t n = recvfrom(
			s->socket, message, sizeof(message), 0, (struct sockaddr *)&from, &length);

		if (n < 0)
			continue;
		__atomic_store_n(&s->bytes, s->bytes + (uint64_t)n, __ATOMIC_RELAXED);
		__atomic_store_n(&s->messages, s->messages + 1, __ATOMIC_RELAXED);
		if (s->sink && s->messages > SINK_ANSWERS)
			continue;
		sockperf_answer(message, (size_t)n);
		sendto(s->socket, message, (size_t)n, 0, (struct sockaddr *)&from, length);
	}
	return NULL;
}

static int
listen_at(const char *address, const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1)
		return -1;
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) ? -1 : fd;
}

int
main(int argc, char **argv)
{
	struct server s = {.sink = argc == 4 && !strcmp(argv[3], "sink")};
	pthread_t thread;
	char line[64];

	if (argc != 3 && !s.sink) {
		fprintf(stderr, "Usage: udp_echo ADDRESS PORT [sink]\n");
		return 2;
	}
	s.socket = listen_at(argv[1], argv[2]);
	if (s.socket < 0 || pthread_create(&thread, NULL, serve, &s)) {
		perror("udp_echo");
		return EXIT_FAILURE;
	}
	do {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("%lld %llu %llu\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec,
			(unsigned long long)__atomic_load_n(&s.messages, __ATOMIC_RELAXED),
			(unsigned long long)__atomic_load_n(&s.bytes, __ATOMIC_RELAXED));
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin));
	return EXIT_SUCCESS;
}
