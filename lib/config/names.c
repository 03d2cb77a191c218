/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash table for each noun: open addressing, at most half full. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/names.h"

struct table {
	uint32_t mask;
	uint32_t *slots; /* number of an entry + 1; 0: empty */
};

struct xd_names {
	const struct xd_config *config;
	struct table tables[]; /* in the order of xd_nouns */
};

/* The slot that a name has, or the empty one that it would get. */
static uint32_t *
find_slot(const struct table *table, const struct xd_noun *noun, const struct xd_config *config,
	const char *name)
{
	uint32_t i = xd_hash_text(0, name, XD_NAME_MAX) & table->mask;

	while (table->slots[i] &&
		strncmp(xd_noun_entry(noun, config, table->slots[i] - 1), name, XD_NAME_MAX))
		i = (i + 1) & table->mask;
	return &table->slots[i];
}

static int
fill(struct table *table, const struct xd_noun *noun, const struct xd_config *config)
{
	unsigned n = noun->size ? xd_noun_count(noun, config) : 0;
	uint32_t size = xd_hash_size(n + 1);

	table->mask = size - 1;
	table->slots = calloc(size, sizeof(*table->slots));
	if (!table->slots)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		uint32_t *slot = find_slot(table, noun, config, xd_noun_entry(noun, config, i));

		if (!*slot)
			*slot = i + 1;
	}
	return 0;
}

struct xd_names *
xd_names_create(const struct xd_config *config)
{
	unsigned nb_nouns = 0;
	struct xd_names *names;

	while (xd_nouns[nb_nouns])
		nb_nouns++;
	names = calloc(1, sizeof(*names) + nb_nouns * sizeof(names->tables[0]));
	if (!names)
		return NULL;
	names->config = config;
	for (unsigned i = 0; i < nb_nouns; i++) {
		if (fill(&names->tables[i], xd_nouns[i], config) < 0) {
			xd_names_destroy(names);
			return NULL;
		}
	}
	return names;
}

void
xd_names_destroy(struct xd_names *names)
{
	for (unsigned i = 0; names && xd_nouns[i]; i++)
		free(names->tables[i].slots);
	free(names);
}

void *
xd_names_get(const struct xd_names *names, const struct xd_noun *noun, const char *name)
{
	const struct table *table = names->tables;
	uint32_t number;

	for (unsigned i = 0; xd_nouns[i] != noun; i++)
		table++;
	number = *find_slot(table, noun, names->config, name);
	return number ? xd_noun_entry(noun, names->config, number - 1) : NULL;
}

const struct xd_config *
xd_names_config(const struct xd_names *names)
{
	return names->config;
}
