/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/eal_log.h"

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

static void
write_line(struct xd_eal_log *el, const char *line, size_t len)
{
	int rte_level = rte_log_cur_msg_loglevel();

	if (len == 0)
		return;
	if (el->starting) {
		if (el->problem[0] == '\0' && rte_level > 0 && rte_level <= (int)RTE_LOG_ERR)
			snprintf(el->problem, sizeof(el->problem), "%.*s", (int)len, line);
		xd_log(el->log, XD_LOG_MEMORY, XD_LOG_DEBUG, "%.*s", (int)len, line);
		return;
	}
	xd_log(el->log, XD_LOG_ETHDEV, level_of(rte_level), "%.*s", (int)len, line);
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

struct xd_eal_log *
xd_eal_log_open(const struct xd_log *log)
{
	struct xd_eal_log *el = calloc(1, sizeof(*el));

	if (el == NULL)
		return NULL;
	el->log = log;
	el->starting = true;
	el->stream = fopencookie(el, "w", (cookie_io_functions_t){.write = write_lines});
	if (el->stream == NULL) {
		free(el);
		return NULL;
	}
	setvbuf(el->stream, NULL, _IOLBF, BUFSIZ);
	rte_openlog_stream(el->stream);
	return el;
}

void
xd_eal_log_close(struct xd_eal_log *el)
{
	if (el == NULL)
		return;
	rte_openlog_stream(NULL);
	fclose(el->stream);
	free(el);
}
