/* SPDX-License-Identifier: BSD-3-Clause */
/* Many servers behind one IPv4 address, which answer by themselves: README.rst. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "appliance.h"
#include "backends.h"
#include "crossdock.h"
#include "frame/edit.h"
#include "hook.h"
#include "neighbours.h"

enum { NO_SERVER, NO_NEIGHBOUR };
static const char *const reasons[] = {"no-server", "no-neighbour", NULL};

struct balancer {
	struct backends *backends; /* read by workers, replaced by main */
	const char *path;          /* where they are read from */
	struct side service, own;  /* one MAC */
	uint64_t seed;
};

/* Both addresses and ports decide, so that connections of one client are spread; of a fragment the
 * addresses alone, since only the first has ports. */
static const uint32_t *
choose(const struct balancer *lb, struct xd_frame *f, const struct xd_headers *h)
{
	const struct backends *b = __atomic_load_n(&lb->backends, __ATOMIC_ACQUIRE);
	const uint8_t *data = xd_frame_data(f);
	uint64_t words[2] = {0, h->proto};

	if (b->n == 0)
		return NULL;
	memcpy(&words[0], data + h->l3 + 12, 8);
	if (xd_headers_is_segment(h))
		memcpy((uint8_t *)&words[1] + 4, data + h->l4, 4);
	words[0] = (words[0] ^ lb->seed) * 0x9e3779b97f4a7c15;
	words[1] = (words[1] ^ words[0] ^ words[0] >> 32) * 0xbf58476d1ce4e5b9;
	return &b->addr[b->table[(words[1] >> 32) % TABLE]];
}

/* A frame for the service gets a server's MAC address, and nothing else is changed: the server has
 * the service's address, too, and answers the client as if there were no balancer. */
static void
balance(struct balancer *lb, struct xd_burst *b, uint16_t i, const struct xd_headers *h)
{
	struct xd_frame *f = b->frames[i];
	const uint32_t *server = choose(lb, f, h);
	uint8_t mac[6];
	uint16_t port;

	if (server == NULL) {
		xd_burst_drop(b, i, NO_SERVER);
	} else if (neighbours_find(&lb->own, *server, mac, &port)) {
		memcpy(xd_frame_edit(f, 0, 6), mac, 6);
		xd_burst_send(b, i, port);
	} else if (!neighbours_ask(&lb->own, *server, b, i)) {
		xd_burst_drop(b, i, NO_NEIGHBOUR);
	}
}

static void
run(void *ctx, struct xd_burst *b)
{
	struct balancer *lb = (struct balancer *)ctx;
	const uint32_t service = htonl(lb->service.addr);
	struct xd_headers h;

	for (uint16_t i = 0; i < b->n; i++) {
		struct xd_frame *f = b->frames[i];

		xd_headers_parse(f, &h);
		if (h.l3_kind == XD_L3_IPV4 &&
			memcmp(xd_frame_data(f) + h.l3 + 16, &service, 4) == 0)
			balance(lb, b, i, &h);
		else if (h.l3_kind == XD_L3_ARP && (neighbours_arp(&lb->service, f, b->port) ||
							   neighbours_arp(&lb->own, f, b->port)))
			xd_burst_send(b, i, b->port);
	}
}

static int
start(struct balancer *lb, struct xd_switch *sw, char **argv, unsigned core, struct xd_error *err)
{
	const struct xd_hook hook = {.size = sizeof(hook),
		.flags = XD_HOOK_EDITS,
		.name = "balancer",
		.point = XD_HOOK_IN,
		.reasons = reasons,
		.run = run};
	const struct appliance_ports ports = {.inside = argv[2], .outside = argv[1], .core = core};
	int rc;

	if (getrandom(&lb->seed, sizeof(lb->seed), 0) != sizeof(lb->seed))
		return xd_fail(err, -errno, "no random numbers: %s", strerror(errno));
	rc = xd_hook_register(sw, &hook, lb, err);
	return rc < 0 ? rc : appliance_configure(sw, "balancer", &ports, err);
}

static bool
read_arguments(const struct appliance *program, struct balancer *lb, char **argv)
{
	struct in_addr service;

	if (inet_pton(AF_INET, argv[3], &service) != 1)
		return appliance_wrong(program, argv[3], "an IPv4 address");
	if (!side_read(&lb->own, argv[4]))
		return appliance_wrong(program, argv[4], "IPv4's ADDRESS/BITS, 16 to 30 of them");
	lb->service = lb->own;
	lb->service.addr = ntohl(service.s_addr);
	return true;
}

/* Workers see the old servers or the new; the old go when nobody can see them. */
static void
reload(void *ctx, struct xd_switch *sw)
{
	struct balancer *lb = (struct balancer *)ctx;
	struct backends *old = lb->backends, *next;
	char why[256];

	next = backends_read(lb->path, why);
	if (next == NULL) {
		fprintf(stderr, "load_balancer: %s; the old servers stay\n", why);
		return;
	}
	__atomic_store_n(&lb->backends, next, __ATOMIC_RELEASE);
	xd_switch_sync(sw);
	free(old);
	printf("%u servers\n", next->n);
}

static void
print(void *ctx, struct xd_switch *sw)
{
	struct xd_hook_info hook;

	(void)ctx;
	if (xd_switch_hooks(sw, &hook, 1) < 1)
		return;
	printf("balanced %llu\n", (unsigned long long)hook.redirected);
	appliance_print_drops(&hook);
}

static const char help[] =
	"Clients behind the port CLIENTS use the address SERVICE; OWN is one of the balancer's\n"
	"in the network behind the port SERVERS, by which it asks for their MAC addresses; BITS\n"
	"are from 16 to 30. BACKENDS is a file of the servers. SIGHUP reads it again, SIGUSR1\n"
	"prints what was counted, SIGINT or SIGTERM ends the program.\n";

int
main(int argc, char **argv)
{
	unsigned core;
	struct balancer *lb = (struct balancer *)calloc(1, sizeof(*lb));
	const struct appliance program = {"load_balancer",
		"CLIENTS SERVERS SERVICE OWN/BITS BACKENDS [CORE]", help, lb, print, reload, NULL};
	struct xd_switch *sw = NULL;
	struct xd_error err = {0};
	int status = EXIT_FAILURE;

	if (lb == NULL || argc < 6) {
		free(lb);
		return appliance_usage(&program, argv);
	}
	if (!read_arguments(&program, lb, argv) || !appliance_read_core(&program, argv[6], &core)) {
		free(lb);
		return 2;
	}
	appliance_block_signals(&program);
	lb->path = argv[5];
	lb->backends = backends_read(lb->path, err.text);
	if (lb->backends == NULL || xd_memory_start(NULL, &err) < 0)
		goto err_start;
	sw = appliance_create(&program, &err);
	if (sw && start(lb, sw, argv, core, &err) == 0) {
		appliance_serve(&program, sw);
		status = EXIT_SUCCESS;
	}
	xd_switch_destroy(sw);
	xd_memory_stop();
err_start:
	free(lb->backends);
	free(lb);
	return status == EXIT_SUCCESS ? status : appliance_failed(&program, &err);
}
