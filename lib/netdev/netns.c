/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into an interface's namespace. Descriptors of tuns and sockets belong to the namespace of the
 * thread that opened them. So for another one a thread of its own goes there, opens what is needed,
 * and ends: whatever fails, no other thread finds itself in a namespace that is not its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread.h"
#include "netdev/netdev.h"

struct entry {
	struct xd_netdev *dev;
	const char *path; /* the namespace's; NULL: the thread's own */
	int (*open)(struct xd_port *port, struct xd_error *err);
	struct xd_error err;
};

int
xd_netns_fail(const struct xd_netdev *dev, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &dev->port->config;
	const char *name = dev->netns;

	if (code == -ENOENT && name[0] != '/')
		return xd_port_config_fail(err, code, config, "netns",
			"there is no namespace %s: ip netns add %s", name, name);
	if (code == -EPERM || code == -EACCES)
		return xd_port_config_fail(err, code, config, "netns",
			"no permission to enter the namespace %s: run crossdockd as root, or give "
			"it CAP_SYS_ADMIN",
			name);
	if (code == -EINVAL)
		return xd_port_config_fail(err, code, config, "netns",
			"%s is no network namespace: `ip netns` lists those that have names", name);
	return xd_port_config_fail(
		err, code, config, "netns", "namespace %s: %s", name, strerror(-code));
}

static int
enter(struct entry *e)
{
	struct stat st = {0};
	/* What is no namespace may be a pipe, which must not be waited for. */
	int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;

	if (fd < 0)
		return xd_netns_fail(e->dev, -errno, &e->err);
	if (fstat(fd, &st) < 0 || setns(fd, CLONE_NEWNET) < 0)
		ret = xd_netns_fail(e->dev, -errno, &e->err);
	e->dev->ns_dev = st.st_dev;
	e->dev->ns_ino = st.st_ino;
	close(fd);
	return ret;
}

static struct mnl_socket *
open_netlink(unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (nl == NULL)
		return NULL;
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	mnl_socket_close(nl);
	return NULL;
}

static void *
open_all(void *ctx)
{
	struct entry *e = ctx;
	struct xd_netdev *dev = e->dev;

	if (e->path != NULL && enter(e) < 0)
		return NULL;
	dev->netlink = open_netlink(0);
	dev->events = open_netlink(RTMGRP_LINK | dev->ops->groups);
	if (dev->netlink == NULL || dev->events == NULL)
		xd_fail(&e->err, -errno, "port %s: netlink: %s", dev->port->config.name,
			strerror(errno));
	else
		e->open(dev->port, &e->err);
	return NULL;
}

int
xd_netdev_enter(struct xd_netdev *dev, int (*open)(struct xd_port *port, struct xd_error *err),
	struct xd_error *err)
{
	char path[PATH_MAX];
	struct entry e = {.dev = dev, .path = xd_netns_path(dev->netns, path), .open = open};
	pthread_t thread;
	int ret = 0;

	if (e.path == NULL)
		open_all(&e);
	else
		ret = xd_thread_start(&thread, 0, open_all, &e);
	if (ret != 0)
		return xd_fail(err, -ret, "port %s: no thread to enter its namespace: %s",
			dev->port->config.name, strerror(ret));
	if (e.path != NULL)
		pthread_join(thread, NULL);
	if (e.err.code != 0)
		*err = e.err;
	return e.err.code;
}

void
xd_netdev_leave(struct xd_netdev *dev)
{
	if (dev->netlink != NULL)
		mnl_socket_close(dev->netlink);
	if (dev->events != NULL)
		mnl_socket_close(dev->events);
	dev->netlink = dev->events = NULL;
}

bool
xd_netns_there(const struct xd_netdev *dev)
{
	char path[PATH_MAX];

	return xd_netns_path(dev->netns, path) == NULL || access(path, F_OK) == 0;
}

bool
xd_netns_same(const struct xd_netdev *dev)
{
	char path[PATH_MAX];
	struct stat st;

	return xd_netns_path(dev->netns, path) == NULL ||
	       (stat(path, &st) == 0 && st.st_dev == dev->ns_dev && st.st_ino == dev->ns_ino);
}
