/* SPDX-License-Identifier: BSD-3-Clause */
/* A session's lines: each taken apart, its command found and run; and what goes on between them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "control/read_file.h"
#include "traffic/engine/session/session_parts.h"

#define FILES_WITHIN  8    /* that load each other */
#define FILE_WAIT_MS  5000 /* for a pipe's writer */
#define SHOWN_AT_ONCE 64   /* frames of "set verbose", between commands */

struct xd_session *
xd_session_create(const struct xd_session_opts *opts)
{
	struct xd_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->bench = opts->bench;
	s->out = opts->out;
	s->tsc_hz = opts->tsc_hz;
	s->nb_all_cores = opts->nb_cores;
	s->nb_used_cores = opts->nb_used;
	memcpy(s->all_cores, opts->cores, sizeof(s->all_cores));
	xd_session_default(s);
	return s;
}

void
xd_session_destroy(struct xd_session *s)
{
	if (s && s->running)
		s->bench.stop(s->bench.ctx);
	free(s);
}

bool
xd_session_ended(const struct xd_session *s)
{
	return s->ended;
}

unsigned
xd_session_failed(const struct xd_session *s)
{
	return s->failed;
}

/* Words of a line, which is cut up; -1: they are too many. */
static int
split(char *line, char **argv)
{
	static const char blanks[] = " \t\r\n";
	char *rest = NULL, *word;
	int argc = 0;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, blanks, &rest); word; word = strtok_r(NULL, blanks, &rest)) {
		if (argc == XD_SESSION_WORDS)
			return -1;
		argv[argc++] = word;
	}
	return argc;
}

static int
run_words(struct xd_session *s, char *line, struct xd_error *err)
{
	const struct xd_session_command *command;
	char *argv[XD_SESSION_WORDS];
	int argc = split(line, argv);

	if (argc < 0)
		return xd_fail(err, -E2BIG, "more than %d words", XD_SESSION_WORDS);
	if (argc == 0)
		return 0;
	command = xd_session_find(argc, argv, err);
	return command ? command->run(s, argc, argv, err) : -EINVAL;
}

int
xd_session_line(struct xd_session *s, const char *line)
{
	struct xd_error err = {0};
	char copy[XD_SESSION_LINE];
	int rc;

	if (s->depth == 0)
		s->interrupted = false;
	if (strlen(line) >= sizeof(copy)) {
		rc = xd_fail(&err, -E2BIG, "a line has at most %zu bytes", sizeof(copy) - 1);
	} else {
		strcpy(copy, line);
		rc = run_words(s, copy, &err);
	}
	s->interrupted |= rc == -EINTR;
	if (rc) {
		fprintf(s->out, "%s\n", err.text);
		s->failed++;
	}
	xd_session_tick(s);
	return rc;
}

int
xd_session_load(struct xd_session *s, const char *path)
{
	struct xd_error err = {0};
	char *text, *rest, *line;
	size_t len;
	int last = 0;

	if (s->depth == FILES_WITHIN) {
		fprintf(s->out, "load %s: files that load files, %d deep\n", path, FILES_WITHIN);
		s->failed++;
		return -ELOOP;
	}
	text = xd_read_file(path, FILE_WAIT_MS, &len, &err);
	if (!text) {
		fprintf(s->out, "load %s\n", err.text);
		s->failed++;
		return err.code ? err.code : -EIO;
	}
	s->depth++;
	rest = text;
	while (!s->ended && !s->interrupted && (line = strsep(&rest, "\n"))) {
		unsigned before = s->failed;
		int rc;

		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		fprintf(s->out, "> %s\n", line);
		rc = xd_session_line(s, line);
		if (rc && s->failed > before)
			last = rc;
	}
	s->depth--;
	free(text);
	return last;
}

/* ---- Meanwhile ---- */

static void
show_seen(struct xd_session *s, const struct xd_forward_seen *seen)
{
	char to[18], from[18];

	fprintf(s->out, "port %u/queue 0: %s src=%s - dst=%s - type=0x%02x%02x - length=%u\n",
		seen->port, seen->sent ? "sent" : "received", xd_session_mac(seen->head + 6, from),
		xd_session_mac(seen->head, to), seen->head[12], seen->head[13], seen->len);
}

static bool
show_frames(struct xd_session *s)
{
	struct xd_forward_seen seen;
	uint64_t missed = s->missed;
	unsigned n = 0;

	if (!s->plan.show_received && !s->plan.show_sent)
		return false;
	while (n < SHOWN_AT_ONCE && s->bench.seen(s->bench.ctx, &seen, &missed)) {
		show_seen(s, &seen);
		n++;
	}
	if (missed > s->missed) {
		fprintf(s->out, "... and %" PRIu64 " frames more\n", missed - s->missed);
		s->missed = missed;
		n++;
	}
	return n > 0;
}

bool
xd_session_running(struct xd_session *s)
{
	return s->running;
}

void
xd_session_stop(struct xd_session *s)
{
	if (!s->running)
		return;
	s->running = false;
	fputs("Telling cores to stop...\nWaiting for lcores to finish...\n", s->out);
	s->bench.stop(s->bench.ctx);
	show_frames(s);
	xd_show_forward_stats(s);
	fputs("\nDone.\n", s->out);
}

bool
xd_session_tick(struct xd_session *s)
{
	struct xd_error err = {0};
	bool wrote;

	if (!s->running)
		return false;
	wrote = show_frames(s);
	if (s->bench.running(s->bench.ctx, &err))
		return wrote;
	fprintf(s->out, "%s\n", err.text);
	s->failed++;
	xd_session_stop(s);
	return true;
}

/* ---- What commands share ---- */

unsigned
xd_session_ports(struct xd_session *s, unsigned ports[XD_GEN_PORTS_MAX])
{
	struct xd_session_port what;
	unsigned n = 0;

	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		if (s->bench.look(s->bench.ctx, i, &what))
			ports[n++] = i;
	return n;
}

unsigned
xd_session_which(struct xd_session *s, const char *word, unsigned ports[XD_GEN_PORTS_MAX],
	struct xd_error *err)
{
	struct xd_session_port what;
	char list[128] = "";
	uint64_t number;
	size_t used = 0;
	unsigned n;

	if (!xd_number_parse(word, 0, XD_GEN_PORTS_MAX - 1, &number) &&
		s->bench.look(s->bench.ctx, (unsigned)number, &what)) {
		ports[0] = (unsigned)number;
		return 1;
	}
	n = xd_session_ports(s, ports);
	if (n && !strcmp(word, "all"))
		return n;
	for (unsigned i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, "%s%u", i ? ", " : "", ports[i]);
	if (n)
		xd_fail(err, -ENODEV, "no port %s; there %s %s", word, n == 1 ? "is" : "are", list);
	else
		xd_fail(err, -ENODEV, "no port is open; port attach virtio:PATH opens one");
	return 0;
}

char *
xd_session_mac(const uint8_t mac[6], char text[18])
{
	snprintf(text, 18, "%02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
	return text;
}

static unsigned
peer_of(enum xd_session_topology topology, unsigned i, unsigned n)
{
	switch (topology) {
	case XD_SESSION_PAIRED:
		return (i ^ 1) < n ? i ^ 1 : i;
	case XD_SESSION_CHAINED:
		return i + 1 < n ? i + 1 : 0;
	default:
		return i;
	}
}

void
xd_session_lay_paths(const struct xd_session *s, struct xd_forward_plan *plan)
{
	const struct xd_session_config *c = &s->config;

	plan->nb_paths = c->nb_ports;
	for (unsigned i = 0; i < c->nb_ports; i++) {
		struct xd_forward_path *path = &plan->paths[i];

		*path = (struct xd_forward_path){
			.rx_number = c->ports[i],
			.tx_number = c->mode->returns
					     ? c->ports[i]
					     : c->ports[peer_of(c->topology, i, c->nb_ports)],
		};
		memcpy(path->peer, c->peers[path->tx_number], sizeof(path->peer));
	}
}

void
xd_session_counts(struct xd_session *s, unsigned path, struct xd_forward_counts *counts)
{
	const uint64_t *base = (const uint64_t *)&s->base[path];
	uint64_t *to = (uint64_t *)counts;

	s->bench.counts(s->bench.ctx, path, counts);
	for (unsigned i = 0; i < sizeof(*counts) / sizeof(*to); i++)
		to[i] -= base[i];
}
