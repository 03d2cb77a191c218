/* SPDX-License-Identifier: BSD-3-Clause */
/* Two guests, and an interface of the kernel's that gets a copy of all that they send: README.rst.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "crossdock.h"
#include "hook.h"

/* All there is to the hook: each frame, whole, to the port whose index ctx points to. */
static void
mirror(void *ctx, struct xd_burst *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		xd_burst_copy(b, i, *(const uint16_t *)ctx);
}

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "tap_mirror: %s%s%s\n", err->key, err->key[0] ? ": " : "", err->text);
	exit(EXIT_FAILURE);
}

static void
add(struct xd_config *config, const char *name, const char *type, const char *bridge,
	const char *key, const char *value, struct xd_error *err)
{
	struct xd_port_config *port = xd_config_add_port(config, name, type, bridge, err);

	if (!port || xd_port_config_set(port, key, value, err) < 0)
		end(err);
}

static void
add_guest(struct xd_config *config, const char *name, const char *directory, struct xd_error *err)
{
	char path[XD_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s.sock", directory, name);
	add(config, name, "vhost-user", "br0", "path", path, err);
	xd_port_config_set(xd_config_port(config, name), "mode", "server", err);
}

int
main(int argc, char **argv)
{
	unsigned core = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	struct xd_hook hook = {.size = sizeof(hook), .name = "mirror", .run = mirror};
	struct xd_config *config = xd_config_create();
	struct xd_error err;
	struct xd_switch *sw;
	uint16_t watch;
	sigset_t signals;
	int sig;

	if (argc < 3 || !config) {
		fprintf(stderr, "usage: tap_mirror DIRECTORY INTERFACE [CORE]\n");
		return EXIT_FAILURE;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL); /* for sigwait, in all threads */
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(NULL, &err)))
		end(&err);
	/* The interface is in a bridge of its own, where nobody sends it anything else. */
	xd_config_set_workers(config, &core, 1);
	if (!xd_config_add_bridge(config, "br0", &err) ||
		!xd_config_add_bridge(config, "watched", &err))
		end(&err);
	add_guest(config, "vm1", argv[1], &err);
	add_guest(config, "vm2", argv[1], &err);
	add(config, "watch", "tap", "watched", "ifname", argv[2], &err);
	if (xd_switch_apply(sw, config, &err) < 0)
		end(&err);

	/* From here on frames pass. The hook comes while they do. */
	watch = (uint16_t)xd_switch_port_index(sw, "watch");
	if (xd_hook_register(sw, &hook, &watch, &err) < 0 ||
		xd_bridge_config_set(xd_config_bridge(config, "br0"), "hooks", "mirror", &err) <
			0 ||
		xd_switch_apply(sw, config, &err) < 0)
		end(&err);
	printf("all that vm1 and vm2 send is on %s; control-C ends it\n", argv[2]);
	fflush(stdout);
	sigwait(&signals, &sig);

	struct xd_hook_info info;

	xd_switch_hooks(sw, &info, 1);
	printf("%llu frames seen, %llu copied\n", (unsigned long long)info.frames,
		(unsigned long long)info.copied);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
	xd_memory_stop();
	return EXIT_SUCCESS;
}
