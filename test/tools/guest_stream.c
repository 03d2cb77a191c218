/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP streams whose every byte is known, between two guests; for tests that do something to the
 * guests or to the switch meanwhile.
 *
 *     guest_stream receive PORT COUNT KIB_PER_S
 *     guest_stream send ADDRESS PORT COUNT MIB KIB_PER_S
 *
 * COUNT connections, MIB on each (0: until SIGTERM), at most KIB_PER_S on each (0: no limit). With
 * a slow receiver, what has come waits in the guest's memory; SIGUSR1 lifts its limit. It prints
 * "at BYTES" as they come and at last "whole BYTES", or "broken: ..." with status 1; the sender at
 * last "sent BYTES". The sender hands the kernel pages of a file (sendfile), so that rings hold the
 * addresses of pages and not of copies.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PERIOD       (1u << 20) /* bytes after which the pattern begins again */
#define CHUNK        (64u << 10)
#define REPORT_EVERY (100 * 1000) /* us */

/* Between the processes, one for each connection. */
struct shared {
	uint64_t received;
	uint64_t sent;
	char fault[128];
};

static volatile sig_atomic_t ended, hurried;

static void
note(int number)
{
	if (number == SIGTERM)
		ended = 1;
	else
		hurried = 1;
}

static struct shared *
share(void)
{
	void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* No two aligned words of a period are alike. */
static void
fill(uint64_t *words)
{
	for (uint32_t i = 0; i < PERIOD / sizeof(*words); i++)
		words[i] = (i + 1) * 0x9e3779b97f4a7c15u;
}

static void *
pattern(int *fd)
{
	void *at;

	*fd = memfd_create("stream", 0);
	if (*fd < 0 || ftruncate(*fd, PERIOD))
		return NULL;
	at = mmap(NULL, PERIOD, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		return NULL;
	fill(at);
	return at;
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
fail(const char *what)
{
	fprintf(stderr, "guest_stream: %s: %s\n", what, strerror(errno));
	return 1;
}

static int
check(int sock, const uint8_t *want, struct shared *shared, int which, double bytes_per_s)
{
	static uint8_t have[CHUNK];
	double began = now_s();
	uint64_t at = 0;

	while (true) {
		size_t offset = at % PERIOD;
		size_t room = PERIOD - offset < CHUNK ? PERIOD - offset : CHUNK;
		ssize_t n = recv(sock, have, room, 0);

		if (n == 0)
			return 0;
		if (n < 0) {
			snprintf(shared->fault, sizeof(shared->fault),
				"connection %d after %llu bytes: %s", which, (unsigned long long)at,
				strerror(errno));
			return 1;
		}
		for (ssize_t i = 0; memcmp(have, want + offset, (size_t)n) && i < n; i++) {
			if (have[i] == want[offset + (size_t)i])
				continue;
			snprintf(shared->fault, sizeof(shared->fault),
				"connection %d: byte %llu is %02x and not %02x", which,
				(unsigned long long)at + (unsigned long long)i, have[i],
				want[offset + (size_t)i]);
			return 1;
		}
		at += (uint64_t)n;
		__atomic_fetch_add(&shared->received, (uint64_t)n, __ATOMIC_RELAXED);
		while (bytes_per_s > 0 && (double)at / bytes_per_s > now_s() - began && !hurried)
			usleep(1000);
	}
}

static int
listen_at(const char *port)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
	int sock = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	if (sock < 0)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sock, (struct sockaddr *)&any, sizeof(any)) || listen(sock, 16)) {
		close(sock);
		return -1;
	}
	return sock;
}

/* Waits for the children, saying every now and then how much has come. */
static int
attend(int children, const struct shared *shared)
{
	uint64_t said = 0;
	int status, bad = 0;

	while (children) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		uint64_t have = __atomic_load_n(&shared->received, __ATOMIC_RELAXED);

		if (pid > 0) {
			children--;
			bad |= !WIFEXITED(status) || WEXITSTATUS(status);
			continue;
		}
		if (have != said)
			printf("at %llu\n", (unsigned long long)have);
		said = have;
		usleep(REPORT_EVERY);
	}
	if (bad)
		printf("broken: %s\n", shared->fault);
	else
		printf("whole %llu\n", (unsigned long long)shared->received);
	return bad;
}

static int
receive(const char *port, int count, double bytes_per_s)
{
	struct shared *shared = share();
	int fd, sock = listen_at(port);
	const uint8_t *want = pattern(&fd);

	if (sock < 0 || !shared || !want)
		return fail("receive");
	signal(SIGUSR1, note);
	for (int i = 0; i < count; i++) {
		int peer = accept(sock, NULL, NULL);

		if (peer < 0)
			return fail("accept");
		if (!fork())
			_exit(check(peer, want, shared, i, bytes_per_s));
		close(peer);
	}
	close(sock);
	return attend(count, shared);
}

/* bytes: 0: until SIGTERM, which goes to all processes of the group. */
static int
send_one(const struct addrinfo *to, uint64_t bytes, double bytes_per_s, int file,
	struct shared *shared)
{
	int sock = socket(to->ai_family, SOCK_STREAM, 0);
	double began = now_s();
	uint64_t sent = 0;

	if (sock < 0 || connect(sock, to->ai_addr, to->ai_addrlen))
		return fail("connect");
	while (bytes ? sent < bytes : !ended) {
		off_t offset = (off_t)(sent % PERIOD);
		size_t most = bytes && bytes - sent < CHUNK ? (size_t)(bytes - sent) : CHUNK;
		ssize_t n;

		if (most > PERIOD - (size_t)offset)
			most = PERIOD - (size_t)offset;
		n = sendfile(sock, file, &offset, most);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail("sendfile");
		sent += (uint64_t)n;
		while (bytes_per_s > 0 && (double)sent / bytes_per_s > now_s() - began && !ended)
			usleep(1000);
	}
	/* Until the other end has it all: a transfer that stalls must not pass for one that ended.
	 */
	if (shutdown(sock, SHUT_WR))
		return fail("shutdown");
	while (recv(sock, &(char){0}, 1, 0) > 0)
		;
	close(sock);
	__atomic_fetch_add(&shared->sent, sent, __ATOMIC_RELAXED);
	return 0;
}

static int
send_all(char **argv)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *to;
	uint64_t bytes = strtoull(argv[5], NULL, 10) << 20;
	double bytes_per_s = 1024 * strtod(argv[6], NULL);
	int status, bad = 0, file, children = atoi(argv[4]);
	struct shared *shared = share();

	if (!shared || getaddrinfo(argv[2], argv[3], &hints, &to) || !pattern(&file))
		return fail(argv[2]);
	signal(SIGTERM, note);
	for (int i = 0; i < children; i++)
		if (!fork())
			_exit(send_one(to, bytes, bytes_per_s, file, shared));
	while (wait(&status) > 0 || errno == EINTR)
		bad |= !WIFEXITED(status) || WEXITSTATUS(status);
	freeaddrinfo(to);
	if (bad)
		puts("broken");
	else
		printf("sent %llu\n", (unsigned long long)shared->sent);
	return bad;
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 5 && !strcmp(argv[1], "receive"))
		return receive(argv[2], atoi(argv[3]), 1024 * strtod(argv[4], NULL));
	if (argc == 7 && !strcmp(argv[1], "send"))
		return send_all(argv);
	fputs("usage: guest_stream receive PORT COUNT KIB_PER_S | "
	      "send ADDRESS PORT COUNT MIB KIB_PER_S\n",
		stderr);
	return 2;
}
