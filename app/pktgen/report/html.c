/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of the page: text with what is special in HTML escaped, numbers, cells, tables, and the
 * words that name a line or a system. */
#include <math.h>
#include <string.h>

#include "engine.h"
#include "html.h"

void
html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\'')
			fputs("&#39;", out);
		else if (c < ' ' || c == 0x7f)
			fputc(' ', out);
		else
			fputc(c, out);
	}
}

void
html_cell(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
	html_text(out, text);
	fprintf(out, "</%s>", tag);
}

const char *
html_number(char *text, double value)
{
	double size = fabs(value);
	int digits;

	if (!isfinite(value)) {
		snprintf(text, HTML_NUMBER, "-");
		return text;
	}
	digits = size >= 999.95 ? 0 : size >= 99.995 ? 1 : size >= 9.9995 ? 2 : 3;
	if (size > 0 && size < 0.0995)
		snprintf(text, HTML_NUMBER, "%#.3g", value);
	else
		snprintf(text, HTML_NUMBER, "%.*f", digits, value);
	return text;
}

void
html_number_cell(FILE *out, double value)
{
	char text[HTML_NUMBER];

	fprintf(out, "<td class=\"n\">%s</td>", html_number(text, value));
}

void
html_count_cell(FILE *out, double value)
{
	char text[HTML_NUMBER];
	size_t len;

	if (!isfinite(value)) {
		fputs("<td class=\"n\">-</td>", out);
		return;
	}
	snprintf(text, sizeof(text), "%.0f", fabs(value));
	len = strlen(text);
	fputs(value <= -0.5 ? "<td class=\"n\">-" : "<td class=\"n\">", out);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			fputs("&#8239;", out);
		fputc(text[i], out);
	}
	fputs("</td>", out);
}

void
html_swatch(FILE *out, unsigned system)
{
	fprintf(out, "<i class=\"swatch c%u\"></i>", system % 8);
}

void
html_system(const struct report_page *page, unsigned system)
{
	html_swatch(page->out, system);
	html_text(page->out, page->set->systems[system].name);
}

const char *
html_bytes(char *text, uint64_t bytes)
{
	static const char units[] = {'\0', 'K', 'M', 'G'};
	unsigned unit = 0;

	for (; bytes >= 1024 && bytes % 1024 == 0 && unit < 3; unit++)
		bytes /= 1024;
	snprintf(text, HTML_BYTES, "%llu%.1s", (unsigned long long)bytes, &units[unit]);
	return text;
}

void
html_tick(const struct xd_row *row, char *text, size_t size)
{
	char bytes[HTML_BYTES];

	if (report_size_figure(row))
		snprintf(text, size, "%s", html_bytes(bytes, report_size(row)));
	else if (row->mix[0])
		snprintf(text, size, "%.*s", (int)size - 1, row->mix);
	else
		snprintf(text, size, "%u", row->size);
}

void
html_line(FILE *out, const struct xd_row *row)
{
	char bytes[HTML_BYTES];
	size_t len;

	if (report_size_figure(row)) {
		len = strlen(html_bytes(bytes, report_size(row)));
		if (bytes[len - 1] > '9')
			fprintf(out, "%.*s %ciB", (int)len - 1, bytes, bytes[len - 1]);
		else
			fprintf(out, "%s B", bytes);
	} else if (row->mix[0]) {
		html_text(out, row->mix);
		fprintf(out, " (mean %u B)", row->size);
	} else if (!row->capture[0]) {
		fprintf(out, "%u B", row->size);
	} else {
		fprintf(out, "mean %u B", row->size);
	}
	if (row->pairs.vms)
		fprintf(out, ", %u VMs%s", row->pairs.vms,
			row->pairs.is_baseline ? " (alone)" : "");
}

/* What was asked for among an engine's own figures, and who takes part. */
static void
group_asked(FILE *out, const struct xd_row *row)
{
	unsigned n = 0;

	for (const struct xd_figure *f = row->engine->figures; f && f->key; f++) {
		if (f->role != XD_FIGURE_ASKED ||
			(f->kind == XD_FIGURE_FLAG && !*(const bool *)xd_figure_at(f, row)))
			continue;
		fputs(n++ ? ", " : "", out);
		if (f->kind == XD_FIGURE_TEXT)
			html_text(out, xd_figure_at(f, row));
		else
			html_text(out, f->head ? f->head : f->key);
		if (f->kind == XD_FIGURE_REAL)
			fprintf(out, " %g", xd_figure_real(f, row));
		else if (f->kind == XD_FIGURE_COUNT || f->kind == XD_FIGURE_UNSIGNED)
			fprintf(out, " %llu", (unsigned long long)xd_figure_count(f, row));
	}
	fprintf(out, "%s", n ? ", " : "");
	if (report_size_figure(row) && row->rate.nb_ports > 2)
		fprintf(out, "%u ports, ", row->rate.nb_ports);
}

static void
group_traffic(FILE *out, const struct xd_row *row)
{
	char rings[XD_RINGS_TEXT];

	group_asked(out, row);
	if (!report_size_figure(row))
		fprintf(out, "%s, %s, %u %s flow%s, ", xd_pattern_name(row->pattern),
			row->direction == XD_DIRECTION_ONE ? "one way" : "both ways", row->flows,
			xd_flow_kind_name(row->flow_kind), row->flows == 1 ? "" : "s");
	fprintf(out, "touch %s", xd_touch_name(row->touch));
	if (row->rings.rings[0]) {
		fputs(", ", out);
		html_text(out, xd_rings_text(&row->rings, rings, sizeof(rings)));
	}
	if (row->capture[0]) {
		fputs(", capture ", out);
		html_text(out, row->capture);
	}
	if (row->template_text[0]) {
		fputs(", template ", out);
		html_text(out, row->template_text);
	}
}

void
html_group(FILE *out, const struct xd_row *row)
{
	const struct xd_search_figures *s = &row->search;
	char text[HTML_NUMBER];

	fprintf(out, "<b>%s</b> ", row->engine->name);
	html_text(out, row->name);
	if (engine_of(row)->report.is_alone && row->name[0])
		return; /* it says all of it */
	fputs(row->name[0] ? ", " : "", out);
	if (s->method[0]) {
		html_text(out, s->method);
		fputs(s->goal[0] ? " " : "", out);
		html_text(out, s->goal);
		fputs(", ", out);
	}
	group_traffic(out, row);
	if (s->method[0] || report_size_figure(row))
		return;
	if (row->timed)
		fprintf(out, ", timed %s", xd_times_way_name(row->latency.way));
	if (row->rate.asked_pps > 0)
		fprintf(out, ", asked %s Mpps each", html_number(text, row->rate.asked_pps / 1e6));
	else if (!xd_row_is_rated(row))
		fputs(", one at a time", out);
	else
		fputs(", as many as go", out);
}

void
html_table_open(FILE *out, const char *class)
{
	fprintf(out, "<div class=\"wide\"><table class=\"%s\">\n", class);
}

void
html_table_close(FILE *out)
{
	fputs("</table></div>\n", out);
}

void
html_group_row(const struct report_page *page, const struct report_line *line,
	const struct report_line *before, unsigned columns)
{
	if (before && !strcmp(before->group, line->group))
		return;
	fprintf(page->out, "<tr class=\"group\"><th colspan=\"%u\"><span>", columns);
	html_group(page->out, line->like);
	fputs("</span></th></tr>\n", page->out);
}
