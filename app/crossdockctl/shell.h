/* SPDX-License-Identifier: BSD-3-Clause */
/* crossdockctl without a noun, on a terminal: a shell. */
#ifndef CROSSDOCKCTL_SHELL_H
#define CROSSDOCKCTL_SHELL_H

#include "ctl.h"

/* Reads commands from the terminal until "exit" or the end of input: history, editing, completion
 * by Tab. Returns the exit status. */
int shell_run(struct ctl *ctl);

#endif
