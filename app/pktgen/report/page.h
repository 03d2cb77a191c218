/* SPDX-License-Identifier: BSD-3-Clause */
/* The page as a whole. */
#ifndef PKTGEN_REPORT_PAGE_H
#define PKTGEN_REPORT_PAGE_H

#include "reference.h"
#include "set.h"

/* The HTML, which the caller frees. title NULL: one made of the systems' names. NULL with the
 * errors of gnuplot_svg, or -ENOMEM. */
char *report_page(const struct report_set *set, const struct report_references *references,
	const char *title, struct xd_error *err);

#endif
