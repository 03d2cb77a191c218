/* SPDX-License-Identifier: BSD-3-Clause */
/* The program gnuplot, which draws. */
#ifndef PKTGEN_REPORT_GNUPLOT_H
#define PKTGEN_REPORT_GNUPLOT_H

#include "base/error.h"

/* What it draws for a script, as an <svg> element fit for an HTML page: colours that follow the
 * page's, no names of its own but those of the page's marks. The caller frees it. title: for those
 * who do not see it. NULL with -ENOENT: it is not installed; -EIO: it failed; -ENOMEM. */
char *gnuplot_svg(const char *script, const char *title, struct xd_error *err);

#endif
