/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables for people: columns as wide as their longest cell. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define MAX_COLUMNS 16

struct table {
	const char *headers[MAX_COLUMNS];
	int right[MAX_COLUMNS];
	int width[MAX_COLUMNS];
	unsigned nb_columns;
	char **cells;
	size_t nb_cells, size;
};

static void *
or_end(void *memory)
{
	if (!memory) {
		fputs("crossdockctl: no memory\n", stderr);
		exit(1);
	}
	return memory;
}

struct table *
table_create(const char *const *headers)
{
	struct table *table = or_end(calloc(1, sizeof(*table)));

	for (unsigned i = 0; headers[i] && i < MAX_COLUMNS; i++) {
		table->right[i] = headers[i][0] == '>';
		table->headers[i] = headers[i] + table->right[i];
		table->width[i] = strlen(table->headers[i]);
		table->nb_columns++;
	}
	return table;
}

void
table_cell(struct table *table, const char *fmt, ...)
{
	unsigned column = table->nb_cells % table->nb_columns;
	va_list args;
	char *text;
	int len;

	if (table->nb_cells == table->size) {
		table->size = 2 * table->size + 64;
		table->cells = or_end(realloc(table->cells, table->size * sizeof(*table->cells)));
	}
	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	or_end(len < 0 ? NULL : text);
	table->cells[table->nb_cells++] = text;
	if (len > table->width[column])
		table->width[column] = len;
}

static void
print_cell(const struct table *table, unsigned column, const char *text)
{
	bool last = column + 1 == table->nb_columns;

	if (table->right[column])
		printf("%*s", table->width[column], text);
	else
		printf("%-*s", last ? 0 : table->width[column], text);
	fputs(last ? "\n" : "  ", stdout);
}

void
table_print(struct table *table)
{
	for (unsigned i = 0; i < table->nb_columns; i++)
		print_cell(table, i, table->headers[i]);
	for (size_t i = 0; i < table->nb_cells; i++) {
		print_cell(table, i % table->nb_columns, table->cells[i]);
		free(table->cells[i]);
	}
	free(table->cells);
	free(table);
}
