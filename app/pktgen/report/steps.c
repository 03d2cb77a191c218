/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of suites: what each was, and what became of it. */
#include <string.h>

#include "section.h"

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The options as they were, and those of the ports. */
static void
write_options(FILE *out, const json_t *step)
{
	const json_t *words = json_object_get(step, "options"), *word;
	size_t i;

	fputs("<td class=\"cmd\">", out);
	json_array_foreach(words, i, word)
	{
		fputs(i ? " " : "", out);
		html_text(out, json_is_string(word) ? json_string_value(word) : "");
	}
	if (text_of(step, "guest")[0]) {
		fputs(json_array_size(words) ? "; ports " : "ports ", out);
		html_text(out, text_of(step, "guest"));
	}
	fputs("</td>", out);
}

static void
write_step(FILE *out, size_t number, const json_t *step)
{
	const char *state = text_of(step, "state"), *reason = text_of(step, "reason");
	const json_t *ports = json_object_get(step, "ports");
	const json_t *took = json_object_get(step, "took_s");

	fprintf(out, "<tr><td class=\"n\">%zu</td><th class=\"f\">", number);
	html_text(out, text_of(step, "name"));
	fputs("</th>", out);
	html_cell(out, "td", NULL, text_of(step, "engine"));
	fprintf(out, "<td class=\"n\">%lld</td>", (long long)json_integer_value(ports));
	if (json_is_number(took))
		fprintf(out, "<td class=\"n\">%.1f</td>", json_number_value(took));
	else
		fputs("<td class=\"n\">-</td>", out);
	fputs("<td>", out);
	if (strcmp(state, "done"))
		fputs("<span class=\"badge\">", out);
	html_text(out, state);
	if (strcmp(state, "done"))
		fputs("</span> ", out);
	html_text(out, reason);
	fputs("</td>", out);
	write_options(out, step);
	fputs("</tr>\n", out);
}

static void
write_suite(struct report_page *page, const struct report_suite *suite)
{
	const json_t *steps = json_object_get(suite->root, "steps"), *step;
	size_t i;

	fputs("<h3>", page->out);
	html_text(page->out, text_of(suite->root, "title"));
	fputs("</h3>\n<p>", page->out);
	html_text(page->out, suite->path);
	if (json_is_true(json_object_get(suite->root, "partial"))) {
		fputs(" <span class=\"badge\">partial</span> ", page->out);
		html_text(page->out, text_of(suite->root, "reason"));
	}
	fputs("</p>\n", page->out);
	html_table_open(page->out, "steps");
	fputs("<thead><tr><th class=\"n\"></th><th>step</th><th>engine</th>"
	      "<th class=\"n\">ports</th><th class=\"n\">took<br>s</th><th>end</th>"
	      "<th>options</th></tr></thead>\n<tbody>\n",
		page->out);
	json_array_foreach(steps, i, step) write_step(page->out, i + 1, step);
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

void
section_steps(struct report_page *page)
{
	const struct report_set *set = page->set;

	if (!set->nb_suites)
		return;
	fputs("<h2 id=\"steps\">Steps</h2>\n", page->out);
	for (unsigned i = 0; i < set->nb_suites; i++)
		write_suite(page, &set->suites[i]);
}
