/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "page.h"
#include "section.h"

static void
default_title(const struct report_set *set, char *title, size_t size)
{
	size_t used = 0;

	title[0] = '\0';
	for (unsigned i = 0; i < set->nb_systems && used < size; i++)
		used += (size_t)snprintf(
			title + used, size - used, "%s%s", i ? " / " : "", set->systems[i].name);
	if (!set->nb_systems)
		snprintf(title, size, "The generator alone");
}

static bool
has_engine(const struct report_set *set, enum xd_engine engine)
{
	for (unsigned i = 0; i < set->n; i++)
		if (set->lines[i].like->engine == engine)
			return true;
	return false;
}

static void
write_link(FILE *out, bool there, const char *id, const char *name)
{
	if (there)
		fprintf(out, "<a href=\"#%s\">%s</a>\n", id, name);
}

static void
write_head(struct report_page *page)
{
	const struct report_set *set = page->set;
	bool timed = false, paced = false;
	unsigned rows = 0;

	for (unsigned i = 0; i < set->n; i++) {
		timed |= set->lines[i].like->timed;
		paced |= set->lines[i].like->paced;
	}
	for (unsigned i = 0; i < set->nb_floor; i++)
		paced |= set->floor[i].like->paced;
	for (unsigned i = 0; i < set->nb_files; i++)
		rows += set->files[i].results.n;
	fputs("<h1>", page->out);
	html_text(page->out, page->title);
	fprintf(page->out,
		"</h1>\n<p class=\"dim\">crossdock-pktgen, %u result file%s, %u rows</p>\n<nav>\n",
		set->nb_files, set->nb_files == 1 ? "" : "s", rows);
	write_link(page->out, set->n, "summary", "Summary");
	write_link(page->out, has_engine(set, XD_ENGINE_RATE), "rate", "Rate");
	write_link(page->out, timed, "latency", "Latency");
	write_link(page->out, has_engine(set, XD_ENGINE_SEARCH), "search", "Searches");
	write_link(page->out, has_engine(set, XD_ENGINE_PAIRS), "pairs", "Pairs");
	write_link(page->out, paced, "pacing", "Schedule");
	write_link(page->out, set->nb_floor, "calibrate", "Generator alone");
	write_link(page->out, page->references && page->references->n, "published",
		"Published figures");
	write_link(page->out, true, "environment", "What was run");
	fputs("</nav>\n", page->out);
}

static void
write_page(struct report_page *page)
{
	html_open(page->out, page->title);
	write_head(page);
	section_summary(page);
	section_rate(page);
	section_latency(page);
	section_search(page);
	section_pairs(page);
	section_pacing(page);
	section_floor(page);
	section_left_out(page);
	section_reference(page);
	section_environment(page);
	fputs("<footer>", page->out);
	html_text(page->out, "crossdock-pktgen report ");
	html_text(page->out, xd_version());
	fputs("</footer>\n", page->out);
	html_close(page->out);
}

char *
report_page(const struct report_set *set, const struct report_references *references,
	const char *title, struct xd_error *err)
{
	struct report_page page = {.set = set, .references = references, .err = err};
	char made[512], *text = NULL;
	size_t size = 0;

	default_title(set, made, sizeof(made));
	page.title = title ? title : made;
	page.out = open_memstream(&text, &size);
	if (!page.out) {
		xd_fail(err, -ENOMEM, "no memory for the page");
		return NULL;
	}
	write_page(&page);
	if (fclose(page.out) && !page.rc)
		page.rc = xd_fail(err, -ENOMEM, "no memory for the page");
	if (page.rc) {
		free(text);
		return NULL;
	}
	return text;
}
