/* SPDX-License-Identifier: BSD-3-Clause */
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

#define SIZE_DEFAULT     1024
#define SIZE_DEFAULT_TSO 256  /* buffers hold 64 KiB each then */
#define MSS_DEFAULT      1460 /* of an MTU of 1500 bytes */
#define MSS_MIN          48

#define BIT(n) (1ull << (n))
#define CSUM   (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM))
#define TSO4   (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO4))
#define TSO6   (BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_GUEST_TSO6))

struct toggle {
	const char *name;
	bool *on;
};

static int
parse_toggle(const struct toggle *t, const char *value, struct xd_error *err)
{
	*t->on = !strcmp(value, "on");
	if (!*t->on && strcmp(value, "off"))
		return xd_fail(err, -EINVAL, "virtio port: %s=%s: on or off", t->name, value);
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
	static const char *const names[] = {"server", "size", "queues", "mrg", "event_idx",
		"packed", "in_order", "csum", "tso", "mss", "irq", "poll", NULL};
	bool poll = !a->interrupts;
	const struct toggle toggles[] = {{"mrg", &a->mergeable}, {"event_idx", &a->event_idx},
		{"packed", &a->packed}, {"in_order", &a->in_order}, {"csum", &a->csum},
		{"tso", &a->tso}, {"irq", &a->interrupts}, {"poll", &poll}};
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
	for (unsigned i = 0; value && i < sizeof(toggles) / sizeof(toggles[0]); i++) {
		if (strcmp(word, toggles[i].name))
			continue;
		rc = parse_toggle(&toggles[i], value, err);
		if (toggles[i].on == &poll)
			a->interrupts = !poll;
		return rc;
	}
	for (unsigned i = 0; !value && names[i]; i++)
		if (!strcmp(word, names[i]))
			return xd_fail(err, -EINVAL, "virtio port: %s needs a value, such as %s=%s",
				word, word,
				!strcmp(word, "size") || !strcmp(word, "mss")
					? "1024"
					: (!strcmp(word, "queues") ? "2" : "on"));
	return xd_fail(err, -EINVAL, "virtio port: unknown option %s%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

int
xd_virtio_args_parse(struct xd_virtio_args *a, const char *text, struct xd_error *err)
{
	char copy[512], *save = NULL, *word;
	size_t len = strcspn(text, ",");
	int rc = 0;

	*a = (struct xd_virtio_args){.queues = 1};
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
	if (!rc && a->mss && !a->tso)
		return xd_fail(err, -EINVAL, "virtio port: mss= is of use with tso=on only");
	if (a->size == 0)
		a->size = a->tso ? SIZE_DEFAULT_TSO : SIZE_DEFAULT;
	if (a->mss == 0)
		a->mss = MSS_DEFAULT;
	return rc;
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
