/* SPDX-License-Identifier: BSD-3-Clause */
/* A text file read whole: checked to be of a kind that may be read, within a time, and seen not to
 * have changed meanwhile. */
#include "control/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

struct reader {
	int fd;
	const char *name; /* for people */
	bool input;
	bool regular;
	int wait_ms;
	uint64_t deadline_ns; /* with wait_ms > 0 */
	char *text;
	size_t len;
	struct xd_error *err;
};

static int
fail(const struct reader *reader, int code, const char *what)
{
	return xd_fail(reader->err, code, "%s: %s", reader->name, what);
}

/* 0: bytes may be there, or the writer has gone. */
static int
wait_for_writer(const struct reader *reader)
{
	struct pollfd pollfd = {.fd = reader->fd, .events = POLLIN};
	int timeout_ms = -1, n;

	do {
		if (reader->wait_ms > 0) {
			uint64_t now_ns = xd_clock_ns();

			timeout_ms = now_ns < reader->deadline_ns
					     ? (int)((reader->deadline_ns - now_ns) / 1000000) + 1
					     : 0;
		}
		n = poll(&pollfd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(reader, -errno, strerror(errno));
	if (n == 0)
		return xd_fail(reader->err, -ETIMEDOUT,
			"%s: its writer has not come to an end within %d s", reader->name,
			reader->wait_ms / 1000);
	return 0;
}

/* Reads to the end. A FIFO that nobody has opened yet has no end: it is waited for with poll, which
 * tells it from one whose writer has gone. */
static int
read_all(struct reader *reader)
{
	while (reader->len <= XD_FILE_MAX_BYTES) {
		ssize_t n;
		int ret = reader->regular ? 0 : wait_for_writer(reader);

		if (ret)
			return ret;
		n = read(reader->fd, reader->text + reader->len,
			XD_FILE_MAX_BYTES + 1 - reader->len);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return fail(reader, -errno, strerror(errno));
		if (n > 0)
			reader->len += n;
	}
	return xd_fail(reader->err, -EFBIG, "%s is larger than %u MiB", reader->name,
		XD_FILE_MAX_BYTES >> 20);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int
check_kind(const struct reader *reader, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return xd_fail(reader->err, -EISDIR, "%s is a directory", reader->name);
	if (!reader->regular && reader->wait_ms == XD_READ_REGULAR)
		return xd_fail(reader->err, -EINVAL,
			"%s is no regular file, and cannot be read again", reader->name);
	return 0;
}

static int
read_whole(struct reader *reader)
{
	struct stat before, after;
	int ret;

	if (fstat(reader->fd, &before))
		return fail(reader, -errno, strerror(errno));
	reader->regular = S_ISREG(before.st_mode);
	ret = check_kind(reader, &before);
	if (ret)
		return ret;
	reader->text = malloc(XD_FILE_MAX_BYTES + 2);
	if (!reader->text)
		return fail(reader, -ENOMEM, "no memory");
	ret = read_all(reader);
	if (ret)
		return ret;
	/* An empty file is what its owner wrote, and so is /dev/null by its name. */
	if (reader->len == 0 && (reader->input || (!reader->regular && !S_ISCHR(before.st_mode))))
		return fail(reader, -ENODATA, "nothing came: has what writes it failed?");
	if (reader->regular && (fstat(reader->fd, &after) || !same_file(&before, &after)))
		return fail(reader, -EAGAIN, "was changed while it was read: try again");
	reader->text[reader->len] = 0;
	return 0;
}

char *
xd_read_file(const char *path, int wait_ms, size_t *len, struct xd_error *err)
{
	bool input = wait_ms != XD_READ_REGULAR && !strcmp(path, "-");
	struct reader reader = {.name = input ? "standard input" : path,
		.input = input,
		.wait_ms = wait_ms,
		.err = err};

	/* Without waiting for the writer of a FIFO: that is done below. */
	reader.fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader.fd < 0) {
		fail(&reader, -errno, strerror(errno));
		return NULL;
	}
	if (wait_ms > 0)
		reader.deadline_ns = xd_clock_ns() + wait_ms * 1000000ull;
	if (read_whole(&reader)) {
		free(reader.text);
		reader.text = NULL;
	}
	if (!input)
		close(reader.fd);
	*len = reader.len;
	return reader.text;
}
