/* SPDX-License-Identifier: BSD-3-Clause */
/* What a word that is being typed could become: for the shell here and for bash. */
#ifndef CROSSDOCKCTL_COMPLETE_H
#define CROSSDOCKCTL_COMPLETE_H

#include <jansson.h>

#include "ctl.h"

/* words: the complete words before; prefix: the beginning of the next. A list of strings (never
 * NULL but without memory); names come from crossdockd when it answers. files: also names of
 * files, which bash completes better itself. */
json_t *complete(struct ctl *ctl, int nb_words, char **words, const char *prefix, bool files);

#endif
