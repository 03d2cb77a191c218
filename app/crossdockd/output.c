/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that writes log lines to stderr or to the journal, and news for systemd. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#define FLUSH_S  1 /* at the end, for whoever reads the log */
#define NOTIFY_S 5
#define LOOK_MS  100 /* whether it is to wait no more */

/* JOURNAL_STREAM is "device:inode" of the stream that leads to the journal; it may be inherited
 * by a process whose stderr goes elsewhere. */
static bool
to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* ---- The thread that writes ---- */

/* Until stderr takes a line. False: it is given up. A pipe that is ready has room for PIPE_BUF
 * bytes, and no line is so long, so the write after this does not wait. */
static bool
wait_for_reader(const struct output *output)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	bool given_up = __atomic_load_n(&output->given_up, __ATOMIC_ACQUIRE);

	while (poll(&pollfd, 1, given_up ? 0 : LOOK_MS) == 0) {
		if (given_up)
			return false;
		given_up = __atomic_load_n(&output->given_up, __ATOMIC_ACQUIRE);
	}
	return true;
}

static void
write_text(const struct output *output, const char *text, size_t len)
{
	while (len > 0 && wait_for_reader(output)) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n > 0) {
			text += n;
			len -= n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			return; /* nobody reads any more */
		}
	}
}

static void
write_line(const struct output *output, const struct xd_log_line *line)
{
	/* syslog(3) priorities, as sd-daemon(3) has them at the start of a line */
	static const int priorities[XD_LOG_LEVELS] = {3, 4, 6, 7};
	const char *component = xd_log_component_name(line->component);
	char text[sizeof(line->text) + 80], time[32];
	int len;

	xd_log_time(time, line->time_ns);
	if (output->journal)
		len = snprintf(text, sizeof(text), "<%d>%s: %s\n", priorities[line->level],
			component, line->text);
	else
		len = snprintf(text, sizeof(text), "%s %-5s %s: %s\n", time,
			xd_log_level_name(line->level), component, line->text);
	write_text(output, text, len);
}

static void
write_missed(const struct output *output, uint64_t missed, int64_t time_ns)
{
	struct xd_log_line line = {
		.time_ns = time_ns, .level = XD_LOG_WARN, .component = XD_LOG_CONTROL};

	snprintf(line.text, sizeof(line.text),
		"%" PRIu64 " line%s left out here: the log was not read fast enough", missed,
		missed == 1 ? " was" : "s were");
	write_line(output, &line);
}

static void *
write_lines(void *arg)
{
	struct output *output = arg;
	uint64_t position = 0, missed, count;
	struct xd_log_line line;
	bool ending = false;

	while (!ending) {
		/* Read before the lines are: those of before the end are all written. */
		ending = read(output->wake_fd, &count, sizeof(count)) == sizeof(count) &&
			 __atomic_load_n(&output->ending, __ATOMIC_ACQUIRE);
		while (xd_log_ring_read(output->ring, &position, &line, &missed)) {
			if (missed) {
				xd_log_ring_count_missed(output->ring, missed);
				write_missed(output, missed, line.time_ns);
			}
			write_line(output, &line);
		}
	}
	return NULL;
}

static void
wake(struct output *output)
{
	uint64_t one = 1;

	if (write(output->wake_fd, &one, sizeof(one)) < 0)
		return; /* cannot be: it would take 2^64 lines */
}

int
output_init(struct output *output)
{
	int ret;

	output->journal = to_journal();
	output->ring = xd_log_ring_create();
	output->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (!output->ring || output->wake_fd < 0) {
		ret = output->ring ? errno : ENOMEM;
		goto err_free;
	}
	ret = pthread_create(&output->thread, NULL, write_lines, output);
	if (ret)
		goto err_free;
	pthread_setname_np(output->thread, "log");
	return 0;
err_free:
	if (output->wake_fd >= 0)
		close(output->wake_fd);
	xd_log_ring_destroy(output->ring);
	output->ring = NULL;
	return -ret;
}

/* Waits for the thread to end, for a while. */
static bool
join(const struct output *output)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += FLUSH_S;
	return pthread_timedjoin_np(output->thread, NULL, &deadline) == 0;
}

void
output_fini(struct output *output)
{
	if (!output->ring)
		return;
	__atomic_store_n(&output->ending, true, __ATOMIC_RELEASE);
	wake(output);
	if (!join(output)) {
		__atomic_store_n(&output->given_up, true, __ATOMIC_RELEASE);
		/* Somebody else has filled the pipe just now: the thread ends with the process, and
		 * needs the ring until then. */
		if (!join(output))
			return;
	}
	close(output->wake_fd);
	xd_log_ring_destroy(output->ring);
	output->ring = NULL;
}

void
output_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct output *output = ctx;

	xd_log_ring_add(output->ring, level, component, line);
	wake(output);
}

void
output_last_words(const char *text)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&pollfd, 1, FLUSH_S * 1000) == 1)
		fprintf(stderr, "crossdockd: %s\n", text);
}

/* ---- systemd ---- */

void
output_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = NOTIFY_S};
	socklen_t len;
	int fd;

	if (!path || !path[0] || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	if (path[0] == '@')
		address.sun_path[0] = 0; /* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nothing to be done when systemd does not listen, or not in time. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, len);
	close(fd);
}
