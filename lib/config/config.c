/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration as plain data: its entries, whatever their noun. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "config/noun.h"

#define MAX_NAMES 1024 /* that a mistyped one is compared with */

/* ---- Entries ---- */

/* Of one noun. A configuration has one of these for each, in the order of their table. */
struct xd_entries {
	unsigned n;
	char *list;
};

static struct xd_entries *
entries_of(const struct xd_noun *noun, const struct xd_config *config)
{
	unsigned i = 0;

	while (xd_nouns[i] != noun)
		i++;
	return &config->entries[i];
}

unsigned
xd_noun_count(const struct xd_noun *noun, const struct xd_config *config)
{
	if (!config)
		return 0;
	return noun->size ? entries_of(noun, config)->n : 1;
}

void *
xd_noun_entry(const struct xd_noun *noun, const struct xd_config *config, unsigned i)
{
	char *list;

	if (!config)
		return NULL;
	if (!noun->size)
		return (void *)(uintptr_t)config;
	list = entries_of(noun, config)->list;
	return list ? list + (size_t)i * noun->size : NULL;
}

void *
xd_noun_get(const struct xd_noun *noun, const struct xd_config *config, const char *name)
{
	const struct xd_entries *entries;

	if (!config || !name)
		return NULL;
	entries = entries_of(noun, config);
	for (unsigned i = 0; i < entries->n; i++) {
		char *entry = entries->list + (size_t)i * noun->size;

		if (!strncmp(entry, name, XD_NAME_MAX))
			return entry;
	}
	return NULL;
}

int
xd_noun_check_name(const struct xd_noun *noun, const char *name, struct xd_error *err)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:";
	size_t len = name ? strnlen(name, XD_NAME_MAX) : 0;

	if (len == 0)
		return xd_fail(err, -EINVAL, "a %s needs a name of 1 to %d characters", noun->name,
			XD_NAME_MAX - 1);
	if (len == XD_NAME_MAX)
		return xd_fail(err, -EINVAL,
			"\"%.31s...\" is too long for the name of a %s: at most %d characters",
			name, noun->name, XD_NAME_MAX - 1);
	if (strspn(name, valid) != len)
		return xd_fail(err, -EINVAL,
			"\"%s\" is not a name for a %s: use letters, digits and -_.: only", name,
			noun->name);
	return 0;
}

int
xd_noun_new_name(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err)
{
	int ret = xd_noun_check_name(noun, name, err);

	if (ret == 0 && xd_noun_get(noun, config, name))
		ret = xd_fail(err, -EEXIST, "there is already a %s named %s", noun->name, name);
	return ret;
}

void *
xd_noun_add(const struct xd_noun *noun, struct xd_config *config, const char *name,
	struct xd_error *err)
{
	struct xd_entries *entries;
	char *list, *entry;

	if (!config) {
		xd_fail(err, -EINVAL, "there is no configuration");
		return NULL;
	}
	if (xd_noun_new_name(noun, config, name, err))
		return NULL;
	entries = entries_of(noun, config);
	list = realloc(entries->list, (entries->n + 1) * (size_t)noun->size);
	if (!list) {
		xd_fail(err, -ENOMEM, "no memory for %s %s", noun->name, name);
		return NULL;
	}
	entries->list = list;
	entry = list + (size_t)entries->n++ * noun->size;
	memset(entry, 0, noun->size);
	strcpy(entry, name);
	xd_keys_reset(noun->keys, entry);
	if (noun->init)
		noun->init(config, entry);
	return entry;
}

int
xd_noun_del(const struct xd_noun *noun, struct xd_config *config, const char *name,
	struct xd_error *err)
{
	char *entry = xd_noun_get(noun, config, name);
	char *end = xd_noun_entry(noun, config, xd_noun_count(noun, config));

	if (!config || !name)
		return xd_fail(err, -EINVAL, "a configuration and a name needed");
	if (!entry)
		return xd_noun_missing(noun, config, name, err);
	memmove(entry, entry + noun->size, end - entry - noun->size);
	entries_of(noun, config)->n--;
	return 0;
}

const char *
xd_noun_nearest(const struct xd_noun *noun, const struct xd_config *config, const char *name)
{
	const char *names[MAX_NAMES + 1];
	unsigned n = 0;

	for (; n < MAX_NAMES && n < xd_noun_count(noun, config); n++)
		names[n] = xd_noun_entry(noun, config, n);
	names[n] = NULL;
	return xd_suggest_nearest(name, names);
}

int
xd_noun_missing(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err)
{
	const char *nearest = xd_noun_nearest(noun, config, name);

	return xd_fail(err, -ENOENT, "there is no %s named %.60s%s%s%s", noun->name, name,
		nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* ---- Configurations ---- */

/* A configuration and room for the entries of every noun, in one piece of memory. */
static struct xd_config *
allocate(void)
{
	struct xd_config *config;
	unsigned nb_nouns = 0;

	while (xd_nouns[nb_nouns])
		nb_nouns++;
	config = calloc(1, sizeof(*config) + nb_nouns * sizeof(*config->entries));
	if (config)
		config->entries = (struct xd_entries *)(config + 1);
	return config;
}

struct xd_config *
xd_config_create(void)
{
	struct xd_config *config = allocate();

	for (const struct xd_noun *const *noun = xd_nouns; config && *noun; noun++) {
		if (!(*noun)->size)
			xd_keys_reset((*noun)->keys, config);
	}
	return config;
}

void
xd_config_destroy(struct xd_config *config)
{
	for (unsigned i = 0; config && xd_nouns[i]; i++)
		free(config->entries[i].list);
	free(config);
}

struct xd_config *
xd_config_copy(const struct xd_config *config)
{
	struct xd_config *copy = config ? allocate() : NULL;
	struct xd_entries *to;

	if (!copy)
		return NULL;
	to = copy->entries;
	*copy = *config;
	copy->entries = to;
	for (unsigned i = 0; xd_nouns[i]; i++) {
		const struct xd_entries *from = &config->entries[i];
		size_t bytes = (size_t)from->n * xd_nouns[i]->size;

		if (bytes == 0)
			continue;
		to[i].list = malloc(bytes);
		if (!to[i].list) {
			xd_config_destroy(copy);
			return NULL;
		}
		memcpy(to[i].list, from->list, bytes);
		to[i].n = from->n;
	}
	return copy;
}

int
xd_config_set_workers(struct xd_config *config, const unsigned *cores, unsigned n)
{
	if (!config || (!cores && n))
		return -EINVAL;
	if (n > XD_MAX_WORKERS)
		return -E2BIG;
	for (unsigned i = 0; i < n; i++) {
		if (cores[i] > UINT16_MAX)
			return -EINVAL;
	}
	for (unsigned i = 0; i < n; i++)
		config->cores[i] = (uint16_t)cores[i];
	config->nb_cores = n;
	return 0;
}
