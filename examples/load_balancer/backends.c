/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers out of a file, and the table. */
#include "backends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FREE UINT16_MAX

static uint32_t
mix(uint32_t value, uint32_t salt)
{
	uint64_t h = (value ^ (uint64_t)salt << 32) * 0x9e3779b97f4a7c15;

	h ^= h >> 29;
	return (uint32_t)((h * 0xbf58476d1ce4e5b9) >> 32);
}

/* Each in turn takes the next place of its own order that is free. */
static void
fill(struct backends *b)
{
	uint32_t next[MAX_BACKENDS], step[MAX_BACKENDS];
	unsigned filled = 0;

	for (unsigned i = 0; i < b->n; i++) {
		next[i] = mix(b->addr[i], 1) % TABLE;
		step[i] = mix(b->addr[i], 2) % (TABLE - 1) + 1;
	}
	memset(b->table, 0xff, sizeof(b->table));
	for (unsigned i = 0; b->n && filled < TABLE; i = (i + 1) % b->n, filled++) {
		while (b->table[next[i]] != FREE)
			next[i] = (next[i] + step[i]) % TABLE;
		b->table[next[i]] = (uint16_t)i;
	}
}

/* NULL, or what was expected. */
static const char *
read_line(const char *line, struct backends *b)
{
	char addr[64], state[16], more;
	struct in_addr in;
	const int n = sscanf(line, " %63[^ #\n] %15[a-z] %c", addr, state, &more);

	if (n < 1)
		return NULL;
	if (inet_pton(AF_INET, addr, &in) != 1)
		return "an IPv4 address";
	if (n < 2 || (n == 3 && more != '#') || (strcmp(state, "up") && strcmp(state, "down")))
		return "up or down behind the address";
	if (strcmp(state, "down") == 0)
		return NULL;
	for (unsigned i = 0; i < b->n; i++) {
		if (b->addr[i] == ntohl(in.s_addr))
			return "each address once";
	}
	if (b->n == MAX_BACKENDS)
		return "256 servers at most";
	b->addr[b->n++] = ntohl(in.s_addr);
	return NULL;
}

struct backends *
backends_read(const char *path, char why[256])
{
	struct backends *b = (struct backends *)calloc(1, sizeof(*b));
	FILE *file = fopen(path, "r");
	const char *expected = NULL;
	char line[256];

	snprintf(why, 256, "%s: %s", path, strerror(errno));
	if (b == NULL || file == NULL) {
		if (file)
			fclose(file);
		free(b);
		return NULL;
	}
	for (unsigned n = 1; expected == NULL && fgets(line, sizeof(line), file); n++) {
		expected = read_line(line, b);
		if (expected)
			snprintf(why, 256, "%s:%u: expected %s", path, n, expected);
	}
	if (ferror(file)) {
		expected = "a file";
		snprintf(why, 256, "%s: %s", path, strerror(errno));
	}
	fclose(file);
	if (expected) {
		free(b);
		return NULL;
	}
	fill(b);
	return b;
}
