/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/log_ring.h"

struct line {
	char time[32];
	enum xd_log_level level;
	enum xd_log_component component;
	char text[512];
};

struct xd_log_ring {
	pthread_mutex_t lock;
	uint64_t added;
	struct line lines[XD_LOG_RING_LINES];
};

struct xd_log_ring *
xd_log_ring_create(void)
{
	struct xd_log_ring *ring = calloc(1, sizeof(*ring));

	if (ring)
		pthread_mutex_init(&ring->lock, NULL);
	return ring;
}

void
xd_log_ring_destroy(struct xd_log_ring *ring)
{
	if (!ring)
		return;
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

void
xd_log_time(char text[32])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	len = strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + len, 32 - len, ".%03u", (unsigned)(now.tv_nsec / 1000000) % 1000);
}

void
xd_log_ring_add(struct xd_log_ring *ring, enum xd_log_level level, enum xd_log_component component,
	const char *text)
{
	struct line *line;

	pthread_mutex_lock(&ring->lock);
	line = &ring->lines[ring->added++ % XD_LOG_RING_LINES];
	xd_log_time(line->time);
	line->level = level;
	line->component = component;
	snprintf(line->text, sizeof(line->text), "%s", text);
	pthread_mutex_unlock(&ring->lock);
}

json_t *
xd_log_ring_to_json(struct xd_log_ring *ring, unsigned n)
{
	json_t *list = json_array();

	pthread_mutex_lock(&ring->lock);
	if (n > XD_LOG_RING_LINES)
		n = XD_LOG_RING_LINES;
	if (n > ring->added)
		n = ring->added;
	for (uint64_t i = ring->added - n; i < ring->added; i++) {
		const struct line *line = &ring->lines[i % XD_LOG_RING_LINES];
		json_t *text = json_string(line->text);

		if (!text) /* a guest or a file may have put in what is not UTF-8 */
			text = json_string("(not text)");
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o}", "time", line->time, "level",
				      xd_log_level_name(line->level), "component",
				      xd_log_component_name(line->component), "line", text));
	}
	pthread_mutex_unlock(&ring->lock);
	return list;
}
