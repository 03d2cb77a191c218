/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file whose every operation is answered to this program alone: whoever else reads it, closes it,
 * asks for its size or touches a page of it waits. It lies in a FUSE file system in a mount
 * namespace of our own, for which nobody needs to be root. The server is a child: while it lives
 * the others wait, and when it goes they get an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define ROOT                1 /* node numbers */
#define FILE_NODE           2
#define FILE_BYTES_STALLING (64ull << 20)
#define BUFFER              (256u << 10) /* more than FUSE_MIN_READ_BUFFER */

static void
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/* Becomes root of a user namespace, unless it is root already. */
static void
own_namespace(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)))
		die("no namespace for a file system: %s", strerror(errno));
	if (uid) {
		write_text("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_text("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_text("/proc/self/gid_map", map);
	}
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("private mounts: %s", strerror(errno));
}

static void
answer(int fd, const struct fuse_in_header *in, int error, const void *data, size_t size)
{
	struct {
		struct fuse_out_header header;
		uint8_t data[sizeof(struct fuse_entry_out) + sizeof(struct fuse_init_out)];
	} out = {.header = {.error = error, .unique = in->unique}};

	if (size)
		memcpy(out.data, data, size);
	out.header.len = (uint32_t)(sizeof(out.header) + size);
	/* Of a request that was interrupted nobody waits for the answer. */
	(void)!write(fd, &out, out.header.len);
}

static struct fuse_attr
attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0666,
		.nlink = 1,
		.size = node == ROOT ? 0 : FILE_BYTES_STALLING,
		.blksize = 4096,
	};
}

static void
serve_one(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
	struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
	struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
	struct fuse_open_out opened = {.fh = 1};

	switch (in->opcode) {
	case FUSE_INIT:
		answer(fd, in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		answer(fd, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(fd, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(fd, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(fd, in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(fd, in, -ENOSYS, NULL, 0);
	}
}

static void
serve(int fd, pid_t only)
{
	static uint8_t buffer[BUFFER];
	const struct fuse_in_header *in = (const void *)buffer;

	while (read(fd, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOENT) {
		/* The kernel itself (0) mounts and cleans up. */
		if (in->pid == (uint32_t)only || in->pid == 0 || in->opcode == FUSE_INIT)
			serve_one(fd, in);
	}
	_exit(0);
}

static pid_t server;

static void
end_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

int
stalling_file(void)
{
	char directory[] = "/tmp/hostile-XXXXXX", path[64], options[128];
	pid_t parent = getpid();
	int fuse, fd;

	own_namespace();
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0 || !mkdtemp(directory))
		die("/dev/fuse: %s", strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fuse,
		geteuid(), getegid());
	if (mount("hostile", directory, "fuse", MS_NOSUID | MS_NODEV, options))
		die("mount of a FUSE file system: %s", strerror(errno));
	server = fork();
	if (server < 0)
		die("fork: %s", strerror(errno));
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Nothing else stays open by this, the connection to the switch least of all. */
		dup2(fuse, STDIN_FILENO);
		close(STDOUT_FILENO);
		close_range(STDERR_FILENO + 1, UINT_MAX, 0);
		serve(STDIN_FILENO, parent);
	}
	close(fuse);
	atexit(end_server);
	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	umount2(directory, MNT_DETACH);
	rmdir(directory);
	return fd;
}
