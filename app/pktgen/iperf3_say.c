/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of an iperf3 test, each with what was asked for before it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "iperf3_show.h"

static void
begin_line(const struct iperf3_show *show)
{
	const time_t now = time(NULL);
	char text[128];
	struct tm tm;

	if (show->timestamps && localtime_r(&now, &tm) &&
		strftime(text, sizeof(text), show->timestamps, &tm))
		fputs(text, show->out);
	if (show->title)
		fprintf(show->out, "%s:  ", show->title);
}

void
iperf3_keep(struct iperf3_show *show, bool keeps)
{
	if (keeps && !show->kept)
		show->kept = malloc(IPERF3_KEPT);
	show->keeps = keeps && show->kept;
	show->nb_kept = 0;
	if (show->keeps)
		show->kept[0] = '\0';
}

/* As much as there is room for. */
static void
keep(struct iperf3_show *show, const char *text)
{
	const size_t len = strlen(text);

	show->keeps = show->keeps && len < IPERF3_KEPT - show->nb_kept;
	if (!show->keeps)
		return;
	memcpy(show->kept + show->nb_kept, text, len + 1);
	show->nb_kept += len;
}

void
iperf3_say(struct iperf3_show *show, const char *format, ...)
{
	char text[IPERF3_SAID];
	size_t len, ends;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	keep(show, text);
	for (const char *line = text; *line; line += len + ends) {
		len = strcspn(line, "\n");
		ends = line[len] != '\0';
		if (!show->in_line)
			begin_line(show);
		fwrite(line, 1, len + ends, show->out);
		show->in_line = !ends;
	}
}
