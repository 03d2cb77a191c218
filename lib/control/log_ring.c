/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each line has a number, which says where it goes, and its place a sequence: odd while line
 * (sequence - 1) / 2 is written, then even. Whoever adds a line takes a number and then its place,
 * unless somebody is still writing there, a whole ring behind: then the line is given up. A reader
 * copies a line and looks whether its sequence stayed; the copies are of words that are loaded and
 * stored by themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/log_ring.h"

#define NS_PER_S 1000000000
#define WORDS    ((sizeof(struct xd_log_line) + 7) / 8)

struct place {
	uint64_t sequence;
	uint64_t words[WORDS];
};

struct xd_log_ring {
	uint64_t added;  /* numbers taken; by all threads */
	uint64_t missed; /* by the thread that reads */
	struct place places[XD_LOG_RING_LINES];
};

struct xd_log_ring *
xd_log_ring_create(void)
{
	return calloc(1, sizeof(struct xd_log_ring));
}

void
xd_log_ring_destroy(struct xd_log_ring *ring)
{
	free(ring);
}

void
xd_log_time(char text[32], int64_t time_ns)
{
	time_t time_s = time_ns / NS_PER_S;
	struct tm tm;
	size_t len;

	localtime_r(&time_s, &tm);
	len = strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + len, 32 - len, ".%03u", (unsigned)(time_ns / 1000000 % 1000));
}

/* ---- Adding ---- */

static void
store(struct place *place, uint64_t number, const struct xd_log_line *line)
{
	uint64_t words[WORDS] = {0};

	memcpy(words, line, sizeof(*line));
	/* Readers that see a new word see that the sequence was odd before. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (size_t i = 0; i < WORDS; i++)
		__atomic_store_n(&place->words[i], words[i], __ATOMIC_RELAXED);
	__atomic_store_n(&place->sequence, 2 * number + 2, __ATOMIC_RELEASE);
}

void
xd_log_ring_add(struct xd_log_ring *ring, enum xd_log_level level, enum xd_log_component component,
	const char *text)
{
	struct xd_log_line line = {.level = level, .component = component};
	uint64_t number, sequence;
	struct place *place;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	line.time_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
	snprintf(line.text, sizeof(line.text), "%s", text);
	number = __atomic_fetch_add(&ring->added, 1, __ATOMIC_RELAXED);
	place = &ring->places[number % XD_LOG_RING_LINES];
	sequence = __atomic_load_n(&place->sequence, __ATOMIC_RELAXED);
	if (sequence % 2 == 0 && sequence < 2 * number + 1 &&
		__atomic_compare_exchange_n(&place->sequence, &sequence, 2 * number + 1, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		store(place, number, &line);
}

/* ---- Reading ---- */

/* False: the line is not there: not yet, given up, or written over. */
static bool
load(const struct xd_log_ring *ring, uint64_t number, struct xd_log_line *line)
{
	const struct place *place = &ring->places[number % XD_LOG_RING_LINES];
	uint64_t words[WORDS];

	if (__atomic_load_n(&place->sequence, __ATOMIC_ACQUIRE) != 2 * number + 2)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = __atomic_load_n(&place->words[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(line, words, sizeof(*line));
	return __atomic_load_n(&place->sequence, __ATOMIC_RELAXED) == 2 * number + 2;
}

bool
xd_log_ring_read(
	struct xd_log_ring *ring, uint64_t *position, struct xd_log_line *line, uint64_t *missed)
{
	*missed = 0;
	for (;;) {
		uint64_t added = __atomic_load_n(&ring->added, __ATOMIC_ACQUIRE);

		if (*position + XD_LOG_RING_LINES < added) {
			*missed += added - XD_LOG_RING_LINES - *position;
			*position = added - XD_LOG_RING_LINES;
		}
		if (*position == added)
			return false;
		if (load(ring, *position, line)) {
			++*position;
			return true;
		}
		/* Whoever took this number is about to write the line, unless it was given up. */
		if (added - *position < XD_LOG_RING_LINES / 2)
			return false;
		++*missed;
		++*position;
	}
}

void
xd_log_ring_count_missed(struct xd_log_ring *ring, uint64_t missed)
{
	__atomic_store_n(&ring->missed, ring->missed + missed, __ATOMIC_RELAXED);
}

uint64_t
xd_log_ring_missed(const struct xd_log_ring *ring)
{
	return __atomic_load_n(&ring->missed, __ATOMIC_RELAXED);
}

static json_t *
line_to_json(const struct xd_log_line *line)
{
	json_t *text = json_string(line->text);
	char time[32];

	if (!text) /* a guest or a file may have put in what is not UTF-8 */
		text = json_string("(not text)");
	xd_log_time(time, line->time_ns);
	return json_pack("{s:s, s:s, s:s, s:o}", "time", time, "level",
		xd_log_level_name(line->level), "component", xd_log_component_name(line->component),
		"line", text);
}

json_t *
xd_log_ring_to_json(const struct xd_log_ring *ring, unsigned n)
{
	uint64_t added = __atomic_load_n(&ring->added, __ATOMIC_ACQUIRE);
	json_t *list = json_array();
	struct xd_log_line line;

	if (n > XD_LOG_RING_LINES)
		n = XD_LOG_RING_LINES;
	if (n > added)
		n = added;
	for (uint64_t i = added - n; i < added; i++) {
		if (load(ring, i, &line))
			json_array_append_new(list, line_to_json(&line));
	}
	return list;
}
