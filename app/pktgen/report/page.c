/* SPDX-License-Identifier: BSD-3-Clause */
/* The page from head to foot: its title, links to its sections, then the sections one after the
 * other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "engine.h"
#include "page.h"
#include "section.h"

static void
default_title(const struct report_set *set, char *title, size_t size)
{
	const char *said =
		set->nb_suites == 1
			? json_string_value(json_object_get(set->suites[0].root, "title"))
			: NULL;
	size_t used = 0;

	if (said && set->nb_roots == 1) {
		snprintf(title, size, "%s", said);
		return;
	}
	title[0] = '\0';
	for (unsigned i = 0; i < set->nb_systems && used < size; i++)
		used += (size_t)snprintf(
			title + used, size - used, "%s%s", i ? " / " : "", set->systems[i].name);
	if (!set->nb_systems)
		snprintf(title, size, "The generator alone");
}

static bool
has_engine(const struct report_set *set, const struct engine *engine)
{
	const struct report_line *lines = engine->report.is_alone ? set->floor : set->lines;
	unsigned n = engine->report.is_alone ? set->nb_floor : set->n;

	if (engine->report.has)
		return engine->report.has(set);
	for (unsigned i = 0; i < n; i++)
		if (lines[i].like->engine == engine->results)
			return engine->report.section || engine->report.protocol ||
			       engine->results->figures;
	return false;
}

/* Sections of the engines that measure a switch, or of those that measure the generator. */
static void
write_engines(struct report_page *page, bool alone)
{
	for (unsigned i = 0; engines[i]; i++) {
		const struct engine_report *report = &engines[i]->report;

		if (report->is_alone != alone)
			continue;
		if (report->section)
			report->section(page);
		else if (report->protocol)
			section_message(page, engines[i]);
		else
			section_own(page, engines[i]);
	}
}

static void
write_link(FILE *out, bool there, const char *id, const char *name)
{
	if (there)
		fprintf(out, "<a href=\"#%s\">%s</a>\n", id, name);
}

static void
link_engines(struct report_page *page, bool alone)
{
	for (unsigned i = 0; engines[i]; i++)
		if (engines[i]->report.is_alone == alone)
			write_link(page->out, has_engine(page->set, engines[i]),
				engines[i]->results->name,
				engines[i]->report.title ? engines[i]->report.title
							 : engines[i]->results->name);
}

static void
write_head(struct report_page *page)
{
	const struct report_set *set = page->set;
	bool paced = false;
	unsigned rows = 0;

	for (unsigned i = 0; i < set->n; i++)
		paced |= set->lines[i].like->paced;
	for (unsigned i = 0; i < set->nb_floor; i++)
		paced |= set->floor[i].like->paced;
	for (unsigned i = 0; i < set->nb_files; i++)
		rows += set->files[i].results.n;
	fputs("<h1>", page->out);
	html_text(page->out, page->title);
	fprintf(page->out,
		"</h1>\n<p class=\"dim\">crossdock-pktgen, %u result file%s, %u rows</p>\n<nav>\n",
		set->nb_roots, set->nb_roots == 1 ? "" : "s", rows);
	write_link(page->out, section_has_summary(set), "summary", "Summary");
	link_engines(page, false);
	write_link(page->out, paced, "pacing", "Schedule");
	link_engines(page, true);
	write_link(page->out, page->references && page->references->n, "published",
		"Published figures");
	write_link(page->out, set->nb_suites, "steps", "Steps");
	write_link(page->out, true, "environment", "What was run");
	fputs("</nav>\n", page->out);
}

static void
write_page(struct report_page *page)
{
	html_open(page->out, page->title);
	write_head(page);
	section_message_charts(page);
	section_summary(page);
	write_engines(page, false);
	section_pacing(page);
	write_engines(page, true);
	section_left_out(page);
	section_steps(page);
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
