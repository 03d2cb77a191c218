/* SPDX-License-Identifier: BSD-3-Clause */
/* crossdockd started and ended: its configuration is what the suite says and what it does not. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "beside.h"
#include "control/yaml.h"
#include "device.h"

#define START_MS 20000
#define STOP_MS  10000
#define LOOK_MS  10

static const char *const files[] = {
	"crossdock.yaml", "crossdockd.log", "control", "step.json", "control.lock"};

/* ---- Its configuration ---- */

/* That of crossdockd with so many ports in dir. */
static json_t *
make_config(const json_t *said, const char *dir, unsigned core, unsigned nb_ports)
{
	json_t *root = said ? json_deep_copy(said) : json_object(), *ports = json_object();
	json_t *port_keys = json_incref(json_object_get(root, "port"));
	const char *bridge = "br0";

	json_object_del(root, "port");
	if (json_object_size(json_object_get(root, "bridges")))
		bridge = json_object_iter_key(json_object_iter(json_object_get(root, "bridges")));
	else
		json_object_set_new(root, "bridges", json_pack("{s:{}}", bridge));
	if (!json_is_object(json_object_get(root, "workers")))
		json_object_set_new(root, "workers", json_object());
	json_object_set_new(json_object_get(root, "workers"), "cores", json_pack("[i]", (int)core));
	json_object_set_new(
		root, "control", json_pack("{s:o}", "path", json_sprintf("%s/control", dir)));
	for (unsigned i = 1; i <= nb_ports; i++) {
		json_t *port = json_pack("{s:s, s:s, s:s, s:o}", "type", "vhost-user", "mode",
			"server", "bridge", bridge, "path", json_sprintf("%s/vm%u", dir, i));
		char name[16];

		snprintf(name, sizeof(name), "vm%u", i);
		if (json_is_object(port_keys))
			json_object_update(port, port_keys);
		json_object_set_new(ports, name, port);
	}
	json_object_set_new(root, "ports", ports);
	json_decref(port_keys);
	return root;
}

/* What crossdockd would say of "ports.vm1.mtu" is said of "switch.port.mtu". */
static int
blame(const struct suite *s, const struct xd_error *inner, struct xd_error *err)
{
	char key[160];

	if (!strncmp(inner->key, "ports.vm1", 9))
		snprintf(key, sizeof(key), "switch.port%s", inner->key + 9);
	else
		snprintf(key, sizeof(key), "switch%s%s", inner->key[0] ? "." : "", inner->key);
	return suite_blame(s, key, inner->code, inner->text, err);
}

/* Keys that are made here. */
static int
check_made(const struct suite *s, struct xd_error *err)
{
	static const struct {
		const char *section, *key;
	} made[] = {{"workers", "cores"}, {"port", "path"}, {"port", "bridge"}, {"port", "type"},
		{"port", "mode"}};
	static const char *const sections[] = {"ports", "control"};
	char key[64];

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		snprintf(key, sizeof(key), "switch.%s", sections[i]);
		if (json_object_get(s->device, sections[i]))
			return suite_blame(s, key, -EINVAL,
				"each step makes it; port: has keys of each port", err);
	}
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(key, sizeof(key), "switch.%s.%s", made[i].section, made[i].key);
		if (json_object_get(json_object_get(s->device, made[i].section), made[i].key))
			return suite_blame(s, key, -EINVAL,
				"each step makes it; --switch-core says where the worker runs",
				err);
	}
	return 0;
}

int
suite_device_check(const struct suite *s, struct xd_error *err)
{
	struct xd_daemon_config *config = NULL;
	struct xd_error inner = {0};
	json_t *made;
	char *text;
	int rc = check_made(s, err);

	if (rc)
		return rc;
	made = make_config(s->device, "/run", 0, 1);
	text = xd_yaml_print(made, XD_YAML_CONFIG_LEVELS);
	json_decref(made);
	if (text)
		config = xd_yaml_read_config(text, strlen(text), 0, NULL, &inner);
	else
		xd_fail(&inner, -ENOMEM, "no memory");
	if (!config || xd_daemon_config_check(config, &inner))
		rc = blame(s, &inner, err);
	xd_daemon_config_destroy(config);
	free(text);
	return rc;
}

/* ---- Its directory ---- */

int
suite_device_init(struct suite_device *d, struct xd_error *err)
{
	strcpy(d->dir, "/tmp/crossdock-suite.XXXXXX");
	if (mkdtemp(d->dir))
		return 0;
	d->dir[0] = '\0';
	return xd_fail(err, -errno, "/tmp: cannot make a directory there: %s", strerror(errno));
}

static void
path_of(const struct suite_device *d, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", d->dir, name);
}

static void
remove_sockets(const struct suite_device *d)
{
	char path[64];

	for (unsigned i = 1; i <= XD_GEN_PORTS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/vm%u", d->dir, i);
		unlink(path);
	}
	path_of(d, "control", path, sizeof(path));
	unlink(path);
}

void
suite_device_fini(struct suite_device *d)
{
	char path[64];

	if (!d->dir[0])
		return;
	remove_sockets(d);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path_of(d, files[i], path, sizeof(path));
		unlink(path);
	}
	rmdir(d->dir);
	d->dir[0] = '\0';
}

/* ---- The process ---- */

static int
write_config(const struct suite_device *d, const struct suite *s, unsigned nb_ports,
	struct xd_error *err)
{
	json_t *config = make_config(s->device, d->dir, d->core, nb_ports);
	char *text = xd_yaml_print(config, XD_YAML_CONFIG_LEVELS), path[64];
	int rc;

	path_of(d, "crossdock.yaml", path, sizeof(path));
	rc = text ? xd_results_write(text, "crossdockd", path, err)
		  : xd_fail(err, -ENOMEM, "no memory");
	free(text);
	json_decref(config);
	return rc;
}

/* In the child: never returns. Of a process group of its own, so that what interrupts the suite
 * does not end it, too; and it ends when we do. */
static void
become(const struct suite_device *d)
{
	char program[PATH_MAX], config[64], log[64], name[] = "crossdockd", option[] = "--config";
	char *argv[] = {name, option, config, NULL};
	int fd;

	path_of(d, "crossdock.yaml", config, sizeof(config));
	path_of(d, "crossdockd.log", log, sizeof(log));
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, &d->signals, NULL);
	beside_program(name, program, sizeof(program));
	execvp(program, argv);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

/* The last line of its log. */
static int
say_why(const struct suite_device *d, struct xd_error *err)
{
	char path[64], line[300], last[300] = "it says nothing";
	FILE *log;

	path_of(d, "crossdockd.log", path, sizeof(path));
	log = fopen(path, "re");
	while (log && fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			snprintf(last, sizeof(last), "%s", line);
	}
	if (log)
		fclose(log);
	return xd_fail(err, -EIO, "crossdockd did not start: %s", last);
}

static bool
is_there(const struct suite_device *d, unsigned nb_ports)
{
	char path[64];

	for (unsigned i = 1; i <= nb_ports; i++) {
		snprintf(path, sizeof(path), "%s/vm%u", d->dir, i);
		if (access(path, F_OK))
			return false;
	}
	path_of(d, "control", path, sizeof(path));
	return access(path, F_OK) == 0;
}

/* What is blocked and waits may be an interrupt; it is left for whoever asks next. */
static bool
is_interrupted(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM));
}

static void
pause_ms(unsigned ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
}

int
suite_device_start(
	struct suite_device *d, const struct suite *s, unsigned nb_ports, struct xd_error *err)
{
	int rc = write_config(d, s, nb_ports, err);

	if (rc)
		return rc;
	fflush(NULL);
	d->pid = fork();
	if (d->pid == 0)
		become(d);
	if (d->pid < 0) {
		d->pid = 0;
		return xd_fail(err, -errno, "crossdockd: %s", strerror(errno));
	}
	for (unsigned ms = 0; ms < START_MS; ms += LOOK_MS) {
		if (is_there(d, nb_ports))
			return 0;
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid) {
			d->pid = 0;
			return say_why(d, err);
		}
		if (is_interrupted()) {
			suite_device_stop(d);
			return xd_fail(err, -EINTR, "interrupted");
		}
		pause_ms(LOOK_MS);
	}
	suite_device_stop(d);
	return xd_fail(err, -ETIMEDOUT, "crossdockd did not start within %u s", START_MS / 1000);
}

void
suite_device_stop(struct suite_device *d)
{
	if (d->pid <= 0)
		return;
	kill(d->pid, SIGTERM);
	for (unsigned ms = 0; d->pid && ms < STOP_MS; ms += LOOK_MS) {
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid)
			d->pid = 0;
		else
			pause_ms(LOOK_MS);
	}
	if (d->pid) {
		kill(d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
		d->pid = 0;
	}
	remove_sockets(d);
}
