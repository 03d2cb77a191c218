/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports on a bridge, a command line, and signals. */
#include "appliance.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char port_help[] =
	"A port is one of:\n"
	"  NAME          a tap interface of that name, which is made\n"
	"  NETNS:NAME    the same in a network namespace\n"
	"  vhost:PATH    a guest, which connects to the vhost-user socket PATH\n"
	"  dpdk:DEVICE   a network card, such as dpdk:0000:03:00.0, or another of DPDK's devices\n"
	"A side may have several: PORT+PORT. CORE is that of the worker; without it, 0.\n";

int
appliance_usage(const struct appliance *a, char **argv)
{
	const bool asked = argv[1] && strcmp(argv[1], "--help") == 0;

	if (asked)
		printf("usage: %s %s\n\n%s\n%s", a->name, a->words, a->help, port_help);
	else
		fprintf(stderr, "usage: %s %s; %s --help says what they are\n", a->name, a->words,
			a->name);
	return asked ? EXIT_SUCCESS : 2;
}

int
appliance_failed(const struct appliance *a, const struct xd_error *err)
{
	fprintf(stderr, "%s: %s%s%s\n", a->name, err->key, err->key[0] ? ": " : "", err->text);
	return EXIT_FAILURE;
}

/* From any thread of the switch's, which must not wait for whoever reads it: who is behind loses
 * lines. */
static void
log_line(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	(void)level;
	(void)component;
	if (poll(&out, 1, 0) > 0)
		dprintf(out.fd, "%s: %s\n", ((const struct appliance *)ctx)->name, line);
}

struct xd_switch *
appliance_create(const struct appliance *a, struct xd_error *err)
{
	const struct xd_switch_opts opts = {.size = sizeof(opts),
		.log = log_line,
		.log_ctx = (void *)(uintptr_t)a,
		.log_level = XD_LOG_WARN};

	return xd_switch_create(&opts, err);
}

bool
appliance_wrong(const struct appliance *a, const char *word, const char *expected)
{
	fprintf(stderr, "%s: \"%s\": expected %s; %s --help says what the words are\n", a->name,
		word, expected, a->name);
	return false;
}

bool
appliance_read_core(const struct appliance *a, const char *word, unsigned *core)
{
	char more;

	*core = 0;
	return word == NULL || sscanf(word, "%4u%c", core, &more) == 1 ||
	       appliance_wrong(a, word, "the number of a core");
}

/* The port's type, by what its word begins with; *word: the rest. */
static const char *
type_of(const char **word)
{
	static const struct {
		const char *prefix, *type;
	} types[] = {{"vhost:", "vhost-user"}, {"dpdk:", "dpdk"}};

	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const size_t len = strlen(types[i].prefix);

		if (strncmp(*word, types[i].prefix, len) == 0) {
			*word += len;
			return types[i].type;
		}
	}
	return "tap";
}

static int
set_tap(struct xd_port_config *port, const char *interface, struct xd_error *err)
{
	const char *colon = strchr(interface, ':');
	char netns[64];
	int rc = 0;

	if (colon) {
		snprintf(netns, sizeof(netns), "%.*s", (int)(colon - interface), interface);
		rc = xd_port_config_set(port, "netns", netns, err);
		interface = colon + 1;
	}
	return rc < 0 ? rc : xd_port_config_set(port, "ifname", interface, err);
}

static int
set_vhost(struct xd_port_config *port, const char *path, struct xd_error *err)
{
	const int rc = xd_port_config_set(port, "path", path, err);

	return rc < 0 ? rc : xd_port_config_set(port, "mode", "server", err);
}

static int
set_device(struct xd_port_config *port, const char *type, const char *word, struct xd_error *err)
{
	if (strcmp(type, "vhost-user") == 0)
		return set_vhost(port, word, err);
	if (strcmp(type, "dpdk") == 0)
		return xd_port_config_set(port, "devargs", word, err);
	return set_tap(port, word, err);
}

/* What is said of all ports of a side. */
struct network {
	const char *name, *ports, *hook;
	uint16_t vlan;
};

/* Number n of its ports, from 1 on. */
static int
add_port(struct xd_config *config, const struct network *network, unsigned n, const char *word,
	struct xd_error *err)
{
	const char *type = type_of(&word);
	struct xd_port_config *port;
	char name[32];
	int rc;

	if (*word == 0)
		return xd_fail(err, -EINVAL, "%s: no port in \"%s\"; PORT+PORT are two",
			network->name, network->ports);
	snprintf(name, sizeof(name), n > 1 ? "%s%u" : "%s", network->name, n);
	port = xd_config_add_port(config, name, type, "br0", err);
	if (port == NULL)
		return err->code;
	port->vlan = network->vlan;
	rc = set_device(port, type, word, err);
	return rc < 0 ? rc : xd_port_config_set(port, "hooks", network->hook, err);
}

static int
add_network(struct xd_config *config, const struct network *network, struct xd_error *err)
{
	char *const words = strdup(network->ports), *rest = words, *word;
	int rc = words ? 0 : xd_fail(err, -ENOMEM, "out of memory");

	for (unsigned n = 1; rc == 0 && (word = strsep(&rest, "+")); n++)
		rc = add_port(config, network, n, word, err);
	free(words);
	return rc;
}

bool
appliance_is_inside(const struct xd_port_config *port)
{
	return strncmp(port->name, "inside", 6) == 0;
}

int
appliance_configure(struct xd_switch *sw, const char *hook, const struct appliance_ports *ports,
	struct xd_error *err)
{
	const struct network inside = {
		"inside", ports->inside, hook, ports->apart ? INSIDE_VLAN : XD_VLAN_NONE};
	const struct network outside = {
		"outside", ports->outside, hook, ports->apart ? OUTSIDE_VLAN : XD_VLAN_NONE};
	struct xd_config *config = xd_config_create();
	int rc = -ENOMEM;

	if (config == NULL || xd_config_set_workers(config, &ports->core, 1) < 0) {
		xd_config_destroy(config);
		return xd_fail(err, rc, "out of memory");
	}
	rc = xd_config_add_bridge(config, "br0", err) ? 0 : err->code;
	if (rc == 0)
		rc = add_network(config, &inside, err);
	if (rc == 0)
		rc = add_network(config, &outside, err);
	if (rc == 0)
		rc = xd_switch_apply(sw, config, err);
	xd_config_destroy(config);
	return rc;
}

uint64_t
appliance_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
add_signals(const struct appliance *a, sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGUSR1);
	if (a->reload)
		sigaddset(signals, SIGHUP);
	if (a->list)
		sigaddset(signals, SIGUSR2);
}

void
appliance_block_signals(const struct appliance *a)
{
	sigset_t signals;

	add_signals(a, &signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* How many frames the worker has carried, and the cycles of its core that these took. */
static void
print_worker(struct xd_switch *sw)
{
	struct xd_worker_info w;

	if (xd_switch_workers(sw, &w, 1) >= 1)
		printf("worker frames %llu cycles %llu\n", (unsigned long long)w.frames,
			(unsigned long long)w.busy_cycles);
}

void
appliance_serve(const struct appliance *a, struct xd_switch *sw)
{
	sigset_t signals;
	int sig;

	add_signals(a, &signals);
	printf("ready\n");
	while (fflush(stdout), sigwait(&signals, &sig) == 0) {
		if (sig == SIGHUP) {
			a->reload(a->ctx, sw);
		} else if (sig == SIGUSR1) {
			print_worker(sw);
			a->print(a->ctx, sw);
		} else if (sig == SIGUSR2) {
			a->list(a->ctx, sw);
		} else {
			return;
		}
	}
}

void
appliance_print_drops(const struct xd_hook_info *hook)
{
	for (unsigned i = 0; i < hook->nb_reasons; i++)
		printf("dropped %s %llu\n", hook->reasons[i].name,
			(unsigned long long)hook->reasons[i].drops);
}
