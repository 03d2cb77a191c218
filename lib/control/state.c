/* SPDX-License-Identifier: BSD-3-Clause */
/* The state file: what was changed at run time, written so that it survives a power cut. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/read_file.h"
#include "control/state.h"
#include "control/yaml.h"

#define FORMAT       "1"
#define BLOCK_LEVELS 3
#define CHECKSUM     "# checksum: "
/* CHECKSUM, 16 hexadecimal digits, newline. */
#define CHECKSUM_LEN (sizeof(CHECKSUM) - 1 + 16 + 1)

static const char head[] = "# Changes made while crossdockd ran, over its configuration file. "
			   "Not to be edited:\n"
			   "# without this file crossdockd starts from the configuration alone.\n";

/* FNV-1a: against accidents, not against forgery. */
static uint64_t
checksum(const char *text, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3;
	return sum;
}

/* The whole text of a state file; the caller frees. */
static char *
make_text(const json_t *delta)
{
	json_t *root = json_pack("{s:s}", "format", FORMAT);
	char *text = NULL, *yaml = NULL;

	if (root && json_object_update(root, (json_t *)delta) == 0)
		yaml = xd_yaml_print(root, BLOCK_LEVELS);
	json_decref(root);
	if (!yaml)
		return NULL;
	text = malloc(sizeof(head) + strlen(yaml) + CHECKSUM_LEN);
	if (text) {
		size_t len = sprintf(text, "%s%s", head, yaml);

		sprintf(text + len, CHECKSUM "%016" PRIx64 "\n", checksum(text, len));
	}
	free(yaml);
	return text;
}

/* A renamed file is there after a power cut only when its directory is synced too. */
static int
sync_dir(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, ret = 0;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a directory: then rename is all there is. */
	if (fsync(fd) && errno != EINVAL)
		ret = -errno;
	close(fd);
	return ret;
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return fsync(fd) ? -errno : 0;
}

int
xd_state_write(const char *path, const json_t *delta, struct xd_error *err)
{
	char aside[PATH_MAX];
	char *text;
	int fd, ret;

	if ((size_t)snprintf(aside, sizeof(aside), "%s.tmp", path) >= sizeof(aside))
		return xd_fail(err, -ENAMETOOLONG, "state file: its path is too long");
	text = make_text(delta);
	if (!text)
		return xd_fail(err, -ENOMEM, "state file %s: no memory", path);
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		ret = -errno;
		goto out_text;
	}
	ret = write_all(fd, text, strlen(text));
	if (close(fd) && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(aside, path))
		ret = -errno;
	if (ret)
		unlink(aside);
	else
		ret = sync_dir(path);
out_text:
	free(text);
	return ret ? xd_fail(err, ret, "state file %s: %s", path, strerror(-ret)) : 0;
}

/* Whether text is whole: it ends with the checksum of what is before. */
static int
check_text(const char *text, size_t len)
{
	char last[CHECKSUM_LEN + 1];

	if (len < CHECKSUM_LEN)
		return -EINVAL;
	snprintf(last, sizeof(last), CHECKSUM "%016" PRIx64 "\n",
		checksum(text, len - CHECKSUM_LEN));
	return memcmp(text + len - CHECKSUM_LEN, last, CHECKSUM_LEN) ? -EINVAL : 0;
}

json_t *
xd_state_read(const char *path, struct xd_error *err)
{
	struct xd_error inner;
	json_t *delta = NULL;
	const char *format;
	size_t len;
	char *text = xd_read_file(path, XD_READ_REGULAR, &len, &inner);

	if (!text && inner.code == -ENOENT)
		return json_object();
	if (!text) {
		xd_fail(err, inner.code, "state file %s", inner.text);
		return NULL;
	}
	if (check_text(text, len)) {
		xd_fail(err, -EINVAL,
			"state file %s is cut short or was edited: remove it to start "
			"from the configuration file alone",
			path);
		goto out;
	}
	delta = xd_yaml_parse(text, len, NULL, &inner);
	format = json_string_value(json_object_get(delta, "format"));
	if (!format || strcmp(format, FORMAT)) {
		xd_fail(err, -EINVAL,
			"state file %s is of another version: remove it to start from "
			"the configuration file alone",
			path);
		json_decref(delta);
		delta = NULL;
		goto out;
	}
	json_object_del(delta, "format");
out:
	free(text);
	return delta;
}
