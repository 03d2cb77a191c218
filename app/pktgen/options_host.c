/* SPDX-License-Identifier: BSD-3-Clause */
/* Options about hosts behind ports: their addresses, whom they talk to. */
#include <errno.h>
#include <string.h>

#include "option_table.h"
#include "peer/address.h"
#include "traffic/engine/respond/answer.h"
#include "traffic/engine/message/hosts.h"
#include "traffic/engine/message/lanes.h"
#include "traffic/frames/units.h"

#define PORT_MAX       65000 /* leaves room for more, one after the other */
#define WINDOW_DEFAULT (1u << 20)
#define WINDOW_MIN     2920u
#define WINDOW_MAX     (1u << 30)

int
take_family(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->host.v6 = i == 1;
	return 0;
}

int
take_address(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_respond_host host;

	(void)row;
	if (o->host.nb_addresses == XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "at most %u ports", XD_GEN_PORTS_MAX);
	o->host.addresses[o->host.nb_addresses++] = text;
	return xd_respond_host_init(&host, 0, text, err);
}

int
take_connect(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	o->host.has_peer = true;
	return xd_respond_target_parse(text, &o->host.peers[0], err);
}

int
take_host_port(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, 1, PORT_MAX, &n, err);

	(void)row;
	if (!rc)
		o->host.port = (uint16_t)n;
	return rc;
}

int
take_window(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_sizes sizes;
	int rc = xd_sizes_parse(text, WINDOW_MIN, WINDOW_MAX, &sizes, err);

	(void)row;
	if (!rc && (sizes.n != 1 || sizes.mix[0].n != 1))
		rc = xd_fail(err, -EINVAL, "--window %s: one size, such as 1M", text);
	if (!rc)
		o->host.window = sizes.mix[0].bytes[0];
	return rc;
}

int
take_peer(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct peer_address address;

	(void)row;
	o->peer = text;
	return peer_address_parse(text, &address, err);
}

/* The address of the host behind a port of either end, which has one of a kind. */
static bool
address_of(const struct options *o, unsigned port, struct xd_respond_host *host,
	struct xd_respond_target *target)
{
	char text[XD_MESSAGE_ADDRESS];
	const char *list = xd_message_address(o->host.addresses[port], o->host.v6, port, text);

	return !xd_respond_host_init(host, port, list, NULL) &&
	       xd_respond_host_first(host, target->v6, target->address);
}

/* Where the other half of a port's pair is: both ends know the addresses of both. */
static int
choose_target(struct options *o, unsigned port, struct xd_error *err)
{
	const unsigned far = o->link != NULL; /* at its check, only the far end has one */
	const unsigned own = 2 * port + far, other = 2 * port + !far;
	struct xd_respond_target here = {0}, target = {0};
	struct xd_respond_host host;

	if (!address_of(o, own, &host, &here))
		here.v6 = target.v6 = true;
	if (!address_of(o, own, &host, &here) || !address_of(o, other, &host, &target))
		return xd_fail(err, -EINVAL,
			"--address: ports %u and %u, of the two ends, have none of one kind",
			2 * port, 2 * port + 1);
	o->host.peers[port] = target;
	return 0;
}

static int
choose_targets(struct options *o, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < o->nb_ports && !rc; i++)
		rc = choose_target(o, i, err);
	return rc;
}

int
option_host_check(struct options *o, struct xd_error *err)
{
	if (options_ends(o) > XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "--peer: at most %u ports at each end, not %u",
			XD_GEN_PORTS_MAX / 2, o->nb_ports);
	if (o->host.nb_addresses > options_ends(o))
		return xd_fail(err, -EINVAL,
			"--address is given %u times for %u port%s; give all of one port as a "
			"list, such as 10.0.0.2,fd00::2",
			o->host.nb_addresses, options_ends(o), options_ends(o) == 1 ? "" : "s");
	if (o->host.has_peer && o->nb_ports > 1)
		return xd_fail(err, -EINVAL,
			"--connect goes with one port; of two, the second is connected to");
	return o->peer || o->link ? choose_targets(o, err) : 0;
}

int
option_frame_check(const struct options *o, uint32_t least, struct xd_error *err)
{
	const struct xd_sizes *sizes = &o->traffic.sizes;

	if (sizes->n != 1 || sizes->mix[0].n != 1 || sizes->mix[0].bytes[0] < least)
		return xd_fail(err, -EINVAL,
			"--size is the longest frame: one size from %u, such as 1514", least);
	return 0;
}

struct xd_message_hosts
option_hosts(const struct options *o)
{
	struct xd_message_hosts hosts = {
		.v6 = o->host.v6,
		.frame_bytes = o->traffic.sizes.mix[0].bytes[0],
		.window = o->host.window ? o->host.window : WINDOW_DEFAULT,
		.verify = o->message.verify,
		.touch = o->traffic.touch,
		.streams = o->message.streams,
		.impair = o->traffic.impair,
		.has_peer = o->host.has_peer,
		.link = o->link,
		.port = o->host.port,
		.timeout_s = o->timeout_ms / 1000.0,
	};

	memcpy(hosts.addresses, o->host.addresses, sizeof(hosts.addresses));
	memcpy(hosts.peers, o->host.peers, sizeof(hosts.peers));
	return hosts;
}
