/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of a virtio port read and checked, and the virtio features that they come to. */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/suggest.h"
#include "traffic/frames/stream.h"
#include "traffic/port/port_virtio_args.h"
#include "virtqueue/packed_layout.h"
#include "virtqueue/split_layout.h"

#define SIZE_DEFAULT       1024
#define SIZE_DEFAULT_GUEST 256  /* as QEMU makes them; also where each buffer holds 64 KiB */
#define MSS_DEFAULT        1460 /* of an MTU of 1500 bytes */
#define MSS_MIN            48

#define BIT(n) (1ull << (n))
#define CSUM   (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM))
#define TSO4   (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO4))
#define TSO6   (BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_GUEST_TSO6))

/* An option that has one of two words. */
struct choice {
	const char *name;
	const char *first, *second;
	bool *on;    /* set when it is the first */
	bool *given; /* or NULL */
};

static int
parse_choice(const struct choice *c, const char *value, struct xd_error *err)
{
	*c->on = !strcmp(value, c->first);
	if (c->given)
		*c->given = true;
	if (!*c->on && strcmp(value, c->second))
		return xd_fail(err, -EINVAL, "virtio port: %s=%s: %s or %s", c->name, value,
			c->first, c->second);
	return 0;
}

/* The options that have a number. */
static int
parse_number(struct xd_virtio_args *a, const char *name, const char *value, struct xd_error *err)
{
	if (!strcmp(name, "size")) {
		if (xd_number_parse(value, 32, XD_VRING_SIZE_MAX, &a->size) ||
			(a->size & (a->size - 1)))
			return xd_fail(err, -EINVAL,
				"virtio port: size=%s: ring entries, a power of two from 32 to %d",
				value, XD_VRING_SIZE_MAX);
	} else if (!strcmp(name, "queues")) {
		if (xd_number_parse(value, 1, XD_VIRTIO_QUEUES_MAX, &a->queues))
			return xd_fail(err, -EINVAL, "virtio port: queues=%s: 1 to %d", value,
				XD_VIRTIO_QUEUES_MAX);
	} else {
		if (xd_number_parse(value, MSS_MIN, XD_STREAM_MAX - XD_STREAM_TCP_HEAD, &a->mss))
			return xd_fail(err, -EINVAL,
				"virtio port: mss=%s: bytes of payload in a segment, %d to %d",
				value, MSS_MIN, XD_STREAM_MAX - XD_STREAM_TCP_HEAD);
	}
	return 0;
}

static int
parse_option(struct xd_virtio_args *a, char *word, struct xd_error *err)
{
	static const char *const names[] = {"server", "rings", "ids", "size", "queues", "mrg",
		"event_idx", "packed", "in_order", "csum", "tso", "mss", "irq", "poll", NULL};
	bool poll = !a->interrupts;
	const struct choice choices[] = {{"rings", "guest", "static", &a->guest, NULL},
		{"ids", "lifo", "fifo", &a->lifo, &a->ids_given},
		{"mrg", "on", "off", &a->mergeable, &a->mrg_given},
		{"event_idx", "on", "off", &a->event_idx, NULL},
		{"packed", "on", "off", &a->packed, NULL},
		{"in_order", "on", "off", &a->in_order, NULL},
		{"csum", "on", "off", &a->csum, NULL}, {"tso", "on", "off", &a->tso, NULL},
		{"irq", "on", "off", &a->interrupts, NULL}, {"poll", "on", "off", &poll, NULL}};
	const char *example = "1024";
	char *value = strchr(word, '=');
	char hint[128];
	int rc;

	if (!strcmp(word, "server")) {
		a->server = true;
		return 0;
	}
	if (value)
		*value++ = '\0';
	if (value && (!strcmp(word, "size") || !strcmp(word, "queues") || !strcmp(word, "mss")))
		return parse_number(a, word, value, err);
	for (unsigned i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (strcmp(word, choices[i].name))
			continue;
		if (value) {
			rc = parse_choice(&choices[i], value, err);
			if (choices[i].on == &poll)
				a->interrupts = !poll;
			return rc;
		}
		example = choices[i].first;
	}
	if (!strcmp(word, "queues"))
		example = "2";
	for (unsigned i = 0; !value && names[i]; i++)
		if (!strcmp(word, names[i]))
			return xd_fail(err, -EINVAL, "virtio port: %s needs a value, such as %s=%s",
				word, word, example);
	return xd_fail(err, -EINVAL, "virtio port: unknown option %s%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

/* What does not go together, and what follows from what is not said. */
static int
complete(struct xd_virtio_args *a, struct xd_error *err)
{
	if (a->mss && !a->tso)
		return xd_fail(err, -EINVAL, "virtio port: mss= is of use with tso=on only");
	if (a->ids_given && !a->guest)
		return xd_fail(err, -EINVAL, "virtio port: ids= is of use with rings=guest only");
	if (a->ids_given && a->lifo && a->in_order)
		return xd_fail(err, -EINVAL,
			"virtio port: in_order=on does not go with ids=lifo; leave ids= out or "
			"give ids=fifo");
	if (!a->ids_given)
		a->lifo = a->guest && !a->in_order;
	if (!a->mrg_given)
		a->mergeable = a->guest;
	if (a->size == 0)
		a->size = a->guest || a->tso ? SIZE_DEFAULT_GUEST : SIZE_DEFAULT;
	if (a->mss == 0)
		a->mss = MSS_DEFAULT;
	return 0;
}

int
xd_virtio_args_parse(struct xd_virtio_args *a, const char *text, struct xd_error *err)
{
	char copy[512], *save = NULL, *word;
	size_t len = strcspn(text, ",");
	int rc = 0;

	*a = (struct xd_virtio_args){.queues = 1, .guest = true};
	if (len == 0)
		return xd_fail(err, -EINVAL, "virtio port: give a socket, virtio:/run/x.sock");
	if (len >= sizeof(a->path))
		return xd_fail(err, -EINVAL,
			"virtio port: a socket path has at most %zu bytes, this one %zu",
			sizeof(a->path) - 1, len);
	if (strlen(text + len) >= sizeof(copy))
		return xd_fail(err, -EINVAL, "virtio port: options too long: %s", text);
	memcpy(a->path, text, len);
	a->path[len] = '\0';
	snprintf(copy, sizeof(copy), "%s", text + len);
	for (word = strtok_r(copy, ",", &save); word && !rc; word = strtok_r(NULL, ",", &save))
		rc = parse_option(a, word, err);
	return rc ? rc : complete(a, err);
}

const char *
xd_virtio_args_rings(const struct xd_virtio_args *a)
{
	return a->guest ? "guest" : "static";
}

const char *
xd_virtio_args_ids(const struct xd_virtio_args *a)
{
	if (!a->guest)
		return NULL;
	return a->lifo ? "lifo" : "fifo";
}

uint64_t
xd_virtio_args_features(const struct xd_virtio_args *a)
{
	uint64_t features = BIT(XD_VIRTIO_F_VERSION_1);

	if (a->mergeable)
		features |= BIT(VIRTIO_NET_F_MRG_RXBUF);
	if (a->event_idx)
		features |= BIT(XD_VIRTIO_RING_F_EVENT_IDX);
	if (a->packed)
		features |= BIT(XD_VIRTIO_F_RING_PACKED);
	if (a->in_order)
		features |= BIT(XD_VIRTIO_F_IN_ORDER);
	if (a->csum || a->tso)
		features |= CSUM;
	if (a->tso)
		features |= TSO4 | TSO6;
	if (a->tso && a->guest)
		features |= BIT(XD_VIRTIO_RING_F_INDIRECT_DESC);
	if (a->queues > 1)
		features |= BIT(VIRTIO_NET_F_MQ);
	return features;
}

int
xd_virtio_args_check_features(
	const struct xd_virtio_args *a, uint64_t features, struct xd_error *err)
{
	const struct {
		bool wanted;
		const char *option, *name;
		uint64_t bits;
	} needs[] = {
		{true, NULL, "VIRTIO_F_VERSION_1", BIT(XD_VIRTIO_F_VERSION_1)},
		{a->packed, "packed", "packed rings", BIT(XD_VIRTIO_F_RING_PACKED)},
		{a->in_order, "in_order", "VIRTIO_F_IN_ORDER", BIT(XD_VIRTIO_F_IN_ORDER)},
		{a->tso, "tso", "checksum offload", CSUM},
		{a->tso, "tso", "TCP segmentation over IPv4", TSO4},
		{a->csum, "csum", "checksum offload", CSUM},
		{a->tso && a->guest, "tso", "indirect descriptors, which rings=static does without",
			BIT(XD_VIRTIO_RING_F_INDIRECT_DESC)},
	};

	for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (!needs[i].wanted || (features & needs[i].bits) == needs[i].bits)
			continue;
		if (!needs[i].option)
			return xd_fail(err, -ENOTSUP, "%s: the switch offers no %s", a->path,
				needs[i].name);
		return xd_fail(err, -ENOTSUP, "%s: %s=on, but the switch offers no %s there",
			a->path, needs[i].option, needs[i].name);
	}
	return 0;
}
