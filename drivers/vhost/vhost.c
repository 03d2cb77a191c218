/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a vhost-user port: checked, created, started, stopped, changed and destroyed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/owner.h"
#include "drivers/vhost/vhost.h"
#include "memory/nodes.h"

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int
open_fds(struct xd_vhost_port *p)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	p->fault_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->fault_fd < 0 || p->wake_fd < 0)
		return -errno;
	for (unsigned i = 0; i < p->nb_pairs; i++) {
		p->sleep_fds[i] = epoll_create1(EPOLL_CLOEXEC);
		if (p->sleep_fds[i] < 0 ||
			epoll_ctl(p->sleep_fds[i], EPOLL_CTL_ADD, p->wake_fd, &event) < 0)
			return -errno;
	}
	return 0;
}

static void
close_fds(struct xd_vhost_port *p)
{
	for (unsigned i = 0; i < XD_VHOST_MAX_PAIRS; i++)
		close_fd(p->sleep_fds[i]);
	close_fd(p->wake_fd);
	close_fd(p->fault_fd);
}

static void
vhost_destroy(struct xd_port *port)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	if (!p)
		return;
	xd_vu_backend_destroy(p->backend);
	close_fds(p);
	free(p);
}

/* Names to numbers. */
static int
socket_access(
	const struct xd_port_config *config, struct xd_vu_access *access, struct xd_error *err)
{
	int ret = 0;

	*access = (struct xd_vu_access){.uid = (uid_t)-1, .gid = (gid_t)-1};
	if (xd_vhost_config(config)->socket_mode != XD_MODE_UNSET)
		access->mode = xd_vhost_config(config)->socket_mode;
	if (xd_vhost_config(config)->socket_owner[0])
		ret = xd_owner_user(xd_vhost_config(config)->socket_owner, &access->uid, err);
	if (ret == 0 && xd_vhost_config(config)->socket_group[0])
		ret = xd_owner_group(xd_vhost_config(config)->socket_group, &access->gid, err);
	return ret;
}

static struct xd_vu_backend *
create_backend(struct xd_vhost_port *p, struct xd_error *err)
{
	static const struct xd_vu_backend_ops ops = {
		xd_vhost_pause, xd_vhost_resume, xd_vhost_rarp, xd_vhost_notified};
	const struct xd_port_config *config = &p->port.config;
	struct xd_vu_backend_opts opts = {
		.name = config->name,
		.path = xd_vhost_config(config)->path,
		.server = xd_vhost_config(config)->mode == XD_SOCKET_SERVER,
		.features = xd_vhost_offered_features(config),
		.protocol_features = xd_vhost_offered_protocol_features(config),
		.nb_queue_pairs = config->queues,
		.mtu = config->mtu,
		.any_memory = xd_vhost_config(config)->memory == XD_VHOST_MEMORY_ANY,
		.lost_fd = p->fault_fd,
		.reapers = p->port.env->reapers,
		.paths = p->port.env->paths,
		.run_dir = p->port.env->run_dir,
		.loop = p->port.env->loop,
		.log = p->port.env->log,
		.ops = &ops,
		.ctx = p,
	};

	if (socket_access(config, &opts.access, err) < 0)
		return NULL;
	return xd_vu_backend_create(&opts, err);
}

static struct xd_port *
vhost_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_vhost_port *p = aligned_alloc(64, RTE_ALIGN(sizeof(*p), 64));

	if (!p) {
		xd_fail(err, -ENOMEM, "port %s: no memory", config->name);
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	p->nb_pairs = config->queues;
	p->one_node = xd_memory_nodes() < 2;
	p->port.nb_queues = config->queues;
	p->fault_fd = p->wake_fd = -1;
	for (unsigned i = 0; i < XD_VHOST_MAX_PAIRS; i++)
		p->sleep_fds[i] = p->kick_fds[i] = -1;
	if (open_fds(p) < 0) {
		xd_fail(err, -errno, "port %s: no file descriptors left: %s", config->name,
			strerror(errno));
		goto err_port;
	}
	p->backend = create_backend(p, err);
	if (!p->backend)
		goto err_port;
	return &p->port;

err_port:
	vhost_destroy(&p->port);
	return NULL;
}

static int
vhost_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	int ret;

	p->fault_watch = xd_loop_add(port->env->loop, p->fault_fd, EPOLLIN, xd_vhost_on_fault, p);
	if (!p->fault_watch)
		return xd_fail(err, -ENOMEM, "port %s: no memory", port->config.name);
	ret = xd_vu_backend_start(p->backend, err);
	if (ret < 0) {
		xd_loop_remove(p->fault_watch);
		p->fault_watch = NULL;
	}
	return ret;
}

static void
vhost_stop(struct xd_port *port)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	xd_vu_backend_stop(p->backend);
	xd_loop_remove(p->fault_watch);
	p->fault_watch = NULL;
	__atomic_store_n(&p->rarp_due, false, __ATOMIC_RELAXED);
}

static int
vhost_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	(void)port;
	(void)config;
	(void)err;
	return 0;
}

static void
vhost_set(struct xd_port *port, const struct xd_port_config *config)
{
	xd_vu_backend_set(((struct xd_vhost_port *)port)->backend, config->name, config->mtu);
}

static void
vhost_unblock(struct xd_port *port)
{
	xd_vu_backend_unblock(((struct xd_vhost_port *)port)->backend);
}

const struct xd_driver xd_vhost_driver = {
	.type = "vhost-user",
	.help = "a virtual machine's network card, by its vhost-user socket",
	.keys = xd_vhost_keys,
	.claims = xd_vhost_claims,
	.check = xd_vhost_check,
	.create = vhost_create,
	.start = vhost_start,
	.stop = vhost_stop,
	.destroy = vhost_destroy,
	.can_set = vhost_can_set,
	.set = vhost_set,
	.rx = xd_vhost_rx,
	.rewind = xd_vhost_rewind,
	.release = xd_vhost_release,
	.tx = xd_vhost_tx,
	.takes = xd_vhost_takes,
	.room = xd_vhost_room,
	.notify_rx = xd_vhost_notify_rx,
	.notify_tx = xd_vhost_notify_tx,
	.unblock = vhost_unblock,
	.fd = xd_vhost_fd,
	.arm = xd_vhost_arm,
	.disarm = xd_vhost_disarm,
	.node = xd_vhost_node,
	.describe = xd_vhost_describe,
};
