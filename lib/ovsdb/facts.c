/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts of a port: facts.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/facts.h"
#include "virtqueue/feature_names.h"

static void
take_features(struct xd_ovsdb_facts *facts, const char *words)
{
	uint64_t bits = 0;

	for (const char *word = words; *word;) {
		size_t len = strcspn(word, " ");

		for (const struct xd_bit_name *b = xd_feature_names; b->name; b++) {
			if (strlen(b->name) == len && !strncmp(b->name, word, len))
				bits |= 1ull << b->bit;
		}
		word += len + (word[len] == ' ');
	}
	snprintf(facts->features, sizeof(facts->features), "0x%016" PRIx64, bits);
}

/* "up, 10000 Mbit/s, full duplex" */
static void
take_link(struct xd_ovsdb_facts *facts, const char *text)
{
	unsigned speed;

	if (sscanf(text, "up, %u Mbit/s", &speed) == 1)
		facts->speed_bit_s = (json_int_t)speed * 1000000;
	facts->full_duplex = strstr(text, "full duplex");
	facts->half_duplex = strstr(text, "half duplex");
}

/* "split ring of 256, kicked, ..." */
static void
take_ring(struct xd_ovsdb_facts *facts, const char *text)
{
	unsigned size;

	if (sscanf(text, "%*s ring of %u", &size) == 1 && facts->nb_rings < XD_OVSDB_RINGS)
		facts->ring_size[facts->nb_rings++] = size;
}

/* As ovs-vswitchd writes them, in small letters. */
static void
take_mac(struct xd_ovsdb_facts *facts, const char *text)
{
	snprintf(facts->mac, sizeof(facts->mac), "%s", text);
	for (char *c = facts->mac; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void
take_fact(void *ctx, const char *key, const char *value)
{
	struct xd_ovsdb_facts *facts = ctx;

	if (!strcmp(key, "interface_mac") || !strcmp(key, "mac"))
		take_mac(facts, value);
	else if (!strcmp(key, "interface_mtu"))
		facts->mtu = atoi(value);
	else if (!strcmp(key, "interface_index"))
		facts->index = atoi(value);
	else if (!strcmp(key, "device_driver"))
		snprintf(facts->driver, sizeof(facts->driver), "%s", value);
	else if (!strcmp(key, "memory_node") || !strcmp(key, "numa_node"))
		facts->node = atoi(value);
	else if (!strcmp(key, "down_because"))
		snprintf(facts->down_because, sizeof(facts->down_because), "%s", value);
	else if (!strcmp(key, "connection"))
		facts->connected = !strncmp(value, "connected", strlen("connected"));
	else if (!strcmp(key, "features"))
		take_features(facts, value);
	else if (!strcmp(key, "link"))
		take_link(facts, value);
	else if (!strncmp(key, "receive_queue_", strlen("receive_queue_")) ||
		 !strncmp(key, "transmit_queue_", strlen("transmit_queue_")))
		take_ring(facts, value);
}

void
xd_ovsdb_facts_read(struct xd_switch *sw, const char *port, struct xd_ovsdb_facts *facts)
{
	*facts = (struct xd_ovsdb_facts){.node = -1};
	xd_switch_describe_port(sw, port, take_fact, facts);
}
