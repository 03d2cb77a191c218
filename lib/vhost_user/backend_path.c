/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket file of a server, which somebody may remove while we listen on what it was; and why a
 * client has no connection, in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vhost_user/backend_internal.h"

static void
say_problem(struct xd_vu_backend *be, const char *text)
{
	snprintf(be->state.problem, sizeof(be->state.problem), "%s", text);
}

/* Our file has gone or another is in its place: nobody can reach us any more. Whoever is connected
 * stays so. */
static void
make_again(struct xd_vu_backend *be)
{
	struct xd_vu_listener old = be->listener;
	struct xd_error err;

	xd_loop_timer_cancel(be->retry);
	be->retry = NULL;
	xd_loop_remove(be->listen_watch);
	be->listen_watch = NULL;
	/* What waits in its queue was handed over by others. */
	xd_reaper_close(be->msg.reaper, xd_vu_unlisten_keep(&old));
	if (xd_vu_backend_serve(be, &err) == 0) {
		say_problem(be, "");
		xd_log(be->opts.log, XD_LOG_VHOST, XD_LOG_WARN,
			"%s: socket %s had been removed, and was made again", be->name, be->path);
		return;
	}
	/* Once for each reason: it is tried again and again. */
	if (strcmp(be->state.problem, err.text) != 0)
		xd_log(be->opts.log, XD_LOG_VHOST, XD_LOG_ERROR,
			"%s: socket %s has been removed, and cannot be made again: %s", be->name,
			be->path, err.text);
	say_problem(be, err.text);
}

static bool
look(void *ctx)
{
	struct xd_vu_backend *be = ctx;

	if (!xd_vu_listener_intact(&be->listener))
		make_again(be);
	return be->listener.fd >= 0;
}

int
xd_vu_backend_keep_path(struct xd_vu_backend *be, struct xd_error *err)
{
	be->look = xd_path_watch_add(be->opts.paths, be->path, look, be);
	return be->look ? 0 : xd_fail(err, -ENOMEM, "no memory to watch %s", be->path);
}

void
xd_vu_backend_leave_path(struct xd_vu_backend *be)
{
	xd_path_watch_remove(be->look);
	be->look = NULL;
	say_problem(be, "");
}

void
xd_vu_backend_tell_refusal(struct xd_vu_backend *be, int code)
{
	const char *advice;

	switch (code) {
	case 0:
		say_problem(be, "");
		return;
	case -ENOENT:
		advice = "the front end is to make it (QEMU: server=on), or give the port "
			 "mode=server";
		break;
	case -ECONNREFUSED:
		advice = "nobody listens there: the front end has ended, or it is no socket";
		break;
	case -EACCES:
	case -EPERM:
		advice = "give crossdockd's user the right to write to it and to enter its "
			 "directory";
		break;
	case -EBUSY:
		advice = "what the last front end handed over is still being closed";
		break;
	case -EPROTOTYPE:
		advice = "it is no stream socket";
		break;
	case -EAGAIN:
		advice = "the front end does not take the connection";
		break;
	default:
		advice = "tried again";
	}
	snprintf(be->state.problem, sizeof(be->state.problem), "cannot connect to %s: %s; %s",
		be->path, strerror(-code), advice);
}
