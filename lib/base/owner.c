/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and groups by name or number: see owner.h. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/owner.h"

#define ENTRY_BYTES 65536 /* of one user or group: a group may have many members */

/* A name of digits only is a number, as chown(1) has it. 0: it is one; -ENOENT: it is a name. */
static int
read_number(const char *name, const char *what, uint32_t *number, struct xd_error *err)
{
	unsigned long long value;

	if (!name[0] || name[strspn(name, "0123456789")])
		return -ENOENT;
	/* One that is too large for value becomes the largest, and is refused with that. The last
	 * of 32 bits means "leave it as it is" to chown. */
	value = strtoull(name, NULL, 10);
	if (value >= UINT32_MAX)
		return xd_fail(err, -EINVAL, "\"%.40s\" is not the number of a %s", name, what);
	*number = (uint32_t)value;
	return 0;
}

/* What getpwnam_r and getgrnam_r said. */
static int
fail_lookup(const char *name, const char *what, int ret, struct xd_error *err)
{
	if (ret)
		return xd_fail(
			err, -ret, "cannot look up %s \"%.40s\": %s", what, name, strerror(ret));
	return xd_fail(err, -ENOENT, "there is no %s \"%.40s\" (%sadd --system %.40s)", what, name,
		what, name);
}

int
xd_owner_user(const char *name, uid_t *uid, struct xd_error *err)
{
	struct passwd entry, *found = NULL;
	uint32_t number = 0;
	char *buffer;
	int ret = read_number(name, "user", &number, err);

	if (ret == 0)
		*uid = number;
	if (ret != -ENOENT)
		return ret;
	buffer = malloc(ENTRY_BYTES);
	if (!buffer)
		return xd_fail(err, -ENOMEM, "no memory");
	ret = getpwnam_r(name, &entry, buffer, ENTRY_BYTES, &found);
	if (found)
		*uid = entry.pw_uid;
	free(buffer);
	return found ? 0 : fail_lookup(name, "user", ret, err);
}

int
xd_owner_group(const char *name, gid_t *gid, struct xd_error *err)
{
	struct group entry, *found = NULL;
	uint32_t number = 0;
	char *buffer;
	int ret = read_number(name, "group", &number, err);

	if (ret == 0)
		*gid = number;
	if (ret != -ENOENT)
		return ret;
	buffer = malloc(ENTRY_BYTES);
	if (!buffer)
		return xd_fail(err, -ENOMEM, "no memory");
	ret = getgrnam_r(name, &entry, buffer, ENTRY_BYTES, &found);
	if (found)
		*gid = entry.gr_gid;
	free(buffer);
	return found ? 0 : fail_lookup(name, "group", ret, err);
}
