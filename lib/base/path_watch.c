/* SPDX-License-Identifier: BSD-3-Clause */
/* See path_watch.h: directories, and the files in each that are watched. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/path_watch.h"

struct directory {
	TAILQ_ENTRY(directory) link; /* the one that was looked at last is last */
	struct stat seen;
	/* It had changed. File systems tell time in ticks: what happens after a look, in the same
	 * one, leaves the same time behind. So the next look counts it as changed once more. */
	bool changed;
	LIST_HEAD(, xd_path_watch) files;
	char path[];
};

struct xd_path_watch {
	LIST_ENTRY(xd_path_watch) link;
	struct xd_path_watches *watches;
	struct directory *directory;
	bool again; /* not as it should be, or never looked at */
	xd_path_watch_fn fn;
	void *ctx;
};

struct xd_path_watches {
	struct xd_loop *loop;
	struct xd_timer *timer; /* while there are any */
	unsigned nb_directories;
	TAILQ_HEAD(, directory) directories;
};

static bool
has_changed(struct directory *d)
{
	struct stat before = d->seen;

	if (stat(d->path, &d->seen) < 0) {
		memset(&d->seen, 0, sizeof(d->seen));
		return true;
	}
	return d->seen.st_dev != before.st_dev || d->seen.st_ino != before.st_ino ||
	       d->seen.st_ctim.tv_sec != before.st_ctim.tv_sec ||
	       d->seen.st_ctim.tv_nsec != before.st_ctim.tv_nsec;
}

static void
look_at(struct directory *d)
{
	bool changed = has_changed(d), all = changed || d->changed;
	struct xd_path_watch *w;

	d->changed = changed;
	LIST_FOREACH(w, &d->files, link)
	{
		if (all || w->again)
			w->again = !w->fn(w->ctx);
	}
}

static void
look(void *ctx)
{
	struct xd_path_watches *watches = ctx;

	for (unsigned i = 0; i < watches->nb_directories && i < XD_PATH_WATCH_DIRS; i++) {
		struct directory *d = TAILQ_FIRST(&watches->directories);

		TAILQ_REMOVE(&watches->directories, d, link);
		TAILQ_INSERT_TAIL(&watches->directories, d, link);
		look_at(d);
	}
}

/* Bytes of a path that name the directory. */
static size_t
directory_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

/* That of the path, made if nobody has one yet. NULL: no memory. */
static struct directory *
directory_of(struct xd_path_watches *watches, const char *path)
{
	size_t n = directory_bytes(path);
	const char *from = n ? path : ".";
	struct directory *d;

	n = n ? n : 1;
	TAILQ_FOREACH(d, &watches->directories, link)
	{
		if (strlen(d->path) == n && !memcmp(d->path, from, n))
			return d;
	}
	d = calloc(1, sizeof(*d) + n + 1);
	if (!d)
		return NULL;
	memcpy(d->path, from, n);
	LIST_INIT(&d->files);
	TAILQ_INSERT_TAIL(&watches->directories, d, link);
	watches->nb_directories++;
	return d;
}

static void
leave_directory(struct xd_path_watches *watches, struct directory *d)
{
	if (!LIST_EMPTY(&d->files))
		return;
	TAILQ_REMOVE(&watches->directories, d, link);
	watches->nb_directories--;
	free(d);
	if (watches->nb_directories)
		return;
	xd_loop_timer_cancel(watches->timer);
	watches->timer = NULL;
}

struct xd_path_watches *
xd_path_watches_create(struct xd_loop *loop)
{
	struct xd_path_watches *watches = calloc(1, sizeof(*watches));

	if (!watches)
		return NULL;
	watches->loop = loop;
	TAILQ_INIT(&watches->directories);
	return watches;
}

void
xd_path_watches_destroy(struct xd_path_watches *watches)
{
	free(watches);
}

struct xd_path_watch *
xd_path_watch_add(struct xd_path_watches *watches, const char *path, xd_path_watch_fn fn, void *ctx)
{
	struct xd_path_watch *w = calloc(1, sizeof(*w));
	struct directory *d;

	if (!w)
		return NULL;
	d = directory_of(watches, path);
	if (!d)
		goto err_watch;
	if (!watches->timer)
		watches->timer = xd_loop_timer(
			watches->loop, XD_PATH_WATCH_MS, XD_PATH_WATCH_MS, look, watches);
	if (!watches->timer)
		goto err_directory;
	*w = (struct xd_path_watch){
		.watches = watches, .directory = d, .again = true, .fn = fn, .ctx = ctx};
	LIST_INSERT_HEAD(&d->files, w, link);
	return w;

err_directory:
	leave_directory(watches, d);
err_watch:
	free(w);
	return NULL;
}

void
xd_path_watch_remove(struct xd_path_watch *watch)
{
	if (!watch)
		return;
	LIST_REMOVE(watch, link);
	leave_directory(watch->watches, watch->directory);
	free(watch);
}
