/* SPDX-License-Identifier: BSD-3-Clause */
/* A chart of some series, drawn by gnuplot as SVG that goes into the page. */
#ifndef PKTGEN_REPORT_CHART_H
#define PKTGEN_REPORT_CHART_H

#include <stdbool.h>

#include "html.h"

#define CHART_TICKS_MAX  64
#define CHART_SERIES_MAX 36
#define CHART_US         "\302\265s" /* microseconds, in UTF-8 */

struct chart_point {
	double x; /* number of the tick, from 0; log_x: a value */
	double y;
	double low, high; /* what goes with it, or NAN */
};

struct chart_series {
	unsigned system; /* its colour and name */
	bool own;        /* the generator's, not of a system: grey */
	bool published;  /* others', not of a system: dashed, with a name of its own in the legend,
			  * and system is the number of its colour */
	bool dashed;
	const char *name; /* what it is of the system, HTML; published: text; or NULL */
	unsigned n;
	struct chart_point points[CHART_TICKS_MAX];
};

struct chart {
	const char *title;
	const struct xd_row *group; /* described under the title; or NULL */
	const char *x_label, *y_label;
	bool log_x; /* x are values from 1, bytes: there are no ticks */
	bool log_y;
	bool from_zero; /* where y begins */
	double top;     /* where it ends; 0: where it has to */
	bool off_chart; /* set by drawing: the generator's series are so far above the others that
			 * these would lie on the axis, and are left out */
	unsigned nb_ticks;
	char ticks[CHART_TICKS_MAX][24];
	unsigned nb_series;
	struct chart_series series[CHART_SERIES_MAX];
};

/* An empty one to be freed, or NULL. */
struct chart *chart_create(const char *title, const struct xd_row *group);
/* A tick: its number, found by its text or added; -1 when there are too many. */
int chart_tick(struct chart *chart, const char *text);
/* A series, or NULL when there are too many. */
struct chart_series *chart_series(struct chart *chart, unsigned system);
/* Points beyond the most, and y that is not finite, are left out. */
void chart_point(struct chart_series *series, double x, const struct report_sample *sample);
void chart_value(struct chart_series *series, double x, double y);

/* Draws it into the page, with a legend; nothing when it has no points. Errors go to page->rc:
 * -ENOENT: there is no gnuplot. Frees it. */
void chart_draw(struct report_page *page, struct chart *chart);

#endif
