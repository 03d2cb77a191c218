/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 4180: lines end with CR and LF, fields with commas, quotes or line ends are quoted. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/result/result_json.h"

#define NAME_MAX_BYTES 160

/* Puts what is in `value` into `flat`, under the names of the columns: "latency.actual.p99_ns",
 * "per_port.0.sent_pps". Objects keep the order in which keys are put in. */
static void
flatten(json_t *flat, const char *name, json_t *value)
{
	char inner[NAME_MAX_BYTES];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach(value, key, item)
		{
			snprintf(inner, sizeof(inner), "%s%s%s", name, name[0] ? "." : "", key);
			flatten(flat, inner, item);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			snprintf(inner, sizeof(inner), "%s.%zu", name, i);
			flatten(flat, inner, item);
		}
	} else {
		json_object_set(flat, name, value);
	}
}

/* Whether columns lie within this one: it is an object in some rows, and null in others. */
static bool
is_outer(json_t *columns, const char *name)
{
	size_t len = strlen(name);
	const char *other;
	json_t *value;

	json_object_foreach(columns, other,
		value) if (!strncmp(other, name, len) && other[len] == '.') return true;
	return false;
}

static json_t *
find_columns(json_t *flat_rows)
{
	json_t *all = json_object(), *columns = json_array(), *row, *value;
	const char *name;
	size_t i;

	json_array_foreach(flat_rows, i, row) json_object_foreach(row, name,
		value) if (!json_object_get(all, name)) json_object_set_new(all, name, json_true());
	json_object_foreach(all, name, value) if (!is_outer(all, name))
		json_array_append_new(columns, json_string(name));
	json_decref(all);
	return columns;
}

static void
put_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void
put_value(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		put_text(out, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.*g", XD_RESULT_DIGITS, json_real_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
}

static void
put_line(FILE *out, json_t *columns, json_t *row)
{
	json_t *name;
	size_t i;

	json_array_foreach(columns, i, name)
	{
		if (i)
			fputc(',', out);
		if (row)
			put_value(out, json_object_get(row, json_string_value(name)));
		else
			put_text(out, json_string_value(name));
	}
	fputs("\r\n", out);
}

char *
xd_results_csv(const struct xd_results *results)
{
	json_t *flat_rows = json_array(), *columns, *row;
	char *text = NULL;
	size_t size, i;
	FILE *out;

	for (unsigned k = 0; k < results->n; k++) {
		json_t *flat = json_object();
		json_t *whole = xd_row_json(&results->rows[k], results->engines);

		flatten(flat, "", whole);
		json_decref(whole);
		json_array_append_new(flat_rows, flat);
	}
	columns = find_columns(flat_rows);
	out = open_memstream(&text, &size);
	if (out) {
		put_line(out, columns, NULL);
		json_array_foreach(flat_rows, i, row) put_line(out, columns, row);
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	json_decref(columns);
	json_decref(flat_rows);
	return text;
}
