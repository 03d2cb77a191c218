/* SPDX-License-Identifier: BSD-3-Clause */
/* Charts: series of points are put into a gnuplot script, with axes, bounds and legend; gnuplot.c
 * has it drawn. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "gnuplot.h"

/* As in the page's style: c0, c1, ... */
static const char *const colours[] = {
	"#2f7fd0", "#d9651a", "#1a9a6c", "#b960a8", "#b8890b", "#4fa9c9", "#8a6fd1", "#8c8c3a"};
static const unsigned marks[] = {7, 5, 9, 13};
#define GREY "#888888"

struct chart *
chart_create(const char *title, const struct xd_row *group)
{
	struct chart *chart = calloc(1, sizeof(*chart));

	if (chart) {
		chart->title = title;
		chart->group = group;
	}
	return chart;
}

int
chart_tick(struct chart *chart, const char *text)
{
	char safe[sizeof(chart->ticks[0])];
	size_t n = 0;

	/* It goes to gnuplot: nothing there that it might take for more than text. */
	for (; *text && n < sizeof(safe) - 1; text++)
		safe[n++] =
			*text > ' ' && *text < 0x7f && !strchr("'\"\\{}$`@^", *text) ? *text : ' ';
	safe[n] = '\0';
	for (unsigned i = 0; i < chart->nb_ticks; i++)
		if (!strcmp(chart->ticks[i], safe))
			return (int)i;
	if (chart->nb_ticks == CHART_TICKS_MAX)
		return -1;
	memcpy(chart->ticks[chart->nb_ticks], safe, sizeof(safe));
	return (int)chart->nb_ticks++;
}

struct chart_series *
chart_series(struct chart *chart, unsigned system)
{
	if (chart->nb_series == CHART_SERIES_MAX)
		return NULL;
	chart->series[chart->nb_series].system = system;
	return &chart->series[chart->nb_series++];
}

void
chart_point(struct chart_series *series, double x, const struct report_sample *sample)
{
	if (!series || series->n == CHART_TICKS_MAX || !(x >= 0) || !isfinite(sample->median))
		return;
	series->points[series->n++] =
		(struct chart_point){x, sample->median, sample->low, sample->high};
}

void
chart_value(struct chart_series *series, double x, double y)
{
	struct report_sample sample = {1, y, y, NAN, NAN};

	chart_point(series, x, &sample);
}

static bool
has_bounds(const struct chart_series *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (isfinite(s->points[i].low) && isfinite(s->points[i].high))
			return true;
	return false;
}

static void
write_ticks(FILE *out, const struct chart *c)
{
	unsigned every = (c->nb_ticks + 9) / 10;

	if (!c->nb_ticks)
		return;
	fprintf(out, "set xrange [-0.5:%u.5]\nset xtics nomirror scale 0.5 (", c->nb_ticks - 1);
	for (unsigned i = 0; i < c->nb_ticks; i += every) {
		fputs(i ? ", '" : "'", out);
		/* It is a format to gnuplot. */
		for (const char *tick = c->ticks[i]; *tick; tick++)
			fputs(*tick == '%' ? "%%" : (char[]){*tick, '\0'}, out);
		fprintf(out, "' %u", i);
	}
	fputs(")\n", out);
}

/* Of a logarithmic axis of bytes: powers of 16, and the bounds of what there is. */
static void
write_bytes_axis(FILE *out, const struct chart *c)
{
	double least = INFINITY, most = 1;
	char text[HTML_BYTES];
	unsigned n = 0;

	for (unsigned i = 0; i < c->nb_series; i++)
		for (unsigned j = 0; j < c->series[i].n; j++) {
			least = fmin(least, c->series[i].points[j].x);
			most = fmax(most, c->series[i].points[j].x);
		}
	fprintf(out, "set logscale x 2\nset xrange [%.10g:%.10g]\nset xtics nomirror scale 0.5 (",
		least / 1.4, most * 1.4);
	for (uint64_t x = 1; (double)x <= most; x *= 16)
		if ((double)x >= least / 1.4)
			fprintf(out, "%s'%s' %llu", n++ ? ", " : "", html_bytes(text, x),
				(unsigned long long)x);
	fputs(")\n", out);
}

static void
write_data(FILE *out, const struct chart *c)
{
	for (unsigned i = 0; i < c->nb_series; i++) {
		const struct chart_series *s = &c->series[i];

		fprintf(out, "$d%u << EOD\n", i);
		for (unsigned j = 0; j < s->n; j++) {
			const struct chart_point *p = &s->points[j];
			bool bounds = isfinite(p->low) && isfinite(p->high);
			double low = bounds ? p->low : p->y;

			if (c->log_y && p->y <= 0)
				continue;
			/* A logarithmic axis has no room for less than nothing. */
			if (c->log_y && low <= 0)
				low = p->y;
			fprintf(out, "%.10g %.10g %.10g %.10g\n", p->x, p->y, low,
				bounds ? p->high : p->y);
		}
		fputs("EOD\n", out);
	}
}

/* How one series is drawn: bars where there is nothing to connect, else lines and marks. */
static void
write_series(
	FILE *out, const struct chart *c, unsigned i, bool bars, unsigned nb_bars, unsigned bar)
{
	const struct chart_series *s = &c->series[i];
	const char *colour = s->own ? GREY : colours[s->system % 8];
	bool line = s->own || s->published;
	double width = 0.8 / nb_bars, shift = bars ? (bar - (nb_bars - 1) / 2.0) * width : 0;

	if (bars)
		fprintf(out,
			"$d%u using ($1+%.4f):2:(%.4f) with boxes fc rgb '%s' fs solid 0.85 "
			"noborder",
			i, shift, width * 0.9, colour);
	else
		fprintf(out, "$d%u using 1:2 with %s lc rgb '%s' lw 2 dt %s pt %u ps 0.6", i,
			line ? "lines" : "linespoints", colour,
			s->published          ? "(3,3)"
			: s->dashed || s->own ? "(8,5)"
					      : "1",
			marks[s->system % 4]);
	if (!line && has_bounds(s))
		fprintf(out,
			", $d%u using ($1+%.4f):3:(0):($4-$3) with vectors heads size graph "
			"0.008,90 "
			"lc rgb '%s' lw 1",
			i, shift, bars ? "black" : colour);
}

static void
write_plot(FILE *out, const struct chart *c)
{
	bool bars = c->nb_ticks == 1 && !c->log_y;
	unsigned nb_bars = 0, bar = 0;

	for (unsigned i = 0; i < c->nb_series; i++)
		nb_bars += !c->series[i].own && c->series[i].n;
	for (unsigned i = 0, n = 0; i < c->nb_series; i++) {
		const struct chart_series *s = &c->series[i];

		if (!s->n)
			continue;
		fputs(n++ ? ", " : "plot ", out);
		if (bars && s->own)
			fprintf(out, "[-0.5:0.5] %.10g with lines lc rgb '" GREY "' lw 2 dt (8,5)",
				s->points[0].y);
		else
			write_series(out, c, i, bars, nb_bars ? nb_bars : 1, bar);
		bar += !s->own;
	}
	fputs("\n", out);
}

static void
write_script(FILE *out, const struct chart *c)
{
	fputs("set encoding utf8\nset terminal svg size 480,290 dynamic noenhanced font "
	      "'sans-serif,13' butt\n"
	      "set key off\nset border 3 lc rgb 'black' lw 0.7\nset ytics nomirror scale 0.5\n"
	      "set xtics nomirror scale 0.5\nset grid ytics lc rgb '" GREY "' lw 0.4 dt 1\n"
	      "set bars 0.5\nset lmargin 9\nset rmargin 2\nset tmargin 1\n",
		out);
	fprintf(out, "set xlabel '%s'\nset ylabel '%s' offset 1,0\n", c->x_label, c->y_label);
	if (c->log_y)
		fputs("set logscale y\nset format y '%g'\n", out);
	else if (c->from_zero && c->top > 0)
		fprintf(out, "set yrange [0:%.10g]\n", c->top);
	else if (c->from_zero)
		fputs("set yrange [0:*]\nset offsets graph 0, 0, 0.05, 0\n", out);
	if (c->log_x)
		write_bytes_axis(out, c);
	else
		write_ticks(out, c);
	write_data(out, c);
	write_plot(out, c);
}

/* Each system once, and what its lines are. */
static void
write_legend(struct report_page *page, const struct chart *c)
{
	const char *solid = NULL, *dashed = NULL, *own = NULL;
	bool seen[REPORT_SYSTEMS_MAX] = {false};

	fputs("<div class=\"legend\">", page->out);
	for (unsigned i = 0; i < c->nb_series; i++) {
		const struct chart_series *s = &c->series[i];

		if (!s->n || s->published)
			continue;
		if (s->own)
			own = s->name;
		else if (s->dashed)
			dashed = s->name;
		else
			solid = s->name;
		if (s->own || seen[s->system])
			continue;
		seen[s->system] = true;
		fputs("<span>", page->out);
		html_system(page, s->system);
		fputs("</span>", page->out);
	}
	for (unsigned i = 0; i < c->nb_series; i++) {
		if (!c->series[i].n || !c->series[i].published)
			continue;
		fprintf(page->out, "<span><i class=\"swatch line p%u\"></i>",
			c->series[i].system % 8);
		fputs("published: ", page->out);
		html_text(page->out, c->series[i].name);
		fputs("</span>", page->out);
	}
	if (solid && dashed)
		fprintf(page->out, "<span class=\"dim\">solid: %s, dashed: %s</span>", solid,
			dashed);
	if (own)
		fprintf(page->out, "<span><i class=\"swatch line\"></i>%s</span>", own);
	if (c->off_chart)
		fputs("<span class=\"dim\">the generator alone: more than 3 times as much</span>",
			page->out);
	fputs("</div>", page->out);
}

static char *
script_of(const struct chart *c)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_script(out, c);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void
draw(struct report_page *page, const struct chart *c)
{
	char *script = script_of(c), *svg = NULL;

	if (script)
		svg = gnuplot_svg(script, c->title, page->err);
	else
		xd_fail(page->err, -ENOMEM, "no memory for a chart");
	if (!svg) {
		page->rc = page->err->code;
	} else {
		fprintf(page->out, "<figure><figcaption>%s", c->title);
		if (c->group) {
			fputs("<span>", page->out);
			html_group(page->out, c->group);
			fputs("</span>", page->out);
		}
		fputs("</figcaption>\n", page->out);
		fputs(svg, page->out);
		write_legend(page, c);
		fputs("</figure>\n", page->out);
	}
	free(svg);
	free(script);
}

static void
leave_out_own(struct chart *c)
{
	double most = 0, least = INFINITY;

	for (unsigned i = 0; i < c->nb_series; i++)
		for (unsigned j = 0; j < c->series[i].n; j++) {
			double y = c->series[i].points[j].y;

			if (c->series[i].own)
				least = fmin(least, y);
			else
				most = fmax(most, y);
		}
	if (!isfinite(least) || least <= 3 * most)
		return;
	c->off_chart = true;
	for (unsigned i = 0; i < c->nb_series; i++)
		if (c->series[i].own)
			c->series[i].n = 0;
}

void
chart_draw(struct report_page *page, struct chart *chart)
{
	unsigned points = 0;

	if (!chart) {
		page->rc = xd_fail(page->err, -ENOMEM, "no memory for a chart");
		return;
	}
	for (unsigned i = 0; i < chart->nb_series; i++)
		for (unsigned j = 0; j < chart->series[i].n; j++)
			points += !chart->series[i].own && !chart->series[i].published &&
				  (!chart->log_y || chart->series[i].points[j].y > 0);
	if (chart->from_zero)
		leave_out_own(chart);
	if (points && !page->rc)
		draw(page, chart);
	free(chart);
}
