/* SPDX-License-Identifier: BSD-3-Clause */
/* A table for people: columns as wide as what is in them. */
#ifndef CROSSDOCKCTL_TABLE_H
#define CROSSDOCKCTL_TABLE_H

struct table;

/* Headers end with NULL; one that begins with ">" is of a column of numbers, set to the right.
 * Never NULL: without memory the program ends, as there is nothing else it could do. */
struct table *table_create(const char *const *headers);
/* The next cell, from left to right, row by row. */
void table_cell(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints it on stdout and frees it. */
void table_print(struct table *table);

#endif
