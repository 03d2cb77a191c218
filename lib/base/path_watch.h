/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells when files that were made at certain paths may have been removed or replaced: whoever has
 * one is asked to look.
 *
 * What is looked at once a second are the directories, one system call for all files in one, and
 * that of the paths of their parents too: nothing else says that a directory was moved, or that
 * something was mounted above it. Of many directories so many have their turn that it takes little
 * time. Control, with the loop's lock held.
 */
#ifndef XD_BASE_PATH_WATCH_H
#define XD_BASE_PATH_WATCH_H

#include <stdbool.h>

#include "base/loop.h"

#define XD_PATH_WATCH_MS   1000
#define XD_PATH_WATCH_DIRS 32 /* are looked at each time, in turn */

struct xd_path_watches;
struct xd_path_watch;

/* Asked whether the file is there as it should be; is asked again each time until it is. Adds and
 * removes no watches. */
typedef bool (*xd_path_watch_fn)(void *ctx);

/* NULL: no memory. Without the loop's lock. */
struct xd_path_watches *xd_path_watches_create(struct xd_loop *loop);
/* After the last watch was removed, and before the loop is destroyed. NULL is fine. */
void xd_path_watches_destroy(struct xd_path_watches *watches);

/* NULL: no memory. */
struct xd_path_watch *xd_path_watch_add(
	struct xd_path_watches *watches, const char *path, xd_path_watch_fn fn, void *ctx);
void xd_path_watch_remove(struct xd_path_watch *watch); /* NULL is fine */

#endif
