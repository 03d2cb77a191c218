/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports by name: finds the kind (port_kinds.h), opens and closes it, and sets up what a port sends
 * and how it looks at what comes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "traffic/port/port_kinds.h"

#define ETH_HEADER 14

static const struct xd_gen_kind *const kinds[] = {
	&xd_gen_kind_virtio, &xd_gen_kind_ethdev, &xd_gen_kind_loop, NULL};

/* The kind that the text before the colon names, and what follows it. */
static const struct xd_gen_kind *
find_kind(const char *spec, const char **args, struct xd_error *err)
{
	static const char *const names[] = {"virtio", "dpdk", "loop", NULL};
	size_t len = strcspn(spec, ":");
	char word[32], hint[96];

	for (unsigned i = 0; kinds[i]; i++) {
		if (spec[len] != ':' || strlen(kinds[i]->name) != len ||
			memcmp(spec, kinds[i]->name, len))
			continue;
		*args = spec + len + 1;
		return kinds[i];
	}
	snprintf(word, sizeof(word), "%.*s", (int)len, spec);
	xd_fail(err, -EINVAL, "port %s: unknown kind %s%s (virtio:PATH, dpdk:DEVARGS, loop:NAME)",
		spec, word, xd_suggest_hint(word, names, hint, sizeof(hint)));
	return NULL;
}

int
xd_gen_port_check(const char *spec, bool *needs_eal, struct xd_error *err)
{
	const struct xd_gen_kind *kind;
	const char *args;

	kind = find_kind(spec, &args, err);
	if (!kind)
		return -EINVAL;
	if (needs_eal)
		*needs_eal = kind->needs_eal;
	return kind->check(args, err);
}

struct xd_gen_port *
xd_gen_port_open(const char *spec, const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	const struct xd_gen_kind *kind;
	struct xd_gen_port *port;
	const char *args;

	kind = find_kind(spec, &args, err);
	if (!kind || kind->check(args, err))
		return NULL;
	port = kind->open(args, opts, err);
	if (port)
		snprintf(port->name, sizeof(port->name), "%s", spec);
	return port;
}

void
xd_gen_port_close(struct xd_gen_port *port)
{
	struct xd_stream stream;

	if (!port)
		return;
	stream = port->stream;
	port->ops->close(port);
	xd_stream_fini(&stream);
}

int
xd_gen_port_load(struct xd_gen_port *port, const struct xd_gen_load *load, struct xd_error *err)
{
	struct xd_stream fresh = {0};
	struct xd_stream_opts opts;
	int rc = 0;

	if (load->list && !load->list->source && port->offload.tso)
		return xd_fail(err, -EINVAL,
			"%s: with tso=on only frames of one size and the default headers can be "
			"sent, untracked",
			port->name);
	if (load->list) {
		rc = xd_stream_init_list(&fresh, load->list, err);
	} else if (load->stream) {
		opts = *load->stream;
		opts.offload = port->offload;
		rc = xd_stream_init(&fresh, &opts, err);
	}
	if (rc)
		return rc;
	if (fresh.list) {
		fresh.list->room = port->max_frame;
		fresh.list->headers = port->headers;
	}
	xd_stream_fini(&port->stream);
	port->stream = fresh;
	port->touch = load->touch;
	port->sent = 0;
	if (!load->list && !load->stream)
		return 0;
	if (xd_stream_max_len(&fresh) > port->max_frame)
		return xd_fail(err, -EINVAL,
			"%s: frames of %u bytes are too long for it: it carries %u (MTU %u)",
			port->name, xd_stream_max_len(&fresh), port->max_frame,
			port->max_frame - ETH_HEADER);
	return port->ops->load(port, err);
}

void
xd_gen_port_expect(struct xd_gen_port *port, const struct xd_gen_expect *expect)
{
	port->expect = expect->size;
	port->received = (struct xd_receive){
		.kind = expect->kind,
		.track = expect->track,
		.echo = expect->echo,
		.sink = expect->sink,
		.headers = port->headers,
	};
}

int
xd_gen_port_attach(struct xd_gen_port *port, const struct xd_source *source,
	const struct xd_sink *sink, enum xd_touch touch, struct xd_error *err)
{
	struct xd_list_stream_opts list = {.source = source};
	struct xd_gen_load load = {.list = &list, .touch = touch};
	int rc = xd_gen_port_load(port, &load, err);

	if (!rc)
		xd_gen_port_expect(
			port, &(struct xd_gen_expect){.kind = XD_RECEIVE_SINK, .sink = sink});
	return rc;
}

void
xd_gen_port_detach(struct xd_gen_port *port)
{
	xd_gen_port_load(port, &(struct xd_gen_load){0}, NULL);
	xd_gen_port_expect(port, &(struct xd_gen_expect){0});
}
