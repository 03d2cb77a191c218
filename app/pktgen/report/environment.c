/* SPDX-License-Identifier: BSD-3-Clause */
/* What was run, and where; and what was measured but does not count. */
#include <string.h>

#include "section.h"

#define CLASSES 4

typedef void (*fact_fn)(FILE *out, const struct xd_results *results);

static void
fact_started(FILE *out, const struct xd_results *results)
{
	html_text(out, results->started);
}

static void
fact_host(FILE *out, const struct xd_results *results)
{
	html_text(out, results->host);
}

static void
fact_cpu(FILE *out, const struct xd_results *results)
{
	html_text(out, results->cpu);
	if (results->cpus)
		fprintf(out, " (%u CPU%s)", results->cpus, results->cpus == 1 ? "" : "s");
	if (results->tsc_hz > 0)
		fprintf(out, ", TSC %.2f GHz", results->tsc_hz / 1e9);
}

static void
fact_kernel(FILE *out, const struct xd_results *results)
{
	html_text(out, results->kernel);
}

static void
fact_hugepages(FILE *out, const struct xd_results *results)
{
	fputs(results->hugepages ? "free ones of 2 MiB" : "none free", out);
}

static void
fact_numa(FILE *out, const struct xd_results *results)
{
	if (results->numa_nodes == 1)
		fputs("one node: memory, cores and guests are all on it", out);
	else if (results->numa_nodes)
		fprintf(out, "%u nodes", results->numa_nodes);
	else
		fputs("-", out);
}

static void
fact_dpdk(FILE *out, const struct xd_results *results)
{
	html_text(out, results->dpdk);
}

static void
fact_version(FILE *out, const struct xd_results *results)
{
	html_text(out, results->version);
}

static void
fact_placement(FILE *out, const struct xd_results *results)
{
	static const char *const names[CLASSES] = {"near", "far", "mixed", "unknown"};
	unsigned count[CLASSES] = {0}, written = 0;

	for (unsigned i = 0; i < results->n; i++)
		for (unsigned j = 0; j < CLASSES; j++)
			count[j] += !strcmp(report_class(&results->rows[i]), names[j]);
	for (unsigned j = 0; j < CLASSES; j++)
		if (count[j])
			fprintf(out, "%s%s: %u row%s", written++ ? ", " : "", names[j], count[j],
				count[j] == 1 ? "" : "s");
}

static void
fact_steal(FILE *out, const struct xd_results *results)
{
	double steal = 0, time = 0;

	for (unsigned i = 0; i < results->n; i++) {
		steal += results->rows[i].steal_s;
		time += results->rows[i].time_s;
	}
	fprintf(out, "%.2f s of %.1f s measured", steal, time);
}

static void
fact_ports(FILE *out, const struct xd_results *results)
{
	char rings[XD_RINGS_TEXT];

	for (unsigned i = 0; i < results->nb_ports; i++) {
		const struct xd_result_port *port = &results->ports[i];

		fputs(i ? "<br>" : "", out);
		html_text(out, port->name);
		fputs("<br><small>", out);
		html_text(out, xd_rings_text(&port->rings, rings, sizeof(rings)));
		fputs(port->rings.rings[0] ? ", " : "", out);
		html_text(out, port->memory);
		if (port->core >= 0)
			fprintf(out, ", core %d", port->core);
		fputs("</small>", out);
	}
}

static void
fact_command(FILE *out, const struct xd_results *results)
{
	fputs("<span class=\"cmd\">", out);
	html_text(out, results->command);
	fputs("</span>", out);
}

static void
fact_end(FILE *out, const struct xd_results *results)
{
	if (!results->partial && !results->reason[0]) {
		fputs("complete", out);
		return;
	}
	fputs("<span class=\"badge\">partial</span> ", out);
	html_text(out, results->reason);
}

static const struct {
	const char *name;
	fact_fn write;
} facts[] = {
	{"date", fact_started},
	{"host", fact_host},
	{"CPU", fact_cpu},
	{"kernel", fact_kernel},
	{"hugepages", fact_hugepages},
	{"NUMA", fact_numa},
	{"DPDK", fact_dpdk},
	{"generator", fact_version},
	{"cores' placement", fact_placement},
	{"steal time", fact_steal},
	{"ports", fact_ports},
	{"command", fact_command},
	{"end", fact_end},
};

void
section_environment(struct report_page *page)
{
	const struct report_set *set = page->set;

	fputs("<h2 id=\"environment\">What was run</h2>\n", page->out);
	html_table_open(page->out, "env");
	fputs("<thead><tr><th></th>", page->out);
	for (unsigned i = 0; i < set->nb_files; i++) {
		const struct report_file *file = &set->files[i];

		fputs("<th>", page->out);
		if (file->system >= 0)
			html_system(page, (unsigned)file->system);
		else
			html_text(page->out, file->results.label[0] ? file->results.label
								    : "the generator alone");
		fputs("<br><small>", page->out);
		html_text(page->out, file->name);
		fputs("</small></th>", page->out);
	}
	fputs("</tr></thead>\n<tbody>\n", page->out);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		fprintf(page->out, "<tr><th class=\"f\">%s</th>", facts[i].name);
		for (unsigned j = 0; j < set->nb_files; j++) {
			fputs("<td>", page->out);
			facts[i].write(page->out, &set->files[j].results);
			fputs("</td>", page->out);
		}
		fputs("</tr>\n", page->out);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

static void
write_why(FILE *out, const struct report_line *line, const struct report_trial *trial)
{
	const struct xd_row *row = trial->row;

	if (trial->use == REPORT_VOID)
		html_text(out, row->void_reason[0] ? row->void_reason : "no reason is given");
	else if (trial->use == REPORT_PARTIAL)
		fputs("cut short", out);
	else
		fprintf(out, "cores %s (%.0f and %.0f ns); compared are those that are %s",
			report_class(row), row->placement_before_ns, row->placement_after_ns,
			line->class ? line->class : "-");
}

static unsigned
left_out(struct report_page *page, const struct report_line *lines, unsigned n, bool write)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < REPORT_SYSTEMS_MAX; j++)
			for (unsigned k = 0; k < lines[i].cells[j].n; k++) {
				const struct report_trial *trial = &lines[i].cells[j].trials[k];

				if (trial->use == REPORT_USED)
					continue;
				count++;
				if (!write)
					continue;
				fprintf(page->out, "<tr><td>");
				html_text(page->out, page->set->files[trial->file].name);
				fprintf(page->out, "</td><td class=\"n\">%u</td><td>",
					trial->number);
				html_group(page->out, trial->row);
				fputs(": ", page->out);
				html_line(page->out, trial->row);
				fprintf(page->out, "</td><td>%s</td><td>",
					report_use_name(trial->use));
				write_why(page->out, &lines[i], trial);
				fputs("</td></tr>\n", page->out);
			}
	return count;
}

void
section_left_out(struct report_page *page)
{
	const struct report_set *set = page->set;
	unsigned n = left_out(page, set->lines, set->n, false) +
		     left_out(page, set->floor, set->nb_floor, false);

	if (!n)
		return;
	fprintf(page->out,
		"<h2 id=\"left-out\">Trials that do not count</h2>\n"
		"<p>%u trial%s, none of them in any figure above.</p>\n",
		n, n == 1 ? "" : "s");
	html_table_open(page->out, "left-out");
	fputs("<thead><tr><th>file</th><th class=\"n\">row</th><th>what</th><th>mark</th>"
	      "<th>why</th></tr></thead>\n<tbody>\n",
		page->out);
	left_out(page, set->lines, set->n, true);
	left_out(page, set->floor, set->nb_floor, true);
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}
