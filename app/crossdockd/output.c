/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "output.h"

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

int
output_init(struct output *output)
{
	output->journal = to_journal();
	output->ring = xd_log_ring_create();
	return output->ring ? 0 : -ENOMEM;
}

void
output_fini(struct output *output)
{
	xd_log_ring_destroy(output->ring);
}

void
output_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	/* syslog(3) priorities, as sd-daemon(3) has them at the start of a line */
	static const int priorities[XD_LOG_LEVELS] = {3, 4, 6, 7};
	struct output *output = ctx;
	char time[32];

	xd_log_ring_add(output->ring, level, component, line);
	if (output->journal) {
		fprintf(stderr, "<%d>%s: %s\n", priorities[level], xd_log_component_name(component),
			line);
		return;
	}
	xd_log_time(time);
	fprintf(stderr, "%s %-5s %s: %s\n", time, xd_log_level_name(level),
		xd_log_component_name(component), line);
}

void
output_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
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
	/* Nothing to be done when systemd does not listen. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, len);
	close(fd);
}
