/* SPDX-License-Identifier: BSD-3-Clause */
/* What is set. It is used from the next start on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "traffic/engine/session/session_parts.h"

#define LENGTH_MAX 65535 /* bytes; a port may carry less, which start says */

/* As testpmd has them. */
void
xd_session_default(struct xd_session *s)
{
	struct xd_session_config *c = &s->config;

	*c = (struct xd_session_config){
		.mode = xd_forward_modes[0],
		.retries = 64,
		.delay_us = 1,
		.burst = 32,
		.nb_cores = s->nb_all_cores,
		.nb_used = s->nb_used_cores,
		.nb_parts = 1,
		.parts = {64},
		.flows = 1024,
	};
	memcpy(c->cores, s->all_cores, sizeof(c->cores));
	c->nb_ports = xd_session_ports(s, c->ports);
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++) {
		c->peers[i][0] = 0x02;
		c->peers[i][5] = (uint8_t)i;
	}
}

/* A number that the table of commands has checked. */
static unsigned
number_of(const char *text)
{
	uint64_t number = 0;

	xd_number_parse(text, 0, UINT32_MAX, &number);
	return (unsigned)number;
}

int
xd_cmd_set_fwd(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)err;
	s->config.mode = xd_forward_mode_named(argv[2]);
	s->config.retry = argc > 3;
	fprintf(s->out, "Set %s packet forwarding mode%s\n", argv[2],
		argc > 3 ? " with retry" : "");
	return 0;
}

int
xd_cmd_set_default(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	xd_session_default(s);
	return 0;
}

int
xd_cmd_set_burst(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.burst = number_of(argv[2]);
	fprintf(s->out, "Number of packets per burst set to %u\n", s->config.burst);
	return 0;
}

int
xd_cmd_set_retry(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.retry = !strcmp(argv[2], "on");
	return 0;
}

int
xd_cmd_set_delay(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.delay_us = number_of(argv[4]);
	s->config.retries = number_of(argv[6]);
	return 0;
}

int
xd_cmd_set_nbcore(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned n = number_of(argv[2]);

	(void)argc;
	if (n > s->config.nb_cores)
		return xd_fail(err, -EINVAL,
			"nb fwd cores %u > %u (max. number of configured lcores); set corelist, or "
			"--cores at the start, says which",
			n, s->config.nb_cores);
	s->config.nb_used = n;
	fprintf(s->out, "Number of forwarding cores set to %u\n", n);
	return 0;
}

int
xd_cmd_set_nbport(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX], n = number_of(argv[2]);
	unsigned there = xd_session_ports(s, ports);

	(void)argc;
	if (n > there)
		return xd_fail(err, -EINVAL, "nb ports %u > %u (number of probed ports)", n, there);
	memcpy(s->config.ports, ports, sizeof(ports));
	s->config.nb_ports = n;
	fprintf(s->out, "Number of forwarding ports set to %u\n", n);
	return 0;
}

/* ---- Lists ---- */

/* "0,2-4" into numbers, each once; how many, 0 with err. */
static unsigned
parse_list(
	const char *text, unsigned max_number, unsigned *list, unsigned max, struct xd_error *err)
{
	bool seen[1024] = {false};
	const char *at = text;
	unsigned n = 0;

	while (*at) {
		char *end;
		unsigned long first, last;

		if (*at < '0' || *at > '9')
			break;
		last = first = strtoul(at, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (first > last || last > max_number || (*end && *end != ','))
			break;
		for (; first <= last; first++) {
			if (seen[first] || n == max) {
				xd_fail(err, -EINVAL, "%s: %lu %s", text, first,
					seen[first] ? "is there twice" : "is one too many");
				return 0;
			}
			seen[first] = true;
			list[n++] = (unsigned)first;
		}
		if (*end == '\0')
			return n;
		at = end + 1;
	}
	xd_fail(err, -EINVAL, "%s: give numbers to %u, such as 0,1 or 0-3", text, max_number);
	return 0;
}

int
xd_cmd_set_corelist(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned list[XD_GEN_CORES_MAX];
	unsigned n = parse_list(argv[2], 1023, list, XD_GEN_CORES_MAX, err);

	(void)argc;
	if (n == 0)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!s->bench.core(s->bench.ctx, list[i]))
			return xd_fail(err, -EINVAL,
				"lcore %u not enabled: no such core, or not for this process",
				list[i]);
	for (unsigned i = 0; i < n; i++)
		s->config.cores[i] = (int)list[i];
	s->config.nb_cores = s->config.nb_used = n;
	return 0;
}

int
xd_cmd_set_portlist(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned list[XD_GEN_PORTS_MAX];
	unsigned n = parse_list(argv[2], XD_GEN_PORTS_MAX - 1, list, XD_GEN_PORTS_MAX, err);
	unsigned one[XD_GEN_PORTS_MAX];
	char word[16];

	(void)argc;
	for (unsigned i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "%u", list[i]);
		if (!xd_session_which(s, word, one, err))
			return -ENODEV;
	}
	if (n == 0)
		return -EINVAL;
	memcpy(s->config.ports, list, n * sizeof(*list));
	s->config.nb_ports = n;
	if (n % 2 && s->config.topology == XD_SESSION_PAIRED)
		fputs("Warning! port-topology=paired and odd forward ports number, the last port "
		      "will pair with itself.\n",
			s->out);
	return 0;
}

int
xd_cmd_set_topology(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.topology = !strcmp(argv[2], "paired")    ? XD_SESSION_PAIRED
			     : !strcmp(argv[2], "chained") ? XD_SESSION_CHAINED
							   : XD_SESSION_LOOP;
	return 0;
}

/* ---- Made frames ---- */

int
xd_cmd_set_txpkts(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	uint32_t parts[XD_FORWARD_PARTS_MAX];
	char *rest = argv[2], *word;
	uint64_t bytes, sum = 0;
	unsigned n = 0;

	(void)argc;
	while ((word = strsep(&rest, ","))) {
		if (n == XD_FORWARD_PARTS_MAX || xd_number_parse(word, 1, LENGTH_MAX, &bytes))
			return xd_fail(err, -EINVAL,
				"set txpkts %s: give up to %d lengths of 1 to %d bytes, such as 64 "
				"or 64,128",
				word, XD_FORWARD_PARTS_MAX, LENGTH_MAX);
		parts[n++] = (uint32_t)bytes;
		sum += bytes;
	}
	if (sum > LENGTH_MAX)
		return xd_fail(err, -EINVAL, "set txpkts: %llu bytes together; at most %d",
			(unsigned long long)sum, LENGTH_MAX);
	memcpy(s->config.parts, parts, n * sizeof(*parts));
	s->config.nb_parts = n;
	return 0;
}

int
xd_cmd_set_txsplit(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.some_parts = !strcmp(argv[2], "rand");
	return 0;
}

int
xd_cmd_set_flows(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	s->config.flows = number_of(argv[2]);
	return 0;
}

int
xd_cmd_set_verbose(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	(void)err;
	fprintf(s->out, "Change verbose level from %u to %s%s\n", s->config.verbose, argv[2],
		s->running ? " (from the next start on)" : "");
	s->config.verbose = number_of(argv[2]);
	return 0;
}

int
xd_cmd_set_peer(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	uint8_t mac[6];

	(void)argc;
	if (!xd_session_which(s, argv[2], ports, err))
		return -ENODEV;
	if (!xd_mac_parse(argv[3], mac))
		return xd_fail(err, -EINVAL,
			"Error: Invalid ethernet address: %s; give one such as 02:00:00:00:00:01",
			argv[3]);
	memcpy(s->config.peers[ports[0]], mac, sizeof(mac));
	return 0;
}

/* ---- Of devices ---- */

static int
set_each(struct xd_session *s, const char *word, enum xd_session_switch what, bool on,
	struct xd_error *err)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_which(s, word, ports, err);
	int rc = n ? 0 : -ENODEV;

	for (unsigned i = 0; i < n && !rc; i++)
		rc = s->bench.set(s->bench.ctx, ports[i], what, on, err);
	return rc;
}

int
xd_cmd_set_switch(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	return set_each(s, argv[2],
		!strcmp(argv[1], "promisc") ? XD_SESSION_PROMISCUOUS : XD_SESSION_ALLMULTICAST,
		!strcmp(argv[3], "on"), err);
}

int
xd_cmd_set_link(struct xd_session *s, int argc, char **argv, struct xd_error *err)
{
	(void)argc;
	return set_each(s, argv[3], XD_SESSION_LINK, !strcmp(argv[1], "link-up"), err);
}
