/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of an iperf3 test, each with what was asked for before it. */
#include <stdarg.h>
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
iperf3_say(struct iperf3_show *show, const char *format, ...)
{
	char text[IPERF3_SAID];
	size_t len, ends;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const char *line = text; *line; line += len + ends) {
		len = strcspn(line, "\n");
		ends = line[len] != '\0';
		if (!show->in_line)
			begin_line(show);
		fwrite(line, 1, len + ends, show->out);
		show->in_line = !ends;
	}
}
