/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening, closing, starting and stopping ports. */
#include <errno.h>
#include <string.h>

#include "traffic/engine/session/session_parts.h"

/* What is forwarding now may not be touched. */
static bool
takes_part(const struct xd_session *s, unsigned port)
{
	for (unsigned i = 0; s->running && i < s->plan.nb_paths; i++)
		if (s->plan.paths[i].rx_number == port || s->plan.paths[i].tx_number == port)
			return true;
	return false;
}

static int
refuse_busy(unsigned port, struct xd_error *err)
{
	return xd_fail(err, -EBUSY, "port %u is forwarding; stop ends that", port);
}

int
xd_cmd_attach(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	struct xd_session_config *c = &s->config;
	char spec[XD_SESSION_LINE + 8];
	bool is_kind = !strncmp(argv[2], "virtio:", 7) || !strncmp(argv[2], "loop:", 5) ||
		       !strncmp(argv[2], "dpdk:", 5);
	unsigned port, n = 0;
	int rc;

	(void)argc;
	snprintf(spec, sizeof(spec), "%s%s", is_kind ? "" : "dpdk:", argv[2]);
	fputs("Attaching a new port...\n", s->out);
	fflush(s->out);
	rc = s->bench.attach(s->bench.ctx, spec, &port, err);
	if (rc)
		return rc;
	while (n < c->nb_ports && c->ports[n] < port)
		n++;
	memmove(&c->ports[n + 1], &c->ports[n], (c->nb_ports - n) * sizeof(c->ports[0]));
	c->ports[n] = port;
	c->nb_ports++;
	fprintf(s->out, "Port %u is attached. Now total ports is %u\nDone\n", port,
		xd_session_ports(s, (unsigned[XD_GEN_PORTS_MAX]){0}));
	return 0;
}

static void
leave_out(struct xd_session_config *c, unsigned port)
{
	for (unsigned i = 0; i < c->nb_ports; i++) {
		if (c->ports[i] != port)
			continue;
		memmove(&c->ports[i], &c->ports[i + 1],
			(c->nb_ports - i - 1) * sizeof(c->ports[0]));
		c->nb_ports--;
		return;
	}
}

int
xd_cmd_detach(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[2], ports, err);
	int rc = n ? 0 : -ENODEV;

	(void)argc;
	for (unsigned i = 0; i < n; i++)
		if (takes_part(s, ports[i]))
			return refuse_busy(ports[i], err);
	for (unsigned i = 0; i < n && !rc; i++) {
		fprintf(s->out, "Removing port %u...\n", ports[i]);
		rc = s->bench.detach(s->bench.ctx, ports[i], err);
		if (rc)
			break;
		leave_out(&s->config, ports[i]);
		s->last_ns[ports[i]] = 0;
		fprintf(s->out, "Port %u is detached. Now total ports is %u\n", ports[i],
			xd_session_ports(s, (unsigned[XD_GEN_PORTS_MAX]){0}));
	}
	if (!rc)
		fputs("Done\n", s->out);
	return rc;
}

int
xd_cmd_port(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	bool start = !strcmp(argv[1], "start");
	struct xd_session_port what;
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, argv[2], ports, err);
	char mac[18];

	(void)argc;
	if (n == 0)
		return -ENODEV;
	for (unsigned i = 0; i < n && !start; i++)
		if (takes_part(s, ports[i]))
			return refuse_busy(ports[i], err);
	if (!start)
		fputs("Stopping ports...\n", s->out);
	for (unsigned i = 0; i < n; i++) {
		int rc = s->bench.set(s->bench.ctx, ports[i], XD_SESSION_STARTED, start, err);

		if (rc)
			return rc;
		if (start && s->bench.look(s->bench.ctx, ports[i], &what))
			fprintf(s->out, "Port %u: %s\n", ports[i], xd_session_mac(what.mac, mac));
	}
	fputs("Done\n", s->out);
	return 0;
}
