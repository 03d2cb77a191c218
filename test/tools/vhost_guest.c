/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest on a vhost-user port, told line by line what to do; for functional tests.
 *
 *     vhost_guest PATH[,server][,size=256][,event_idx=on|off][,mrg=on|off][,indirect=on|off]
 *         [,kick=usual|none|crowd]
 *
 * Prints "ready" once the switch has its rings. Then each line read is a command, answered by one
 * line; "error ..." when it failed.
 *
 *     tx HEX            sends a frame: "ok" once the switch has given the buffer back
 *     chain A,B,.. HEX  the same in buffers of these sizes, the virtio-net header's 12 bytes first
 *     indirect HEX      the same by way of an indirect table
 *     blast N HEX       sends it N times: "sent N"
 *     rx MS             the next frame received within MS milliseconds in hex, or "none"
 *     count MS          discards what comes within MS milliseconds: "received N"
 *     drain             discards what has come: "ok"
 *     features          what was negotiated, in hex
 *     interrupts        how often the switch has interrupted
 *     alive             "yes", or "no" when the switch has hung up
 *     corrupt KIND      breaks a ring in this way; "corrupt help" names them
 *     announce MAC      has the switch announce it as one that has moved there: "ok"
 *     reconnect         hangs up and begins anew: "ok" when the switch has the rings again
 *     quit              "ok"
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "guest_port.h"

#define LINE_MAX_BYTES (2 * GUEST_FRAME_MAX + 256)
#define SENT_MS        5000
#define SPLIT_MAX      1024

static int
parse_on_off(const char *value, bool *on)
{
	*on = !strcmp(value, "on");
	return *on || !strcmp(value, "off") ? 0 : -EINVAL;
}

static int
parse_options(char *text, struct guest_options *o)
{
	char *save = NULL, *word = strtok_r(text, ",", &save);
	int rc = 0;

	*o = (struct guest_options){
		.size = 256, .event_idx = true, .mergeable = true, .indirect = true};
	if (!word || strlen(word) >= sizeof(o->path))
		return -EINVAL;
	strcpy(o->path, word);
	while (!rc && (word = strtok_r(NULL, ",", &save))) {
		char *value = strchr(word, '=');

		if (!strcmp(word, "server")) {
			o->server = true;
			continue;
		}
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (!strcmp(word, "size"))
			o->size = (unsigned)strtoul(value, NULL, 10);
		else if (!strcmp(word, "file") && strlen(value) < sizeof(o->file))
			strcpy(o->file, value);
		else if (!strcmp(word, "kick")) {
			o->no_kick = !strcmp(value, "none");
			o->crowd = !strcmp(value, "crowd");
		} else if (!strcmp(word, "event_idx"))
			rc = parse_on_off(value, &o->event_idx);
		else if (!strcmp(word, "mrg"))
			rc = parse_on_off(value, &o->mergeable);
		else if (!strcmp(word, "indirect"))
			rc = parse_on_off(value, &o->indirect);
		else
			rc = -EINVAL;
	}
	return rc;
}

/* Hex digits to bytes; the number of bytes, or -EINVAL. */
static int
parse_hex(const char *text, uint8_t *bytes, size_t max)
{
	size_t n = 0;

	for (; isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]); text += 2) {
		char pair[3] = {text[0], text[1], '\0'};

		if (n == max)
			return -EINVAL;
		bytes[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return *text ? -EINVAL : (int)n;
}

static void
answer_result(int rc)
{
	if (rc < 0)
		printf("error %s\n", strerror(-rc));
	else
		puts("ok");
}

/* Sends the frame in hex and waits until it is given back. */
static int
send_hex(struct guest *g, const char *hex, const unsigned *split, unsigned n, bool indirect)
{
	uint8_t frame[GUEST_FRAME_MAX];
	int len = parse_hex(hex, frame, sizeof(frame)), rc;

	if (len < 0)
		return len;
	rc = guest_send(g, frame, (size_t)len, split, n, indirect);
	return rc ? rc : guest_wait_sent(g, SENT_MS);
}

static int
do_chain(struct guest *g, char *args)
{
	char *save = NULL, *hex = strchr(args, ' '), *word;
	unsigned split[SPLIT_MAX], n = 0;

	if (!hex)
		return -EINVAL;
	*hex++ = '\0';
	for (word = strtok_r(args, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (n == SPLIT_MAX)
			return -EINVAL;
		split[n++] = (unsigned)strtoul(word, NULL, 10);
	}
	return send_hex(g, hex, split, n, false);
}

/* As QEMU does for a guest whose driver cannot announce itself. */
static int
do_announce(struct guest *g, const char *hex)
{
	uint8_t mac[6];

	if (parse_hex(hex, mac, sizeof(mac)) != sizeof(mac))
		return -EINVAL;
	return xd_vu_frontend_send_rarp(g->frontend, mac, NULL);
}

static void
do_blast(struct guest *g, const char *args)
{
	uint8_t frame[GUEST_FRAME_MAX];
	char *hex;
	uint64_t count = strtoull(args, &hex, 10);
	int len = *hex == ' ' ? parse_hex(hex + 1, frame, sizeof(frame)) : -EINVAL;
	int64_t sent = len < 0 ? len : guest_blast(g, frame, (size_t)len, count);

	if (sent < 0)
		answer_result((int)sent);
	else
		printf("sent %lld\n", (long long)sent);
}

static void
do_rx(struct guest *g, const char *args)
{
	uint8_t frame[GUEST_FRAME_MAX];
	int len = guest_receive(g, frame, (unsigned)strtoul(args, NULL, 10));

	if (len == -EAGAIN || len == -EPIPE) {
		puts("none");
	} else if (len < 0) {
		answer_result(len);
	} else {
		for (int i = 0; i < len; i++)
			printf("%02x", frame[i]);
		puts("");
	}
}

/* Discards frames for some time; returns how many. */
static int64_t
discard(struct guest *g, unsigned ms)
{
	uint8_t frame[GUEST_FRAME_MAX];
	uint64_t start = xd_clock_ns(), spent_ms = 0;
	int64_t n = 0;

	for (;;) {
		int rc = guest_receive(g, frame, spent_ms < ms ? ms - (unsigned)spent_ms : 0);

		if (rc == -EAGAIN || rc == -EPIPE)
			return n;
		if (rc < 0)
			return rc;
		n++;
		spent_ms = (xd_clock_ns() - start) / 1000000;
		if (ms && spent_ms >= ms)
			return n;
	}
}

static void
do_corrupt(struct guest *g, const char *kind)
{
	if (strcmp(kind, "help")) {
		answer_result(guest_corrupt(g, kind));
		return;
	}
	printf("kinds:");
	for (unsigned i = 0; guest_corrupt_kind(i); i++)
		printf("%s %s", i ? "," : "", guest_corrupt_kind(i));
	puts("");
}

static void
do_reconnect(struct guest *g)
{
	struct guest_options options = g->options;
	struct xd_error err = {0};

	guest_close(g);
	if (guest_open(g, &options, &err))
		printf("error %s\n", err.text);
	else
		puts("ok");
}

/* False: quit. */
static bool
command(struct guest *g, char *line)
{
	char *args = strchr(line, ' ');
	int64_t n;

	if (args)
		*args++ = '\0';
	else
		args = line + strlen(line);
	if (!strcmp(line, "quit")) {
		puts("ok");
		return false;
	}
	if (!strcmp(line, "reconnect")) {
		do_reconnect(g);
	} else if (!g->frontend) {
		puts("error not connected");
	} else if (!strcmp(line, "announce")) {
		answer_result(do_announce(g, args));
	} else if (!strcmp(line, "tx")) {
		answer_result(send_hex(g, args, NULL, 0, false));
	} else if (!strcmp(line, "chain")) {
		answer_result(do_chain(g, args));
	} else if (!strcmp(line, "indirect")) {
		answer_result(g->indirect ? send_hex(g, args, NULL, 0, true) : -ENOTSUP);
	} else if (!strcmp(line, "blast")) {
		do_blast(g, args);
	} else if (!strcmp(line, "rx")) {
		do_rx(g, args);
	} else if (!strcmp(line, "count")) {
		n = discard(g, (unsigned)strtoul(args, NULL, 10));
		if (n < 0)
			answer_result((int)n);
		else
			printf("received %lld\n", (long long)n);
	} else if (!strcmp(line, "drain")) {
		n = discard(g, 0);
		answer_result(n < 0 ? (int)n : 0);
	} else if (!strcmp(line, "features")) {
		printf("%#llx\n", (unsigned long long)g->features);
	} else if (!strcmp(line, "interrupts")) {
		printf("%llu\n", (unsigned long long)guest_interrupts(g));
	} else if (!strcmp(line, "alive")) {
		puts(xd_vu_frontend_alive(g->frontend) ? "yes" : "no");
	} else if (!strcmp(line, "corrupt")) {
		do_corrupt(g, args);
	} else {
		printf("error unknown command %.40s\n", line);
	}
	return true;
}

int
main(int argc, char **argv)
{
	char *line = malloc(LINE_MAX_BYTES);
	struct guest_options options;
	struct xd_error err = {0};
	struct guest g;

	if (!line || argc != 2 || parse_options(argv[1], &options)) {
		fputs("usage: vhost_guest PATH[,server][,size=256][,event_idx=on|off][,mrg=on|off]"
		      "[,indirect=on|off][,file=PATH]\n",
			stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (guest_open(&g, &options, &err)) {
		printf("error %s\n", err.text);
		return 1;
	}
	puts("ready");
	while (fgets(line, LINE_MAX_BYTES, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!command(&g, line))
			break;
	}
	guest_close(&g);
	free(line);
	return 0;
}
