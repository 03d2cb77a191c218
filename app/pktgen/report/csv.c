/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of CSV files: quoted fields, lines of one length, columns by their head. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static int
read_text(const char *path, struct csv *csv, struct xd_error *err)
{
	FILE *file = fopen(path, "re");
	size_t n;
	int rc = 0;

	if (!file)
		return xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	csv->text = malloc(CSV_BYTES_MAX + 1);
	if (!csv->text) {
		rc = xd_fail(err, -ENOMEM, "%s: no memory for it", path);
		goto out;
	}
	n = fread(csv->text, 1, CSV_BYTES_MAX, file);
	csv->text[n] = '\0';
	if (ferror(file))
		rc = xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	else if (n == CSV_BYTES_MAX)
		rc = xd_fail(err, -EFBIG, "%s: more than 4 MiB", path);
	else if (strlen(csv->text) != n)
		rc = xd_fail(err, -EINVAL, "%s: not a text file", path);
out:
	fclose(file);
	return rc;
}

/* Takes one field, ends it with NUL where it lies, and leaves *at after its separator, which it
 * returns: ',', '\n', '\0'; -1: a quote stays open, or goes on after its end. */
static int
take_field(char **at, const char **field)
{
	char *read = *at, *write = read;
	bool quoted = *read == '"';
	int separator;

	*field = write;
	for (read += quoted; *read; read++) {
		if (quoted && *read == '"' && read[1] == '"')
			read++;
		else if (quoted && *read == '"')
			break;
		else if (!quoted && (*read == ',' || *read == '\n' || *read == '\r'))
			break;
		*write++ = *read;
	}
	if (quoted && *read++ != '"')
		return -1;
	if (*read == '\r' && read[1] == '\n')
		read++;
	separator = (unsigned char)*read;
	*write = '\0';
	*at = read + (separator != '\0');
	return separator == ',' || separator == '\n' || separator == '\0' ? separator : -1;
}

static int
grow(struct csv *csv)
{
	unsigned room = csv->room ? 2 * csv->room : 64;
	const char **fields =
		realloc(csv->fields, (size_t)room * csv->nb_columns * sizeof(*fields));

	if (!fields)
		return -ENOMEM;
	csv->fields = fields;
	csv->room = room;
	return 0;
}

/* One line: its fields go to `fields`, at most max. Returns how many there were, or -1. */
static int
take_line(char **at, const char **fields, unsigned max)
{
	unsigned n = 0;
	int separator;

	do {
		const char *field;

		separator = take_field(at, &field);
		if (separator < 0)
			return -1;
		if (n < max)
			fields[n] = field;
		n++;
	} while (separator == ',');
	return (int)n;
}

int
csv_load(const char *path, struct csv *csv, struct xd_error *err)
{
	unsigned line = 1;
	char *at;
	int n, rc;

	memset(csv, 0, sizeof(*csv));
	rc = read_text(path, csv, err);
	if (rc)
		return rc;
	at = csv->text;
	n = take_line(&at, csv->names, CSV_COLUMNS_MAX);
	if (n < 1 || n > CSV_COLUMNS_MAX || !csv->names[0][0])
		return xd_fail(err, -EINVAL,
			"%s: line 1: the names of 1 to %u columns are expected", path,
			CSV_COLUMNS_MAX);
	csv->nb_columns = (unsigned)n;
	while (*at) {
		line++;
		if (*at == '\n' || *at == '\r') {
			at++;
			continue;
		}
		if (csv->n == csv->room && grow(csv))
			return xd_fail(err, -ENOMEM, "%s: no memory for it", path);
		n = take_line(&at, &csv->fields[(size_t)csv->n * csv->nb_columns], csv->nb_columns);
		if (n < 0)
			return xd_fail(
				err, -EINVAL, "%s: line %u: a quote is not closed", path, line);
		if ((unsigned)n != csv->nb_columns)
			return xd_fail(err, -EINVAL, "%s: line %u: %d fields, and %u are expected",
				path, line, n, csv->nb_columns);
		csv->n++;
	}
	return 0;
}

void
csv_free(struct csv *csv)
{
	free(csv->fields);
	free(csv->text);
	memset(csv, 0, sizeof(*csv));
}

int
csv_column(const struct csv *csv, const char *name)
{
	for (unsigned i = 0; i < csv->nb_columns; i++)
		if (!strcmp(csv->names[i], name))
			return (int)i;
	return -1;
}

const char *
csv_field(const struct csv *csv, unsigned row, int column)
{
	return column < 0 ? "" : csv->fields[(size_t)row * csv->nb_columns + (unsigned)column];
}

double
csv_number(const struct csv *csv, unsigned row, int column)
{
	const char *text = csv_field(csv, row, column);
	char *end;
	double value = strtod(text, &end);

	return *text && *end == '\0' && isfinite(value) ? value : NAN;
}
