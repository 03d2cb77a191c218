/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tap ports on a bridge, and signals. */
#include "taps.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int
add_tap(struct xd_config *config, const char *name, const char *interface, const char *hook,
	struct xd_error *err)
{
	struct xd_port_config *port = xd_config_add_port(config, name, "tap", "br0", err);
	const char *colon = strchr(interface, ':');
	char netns[64];

	if (port == NULL)
		return err->code;
	if (colon) {
		snprintf(netns, sizeof(netns), "%.*s", (int)(colon - interface), interface);
		if (xd_port_config_set(port, "netns", netns, err) < 0)
			return err->code;
		interface = colon + 1;
	}
	if (xd_port_config_set(port, "ifname", interface, err) < 0)
		return err->code;
	return xd_port_config_set(port, "hooks", hook, err);
}

int
taps_configure(struct xd_switch *sw, const char *hook, const char *inside, const char *outside,
	unsigned core, struct xd_error *err)
{
	struct xd_config *config = xd_config_create();
	int rc = -ENOMEM;

	if (config == NULL || xd_config_set_workers(config, &core, 1) < 0) {
		xd_config_destroy(config);
		return xd_fail(err, rc, "out of memory");
	}
	rc = xd_config_add_bridge(config, "br0", err) ? 0 : err->code;
	if (rc == 0)
		rc = add_tap(config, "inside", inside, hook, err);
	if (rc == 0)
		rc = add_tap(config, "outside", outside, hook, err);
	if (rc == 0)
		rc = xd_switch_apply(sw, config, err);
	xd_config_destroy(config);
	return rc;
}

uint64_t
taps_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
add_signals(const struct taps_program *program, sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGUSR1);
	if (program->reload)
		sigaddset(signals, SIGHUP);
}

void
taps_block_signals(const struct taps_program *program)
{
	sigset_t signals;

	add_signals(program, &signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

void
taps_serve(const struct taps_program *program, struct xd_switch *sw)
{
	sigset_t signals;
	int sig;

	add_signals(program, &signals);
	printf("ready\n");
	while (fflush(stdout), sigwait(&signals, &sig) == 0) {
		if (sig == SIGHUP)
			program->reload(program->ctx, sw);
		else if (sig == SIGUSR1)
			program->print(program->ctx, sw);
		else
			return;
	}
}

void
taps_print_drops(const struct xd_hook_info *hook)
{
	for (unsigned i = 0; i < hook->nb_reasons; i++)
		printf("dropped %s %llu\n", hook->reasons[i].name,
			(unsigned long long)hook->reasons[i].drops);
}
