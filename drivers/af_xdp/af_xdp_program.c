/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The XDP program: loaded, attached to the interface by a link of BPF's, which the kernel takes
 * away when its descriptor is closed, by whomever, and told what to do by its maps. Control.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "drivers/af_xdp/af_xdp.h"

/* steer.bpf.c, compiled. */
extern const unsigned char xd_af_xdp_steer[];
extern const size_t xd_af_xdp_steer_bytes;

static_assert(XD_PORT_QUEUES <= XD_STEER_SOCKETS, "a socket for each queue");
static_assert(2 * (XD_AF_XDP_RULES + XD_AF_XDP_OWN_RULES) <= XD_STEER_RULES,
	"the rules of two sets while they are exchanged");

static int
map_of(const struct xd_af_xdp_port *p, const char *name)
{
	return bpf_object__find_map_fd_by_name(p->program, name);
}

/* ---- Loading ---- */

static int
fail_load(const struct xd_af_xdp_port *p, int code, struct xd_error *err)
{
	const char *port = p->port.config.name;

	if (code == -EPERM || code == -EACCES)
		return xd_fail(err, code,
			"port %s: no permission to load its XDP program: run crossdockd as root, "
			"or give it CAP_BPF and CAP_NET_ADMIN (and ulimit -l unlimited, before "
			"Linux 5.11)",
			port);
	if (code == -ENOSYS)
		return xd_fail(err, code,
			"port %s: this kernel runs no XDP programs (CONFIG_BPF_SYSCALL): use "
			"another, or type: dpdk with net_af_packet",
			port);
	return xd_fail(err, code, "port %s: the kernel does not load its XDP program: %s", port,
		strerror(-code));
}

static int
load(struct xd_af_xdp_port *p, struct xd_error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "crossdock");
	/* A library does not print, nor shall one that it uses. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct bpf_program *program;
	int ret = 0;

	p->program = bpf_object__open_mem(xd_af_xdp_steer, xd_af_xdp_steer_bytes, &opts);
	if (p->program == NULL)
		ret = -errno;
	program = ret == 0 ? bpf_object__next_program(p->program, NULL) : NULL;
	if (program != NULL && p->in_pieces)
		ret = bpf_program__set_flags(
			program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
	if (ret == 0)
		ret = bpf_object__load(p->program);
	libbpf_set_print(print);
	return ret == 0 ? 0 : fail_load(p, ret, err);
}

/* ---- Attaching ---- */

static int
fail_attach(const struct xd_af_xdp_port *p, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const char *ifname = p->dev.ifname;

	switch (code) {
	case -EBUSY:
	case -EEXIST:
		return xd_port_config_fail(err, code, config, "ifname",
			"another XDP program is at interface %s already: ip link set dev %s xdp "
			"off, or end the program that it belongs to",
			ifname, ifname);
	case -EPERM:
	case -EACCES:
		return fail_load(p, code, err);
	case -EOPNOTSUPP:
		return xd_port_config_fail(err, code, config, "xdp",
			"the driver of interface %s has no XDP: write xdp: auto or generic, which "
			"do without",
			ifname);
	case -ENOSPC:
		return xd_port_config_fail(err, code, config, "xdp",
			"veth %s has fewer receive queues than its peer has to send by: ethtool -L "
			"%s rx N, with as many",
			ifname, ifname);
	default:
		return xd_port_config_fail(err, code, config, "xdp",
			"the driver of interface %s refuses an XDP program: %s; a smaller mtu, or "
			"ethtool -K %s lro off, may help, and xdp: generic does without it",
			ifname, strerror(-code), ifname);
	}
}

static int
attach(struct xd_af_xdp_port *p, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	const struct bpf_program *program = bpf_object__next_program(p->program, NULL);

	p->link_fd = bpf_link_create(bpf_program__fd(program), p->dev.index, BPF_XDP, &opts);
	return p->link_fd >= 0 ? 0 : -errno;
}

int
xd_af_xdp_program_attach(struct xd_af_xdp_port *p, struct xd_error *err)
{
	const enum xd_af_xdp_mode mode = xd_af_xdp_config(&p->port.config)->xdp;
	struct xd_error why;
	int ret = load(p, err);

	if (ret < 0)
		return ret;
	p->generic = mode == XD_AF_XDP_GENERIC;
	ret = attach(p, p->generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	if (ret < 0 && mode == XD_AF_XDP_AUTO && fail_attach(p, ret, &why) != -EBUSY &&
		attach(p, XDP_FLAGS_SKB_MODE) == 0) {
		p->generic = true;
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"port %s: %s; the kernel runs it behind the driver, which is slower",
			p->port.config.name, why.text);
		return 0;
	}
	return ret == 0 ? 0 : fail_attach(p, ret, err);
}

void
xd_af_xdp_program_detach(struct xd_af_xdp_port *p)
{
	if (p->link_fd >= 0)
		close(p->link_fd);
	p->link_fd = -1;
	bpf_object__close(p->program);
	p->program = NULL;
}

int
xd_af_xdp_program_connect(struct xd_af_xdp_port *p, struct xd_error *err)
{
	const int sockets = map_of(p, "sockets");

	for (uint32_t q = 0; q < p->port.config.queues; q++) {
		if (bpf_map_update_elem(sockets, &q, &p->queues[q].dev.fd, BPF_ANY) < 0)
			return xd_fail(err, -errno, "port %s: map of sockets: %s",
				p->port.config.name, strerror(errno));
	}
	return 0;
}

/* ---- Rules ---- */

/* Those of one set. */
static void
delete_rules(int map, uint8_t set)
{
	struct xd_steer_key keys[XD_STEER_RULES], *last = NULL;
	unsigned n = 0;

	while (n < XD_STEER_RULES && bpf_map_get_next_key(map, last, &keys[n]) == 0)
		last = &keys[n++];
	for (unsigned i = 0; i < n; i++) {
		if (keys[i].set == set)
			bpf_map_delete_elem(map, &keys[i]);
	}
}

static int
add_rules(int map, struct xd_steer *steer, const struct xd_af_xdp_rule *rules, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct xd_steer_key key = {.set = (uint8_t)steer->set, .kind = rules[i].kind};

		memcpy(key.value, rules[i].value, sizeof(key.value));
		if (bpf_map_update_elem(map, &key, &rules[i].whose, BPF_ANY) < 0)
			return -errno;
		steer->kinds |= 1u << rules[i].kind;
	}
	return 0;
}

int
xd_af_xdp_program_steer(struct xd_af_xdp_port *p, const struct xd_port_config *config)
{
	const int map = map_of(p, "rules");
	const uint32_t zero = 0;
	struct xd_af_xdp_rules rules;
	struct xd_steer steer = {.set = p->rules_set ^ 1u};
	int ret = xd_af_xdp_rules_read(config, &rules, NULL);

	if (ret < 0)
		return ret;
	steer.rest_is_switch = rules.all;
	delete_rules(map, (uint8_t)steer.set);
	if (rules.own)
		ret = add_rules(map, &steer, p->own, p->nb_own);
	/* Behind, since one of its own addresses may be named by a rule. */
	if (ret == 0)
		ret = add_rules(map, &steer, rules.rules, rules.n);
	if (ret == 0 && bpf_map_update_elem(map_of(p, "steer"), &zero, &steer, BPF_ANY) < 0)
		ret = -errno;
	if (ret == 0) {
		p->rules_set = (uint8_t)steer.set;
		delete_rules(map, p->rules_set ^ 1u);
	}
	return ret;
}

/* ---- Counters ---- */

void
xd_af_xdp_program_counters(const struct xd_af_xdp_port *p, uint64_t counters[XD_STEER_COUNTERS])
{
	const int map = map_of(p, "counters"), nb_cpus = libbpf_num_possible_cpus();
	uint64_t *values = nb_cpus > 0 ? calloc((size_t)nb_cpus, sizeof(*values)) : NULL;

	memset(counters, 0, XD_STEER_COUNTERS * sizeof(*counters));
	for (uint32_t i = 0; values != NULL && i < XD_STEER_COUNTERS; i++) {
		if (bpf_map_lookup_elem(map, &i, values) < 0)
			continue;
		for (int cpu = 0; cpu < nb_cpus; cpu++)
			counters[i] += values[cpu];
	}
	free(values);
}
