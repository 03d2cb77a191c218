/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch as a daemon: reads the configuration, brings the EAL and the switch up, and answers
 * crossdockctl until it is told to end. Everything else happens in the library.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "control/control.h"
#include "control/server.h"
#include "control/standard_output.h"
#include "crossdock.h"
#include "options.h"
#include "output.h"
#include "ovsdb/ovsdb.h"
#include "unixctl/unixctl.h"

#define TEXT_BYTES 1024

struct daemon {
	struct options options;
	struct output output;
	struct xd_log log; /* for what is logged outside of the switch */
	struct xd_control control;
	struct xd_lines *lines; /* of the configuration file, for errors of the start */
	struct xd_loop *loop;
	struct xd_rpc_method *methods;
	struct xd_server *server;
	struct xd_ovsdb *ovsdb;     /* or NULL */
	struct xd_unixctl *unixctl; /* or NULL */
	char run_dir[XD_PATH_MAX];  /* the control socket's directory */
	char problem[TEXT_BYTES];   /* why it ends; empty: because it was told to */
	int signal_fd;
	bool ending;
};

/* ---- Signals ---- */

static void
reload(struct daemon *daemon)
{
	char text[TEXT_BYTES];

	if (xd_control_reload(&daemon->control, text, sizeof(text)))
		xd_log(&daemon->log, XD_LOG_CONTROL, XD_LOG_ERROR, "nothing was changed: %s", text);
	else
		xd_log(&daemon->log, XD_LOG_CONTROL, XD_LOG_INFO, "%s was read again",
			daemon->options.config);
}

static void
take_signal(void *ctx, uint32_t events)
{
	struct daemon *daemon = ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(daemon->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		reload(daemon);
	else
		daemon->ending = true;
}

/* Signals come by a descriptor; to be called before there are other threads, which inherit it. */
static int
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ---- Start ---- */

/* Said at the end, behind the log. */
static int
complain(struct daemon *daemon, const char *text)
{
	snprintf(daemon->problem, sizeof(daemon->problem), "%s", text);
	return 1;
}

/* Reads and checks the configuration. Returns the exit status, 0 to go on. */
static int
load(struct daemon *daemon)
{
	struct xd_control *control = &daemon->control;
	char text[TEXT_BYTES];

	control->source.config_file = daemon->options.config;
	control->source.state_file = daemon->options.state;
	control->source.socket_path = daemon->options.control;
	control->source.unixctl = daemon->options.unixctl;
	control->source.ovsdb = daemon->options.ovsdb;
	control->source.default_core = xd_default_core();
	daemon->lines = xd_lines_create();
	if (xd_control_load(&control->source, daemon->lines, &control->base, &control->running,
		    text, sizeof(text))) {
		complain(daemon, text);
		return 2;
	}
	return 0;
}

static int
open_control(struct daemon *daemon)
{
	const struct xd_daemon_config *config = daemon->control.running;
	struct xd_server_opts opts = {.path = config->control_path,
		.group = config->control_group,
		.mode = config->control_mode,
		.ctx = &daemon->control,
		.log = &daemon->log};
	struct xd_watch *watch;
	struct xd_error err;

	daemon->methods = xd_control_methods_create();
	opts.methods = daemon->methods;
	daemon->loop = xd_loop_create();
	if (!daemon->loop || !daemon->methods)
		return complain(daemon, strerror(errno));
	xd_loop_lock(daemon->loop);
	watch = xd_loop_add(daemon->loop, daemon->signal_fd, EPOLLIN, take_signal, daemon);
	xd_loop_unlock(daemon->loop);
	if (!watch)
		return complain(daemon, strerror(errno));
	opts.loop = daemon->loop;
	daemon->server = xd_server_create(&opts, &err);
	return daemon->server ? 0 : complain(daemon, err.text);
}

static void
end(void *ctx)
{
	struct daemon *daemon = ctx;

	daemon->ending = true;
}

static int
open_unixctl(struct daemon *daemon)
{
	struct xd_unixctl_opts opts = {.run_dir = daemon->control.running->unixctl,
		.control = &daemon->control,
		.loop = daemon->loop,
		.log = &daemon->log,
		.exit = end,
		.ctx = daemon};
	struct xd_error err;

	if (!opts.run_dir[0])
		return 0;
	daemon->unixctl = xd_unixctl_create(&opts, &err);
	return daemon->unixctl ? 0 : complain(daemon, err.text);
}

static int
start_memory(struct daemon *daemon)
{
	struct xd_memory_opts opts = {.size = sizeof(opts),
		.hugepages = daemon->control.running->config->hugepages,
		.program = "crossdockd",
		.eal_args = daemon->options.eal_args,
		.nb_eal_args = daemon->options.nb_eal_args,
		.log = &daemon->log};
	struct xd_error err;
	cpu_set_t set;
	int ret;

	/* The EAL pins the thread that starts it to one core, which may be a worker's. */
	ret = sched_getaffinity(0, sizeof(set), &set);
	if (xd_memory_start(&opts, &err))
		return complain(daemon, err.text);
	if (ret == 0)
		sched_setaffinity(0, sizeof(set), &set);
	return 0;
}

/* Files that outlive the process go where the control socket is: that directory was checked, and
 * holds what belongs to this switch. */
static const char *
find_run_dir(struct daemon *daemon)
{
	char *slash;

	strcpy(daemon->run_dir, daemon->control.running->control_path);
	slash = strrchr(daemon->run_dir, '/');
	slash[slash == daemon->run_dir] = 0;
	return daemon->run_dir;
}

static int
start_switch(struct daemon *daemon)
{
	struct xd_control *control = &daemon->control;
	struct xd_switch_opts opts = {.size = sizeof(opts),
		.run_dir = find_run_dir(daemon),
		.log = output_log,
		.log_ctx = &daemon->output,
		.log_level = control->running->log_level};
	char text[TEXT_BYTES];
	struct xd_error err;

	control->sw = xd_switch_create(&opts, &err);
	if (!control->sw)
		return complain(daemon, err.text);
	if (xd_switch_apply(control->sw, control->running->config, &err) == 0)
		return 0;
	xd_lines_format(daemon->lines, err.key[0] ? control->source.config_file : NULL, &err, text,
		sizeof(text));
	complain(daemon, text);
	return err.key[0] ? 2 : 1;
}

static int
open_database(struct daemon *daemon)
{
	const char *run_dir = getenv("OVS_RUNDIR"), *remote = daemon->control.running->ovsdb;
	struct xd_ovsdb_opts opts = {.remote = remote,
		.files = {daemon->control.running->ovsdb_key, daemon->control.running->ovsdb_cert,
			daemon->control.running->ovsdb_ca},
		.run_dir = run_dir && run_dir[0] ? run_dir : XD_OVSDB_RUN_DIR,
		.control = &daemon->control,
		.loop = daemon->loop,
		.log = &daemon->log};
	struct xd_error err;

	if (!remote[0])
		return 0;
	daemon->ovsdb = xd_ovsdb_create(&opts, &err);
	return daemon->ovsdb ? 0 : complain(daemon, err.text);
}

static void
say_ready(struct daemon *daemon)
{
	const struct xd_daemon_config *config = daemon->control.running;
	unsigned ports = xd_config_nb_ports(config->config), workers = config->config->nb_cores;
	char line[XD_PATH_MAX + 100];

	/* Whatever the log level is: whoever starts a daemon waits for this line. */
	snprintf(line, sizeof(line), "ready: %u port%s, %u worker%s, control %s", ports,
		ports == 1 ? "" : "s", workers, workers == 1 ? "" : "s", config->control_path);
	output_log(&daemon->output, XD_LOG_INFO, XD_LOG_CONTROL, line);
	output_notify("READY=1");
}

static int
run(struct daemon *daemon)
{
	int ret;

	daemon->control.started_ns = xd_clock_ns();
	daemon->control.ring = daemon->output.ring;
	xd_log_init(&daemon->log, output_log, &daemon->output, daemon->control.running->log_level);
	/* The socket before the EAL: a second crossdockd finds out at once. Requests that come
	 * meanwhile wait. */
	ret = open_control(daemon);
	if (ret == 0)
		ret = open_unixctl(daemon);
	if (ret)
		goto out_control;
	ret = start_memory(daemon);
	if (ret)
		goto out_control;
	ret = start_switch(daemon);
	if (ret == 0)
		ret = open_database(daemon);
	if (ret)
		goto out_switch;
	say_ready(daemon);
	while (!daemon->ending)
		xd_loop_run_once(daemon->loop, -1);
	output_notify("STOPPING=1");
	xd_log(&daemon->log, XD_LOG_CONTROL, XD_LOG_INFO, "ending");
out_switch:
	xd_unixctl_destroy(daemon->unixctl);
	daemon->unixctl = NULL;
	xd_ovsdb_stop(daemon->ovsdb);
	xd_server_destroy(daemon->server);
	daemon->server = NULL;
	xd_switch_destroy(daemon->control.sw);
	/* Its lock last: whoever waits for it finds interfaces and sockets free. */
	xd_ovsdb_destroy(daemon->ovsdb);
	xd_memory_stop();
out_control:
	xd_unixctl_destroy(daemon->unixctl);
	xd_server_destroy(daemon->server);
	xd_loop_destroy(daemon->loop);
	free(daemon->methods);
	return ret;
}

static int
say_valid(struct daemon *daemon)
{
	const struct xd_config *config = daemon->control.running->config;
	unsigned bridges = xd_config_nb_bridges(config), ports = xd_config_nb_ports(config);

	printf("%s is valid: %u bridge%s, %u port%s, %u worker%s\n", daemon->options.config,
		bridges, bridges == 1 ? "" : "s", ports, ports == 1 ? "" : "s", config->nb_cores,
		config->nb_cores == 1 ? "" : "s");
	return 0;
}

/* Each port holds descriptors for its guest, hundreds while it is attacked; what the service
 * manager allows is there to be used. */
static void
raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int
run_with_log(struct daemon *daemon)
{
	int ret;

	raise_open_files();
	daemon->signal_fd = block_signals();
	if (daemon->signal_fd < 0)
		return complain(daemon, strerror(errno));
	ret = output_init(&daemon->output);
	if (ret)
		ret = complain(daemon, strerror(-ret));
	else
		ret = run(daemon);
	output_fini(&daemon->output);
	close(daemon->signal_fd);
	return ret;
}

/* What goes to standard output: help, version, and what --check says. */
static int
finish(int ret)
{
	return xd_standard_finish("crossdockd") && ret == 0 ? 1 : ret;
}

int
main(int argc, char **argv)
{
	struct daemon daemon = {.signal_fd = -1};
	int ret;

	xd_standard_reserve();
	ret = options_parse(&daemon.options, argc, argv);
	if (ret >= 0)
		return finish(ret);
	ret = load(&daemon);
	if (ret == 0)
		ret = daemon.options.check ? say_valid(&daemon) : run_with_log(&daemon);
	if (daemon.problem[0])
		output_last_words(daemon.problem);
	xd_daemon_config_destroy(daemon.control.base);
	xd_daemon_config_destroy(daemon.control.running);
	xd_lines_destroy(daemon.lines);
	return finish(ret);
}
