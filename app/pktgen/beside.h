/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that come with the program: where it is run from a build directory, where it was installed,
 * or in a tree that was moved after installing. */
#ifndef PKTGEN_BESIDE_H
#define PKTGEN_BESIDE_H

#include <stdbool.h>
#include <stddef.h>

/* The i-th directory, from 0, that may have what is of this kind ("reference", "suites"); it need
 * not be there. False after the last, or when the name is too long. */
bool beside_dir(const char *kind, unsigned i, char *dir, size_t size);

/* Names of files with this ending, without it, of the first such directory that has some, sorted;
 * returns how many, of at most max. */
unsigned beside_names(const char *kind, const char *ending, char (*names)[64], unsigned max);

/* The path of another program of ours: beside this one, or where it was installed; else its name
 * alone, to be looked up in PATH. Returns path. */
const char *beside_program(const char *name, char *path, size_t size);

#endif
