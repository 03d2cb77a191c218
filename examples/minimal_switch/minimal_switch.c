/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest program that embeds a switch: two guests on one bridge, one worker.
 *
 *     minimal_switch DIRECTORY [CORE]
 *
 * Guests connect to DIRECTORY/vm1.sock and DIRECTORY/vm2.sock, where the switch listens. With QEMU:
 *
 *     -object memory-backend-memfd,id=m,size=512M,share=on -numa node,memdev=m
 *     -chardev socket,id=c,path=DIRECTORY/vm1.sock -netdev vhost-user,id=n,chardev=c
 *     -device virtio-net-pci,netdev=n
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "crossdock.h"

static int
add_guest(struct xd_config *config, const char *name, const char *directory, struct xd_error *err)
{
	struct xd_port_config *port = xd_config_add_port(config, name, "vhost-user", "br0", err);
	char path[XD_PATH_MAX + 16];

	if (port == NULL)
		return err->code;
	snprintf(path, sizeof(path), "%s/%s.sock", directory, name);
	if (xd_port_config_set(port, "mode", "server", err) < 0)
		return err->code;
	return xd_port_config_set(port, "path", path, err);
}

/* A bridge with two guests' ports, carried by a worker on one core. */
static struct xd_config *
make_config(const char *directory, unsigned core, struct xd_error *err)
{
	struct xd_config *config = xd_config_create();

	if (config == NULL)
		return NULL;
	if (xd_config_set_workers(config, &core, 1) < 0 ||
		xd_config_add_bridge(config, "br0", err) == NULL ||
		add_guest(config, "vm1", directory, err) < 0 ||
		add_guest(config, "vm2", directory, err) < 0) {
		xd_config_destroy(config);
		return NULL;
	}
	return config;
}

/* Runs until somebody types control-C, then says what went through. */
static void
run(struct xd_switch *sw, const sigset_t *signals)
{
	struct xd_port_info ports[2];
	unsigned n;
	int sig;

	printf("switching; control-C ends it\n");
	fflush(stdout);
	sigwait(signals, &sig);
	n = xd_switch_ports(sw, ports, 2);
	for (unsigned i = 0; i < n && i < 2; i++)
		printf("%s: %llu frames in, %llu out\n", ports[i].config.name,
			(unsigned long long)ports[i].counters.rx_frames,
			(unsigned long long)ports[i].counters.tx_frames);
}

int
main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";
	unsigned core = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	struct xd_error err = {0, "", "out of memory"};
	struct xd_config *config = NULL;
	struct xd_switch *sw = NULL;
	int status = EXIT_FAILURE;
	sigset_t signals;

	/* Before there are threads, so that the signals come to sigwait. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	if (xd_memory_start(NULL, &err) < 0)
		goto err_memory;
	sw = xd_switch_create(NULL, &err);
	if (sw == NULL)
		goto out;
	config = make_config(directory, core, &err);
	if (config == NULL || xd_switch_apply(sw, config, &err) < 0)
		goto out;
	run(sw, &signals);
	status = EXIT_SUCCESS;

out:
	xd_config_destroy(config);
	xd_switch_destroy(sw);
	xd_memory_stop();
err_memory:
	if (status != EXIT_SUCCESS)
		fprintf(stderr, "minimal_switch: %s%s%s\n", err.key, err.key[0] ? ": " : "",
			err.text);
	return status;
}
