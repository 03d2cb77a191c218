/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's log, passed on to ours line by line. */
#include "memory/eal_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <rte_log.h>

/* An error of DPDK's is one reason for an error that some call of ours returns, which says what it
 * means; so it ranks below that. */
static enum xd_log_level
level_of(int rte_level)
{
	if (rte_level <= (int)RTE_LOG_ERR)
		return XD_LOG_WARN;
	return rte_level == (int)RTE_LOG_WARNING ? XD_LOG_INFO : XD_LOG_DEBUG;
}

/* Puts streams of ours in the place of the application's, or gives its own back. The C library's
 * stdout and stderr are variables, and what DPDK and getopt print goes where they point. */
static void
put_streams(struct xd_eal_log *el)
{
	el->out.application = stdout;
	el->errors.application = stderr;
	stdout = el->out.stream;
	stderr = el->errors.stream;
}

static void
give_streams_back(struct xd_eal_log *el)
{
	stdout = el->out.application;
	stderr = el->errors.application;
}

static void
write_starting(struct xd_eal_log *el, const struct xd_eal_stream *from, const char *line, int len)
{
	bool is_error = from == &el->errors;

	if (from == &el->lines)
		is_error = rte_log_cur_msg_loglevel() > 0 &&
			   rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR;
	if (is_error && el->problem[0] == '\0')
		snprintf(el->problem, sizeof(el->problem), "%.*s", len, line);
	/* The application's function may print. */
	give_streams_back(el);
	xd_log(&el->log, XD_LOG_MEMORY, XD_LOG_DEBUG, "%.*s", len, line);
	put_streams(el);
}

static void
write_line(const struct xd_eal_stream *from, const char *line, size_t len)
{
	struct xd_eal_log *el = from->eal_log;

	if (len == 0)
		return;
	if (el->starting)
		write_starting(el, from, line, (int)len);
	else
		xd_log(&el->log, XD_LOG_ETHDEV, level_of(rte_log_cur_msg_loglevel()), "%.*s",
			(int)len, line);
}

static ssize_t
write_lines(void *cookie, const char *text, size_t size)
{
	const char *at = text;

	while (at < text + size) {
		size_t left = (size_t)(text + size - at);
		const char *end = memchr(at, '\n', left);
		size_t len = end != NULL ? (size_t)(end - at) : left;

		write_line(cookie, at, len);
		at += len + 1;
	}
	return (ssize_t)size;
}

static bool
open_stream(struct xd_eal_log *el, struct xd_eal_stream *s)
{
	s->eal_log = el;
	s->stream = fopencookie(s, "w", (cookie_io_functions_t){.write = write_lines});
	if (s->stream != NULL)
		setvbuf(s->stream, NULL, _IOLBF, BUFSIZ);
	return s->stream != NULL;
}

static void
close_stream(struct xd_eal_stream *s)
{
	if (s->stream != NULL)
		fclose(s->stream);
	s->stream = NULL;
}

struct xd_eal_log *
xd_eal_log_open(const struct xd_log *log)
{
	struct xd_eal_log *el = calloc(1, sizeof(*el));

	if (el == NULL)
		return NULL;
	if (log != NULL)
		el->log = *log;
	el->starting = true;
	if (!open_stream(el, &el->lines) || !open_stream(el, &el->out) ||
		!open_stream(el, &el->errors)) {
		close_stream(&el->errors);
		close_stream(&el->out);
		close_stream(&el->lines);
		free(el);
		return NULL;
	}
	rte_openlog_stream(el->lines.stream);
	put_streams(el);
	return el;
}

void
xd_eal_log_started(struct xd_eal_log *el)
{
	/* The last line may have no end. */
	fflush(stdout);
	fflush(stderr);
	give_streams_back(el);
	el->starting = false;
	close_stream(&el->out);
	close_stream(&el->errors);
}

void
xd_eal_log_close(struct xd_eal_log *el)
{
	if (el == NULL)
		return;
	rte_openlog_stream(NULL);
	close_stream(&el->lines);
	free(el);
}
