/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs gnuplot over a script and takes the SVG that it writes, with what the page decides left out
 * of it: colours, fonts, titles, ids, empty groups. No file is made. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gnuplot.h"
#include "html.h"

/* Starts it: its input a file in memory, so that it never waits for us, its output a pipe, what it
 * complains of another file in memory. */
static int
start(int in, int out, int complaints, pid_t *pid)
{
	char name[] = "gnuplot", defaults[] = "-d";
	char *argv[] = {name, defaults, NULL};
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return -rc;
	if (posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) ||
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) ||
		posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO))
		rc = ENOMEM;
	else
		rc = posix_spawnp(pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static char *
read_all(int fd)
{
	char *text = NULL, part[4096];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	ssize_t n = -1;

	if (!out)
		return NULL;
	while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			fwrite(part, 1, (size_t)n, out);
	if (fclose(out) || n < 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* What it complained of, as one line. */
static void
complain(int complaints, struct xd_error *err)
{
	char text[256] = "";
	ssize_t n = pread(complaints, text, sizeof(text) - 1, 0);

	for (ssize_t i = 0; i < n; i++)
		if (!isprint((unsigned char)text[i]))
			text[i] = ' ';
	xd_fail(err, -EIO, "gnuplot failed: %s", n > 0 ? text : "it says not why");
}

static int
memory_file(const char *name, const char *text)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	size_t size = strlen(text);

	if (fd >= 0 && (write(fd, text, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* All that it writes; its end is awaited. */
static char *
run(const char *script, struct xd_error *err)
{
	int in = memory_file("script", script), complaints = memory_file("complaints", "");
	int pipes[2] = {-1, -1}, rc, status = -1;
	char *text = NULL;
	pid_t pid;

	if (in < 0 || complaints < 0 || pipe2(pipes, O_CLOEXEC)) {
		xd_fail(err, -errno, "no pipe to gnuplot: %s", strerror(errno));
		goto out;
	}
	rc = start(in, pipes[1], complaints, &pid);
	close(pipes[1]);
	pipes[1] = -1;
	if (rc == -ENOENT) {
		xd_fail(err, rc,
			"gnuplot, which draws the charts, is not there: install the "
			"package gnuplot-nox");
		goto out;
	}
	if (rc) {
		xd_fail(err, rc, "gnuplot: %s", strerror(-rc));
		goto out;
	}
	text = read_all(pipes[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!text || status != 0 || !strstr(text, "</svg>")) {
		free(text);
		text = NULL;
		complain(complaints, err);
	}
out:
	for (unsigned i = 0; i < 2; i++)
		if (pipes[i] >= 0)
			close(pipes[i]);
	if (in >= 0)
		close(in);
	if (complaints >= 0)
		close(complaints);
	return text;
}

/* If text begins with a piece that is not wanted, its length; *instead is what to write. */
static size_t
unwanted(const char *text, const char **instead)
{
	static const struct {
		const char *piece, *instead;
	} pieces[] = {
		{" color=\"black\"", ""},
		{" color=\"gray\"", ""},
		{" color=\"white\"", ""},
		{" color='black'", ""},
		{"stroke=\"black\"", "stroke=\"currentColor\""},
		{"stroke='black'", "stroke='currentColor'"},
		{"fill=\"black\"", "fill=\"currentColor\""},
		{"fill='black'", "fill='currentColor'"},
		{"rgb(  0,   0,   0)", "currentColor"},
		{"rgb(0,0,0)", "currentColor"},
	};
	/* From one mark to the next. */
	static const char *const spans[][2] = {
		{"<title>", "</title>"},
		{"<desc>", "</desc>"},
		{"<defs>", "</defs>"},
		{" id=\"", "\""},
		{" font-family=\"", "\""},
	};
	const char *end;

	*instead = "";
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		if (!strncmp(text, pieces[i].piece, strlen(pieces[i].piece))) {
			*instead = pieces[i].instead;
			return strlen(pieces[i].piece);
		}
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		size_t head = strlen(spans[i][0]);

		if (strncmp(text, spans[i][0], head))
			continue;
		end = strstr(text + head, spans[i][1]);
		return end ? (size_t)(end - text) + strlen(spans[i][1]) : head;
	}
	return 0;
}

/* The length of a group with nothing in it, of which gnuplot writes many. */
static size_t
empty_group(const char *text)
{
	const char *end;

	if (strncmp(text, "<g ", 3))
		return 0;
	end = strchr(text, '>');
	if (!end || strncmp(end + 1, "\n</g>\n", 6))
		return 0;
	return (size_t)(end - text) + 7;
}

static char *
adapt(const char *text, const char *title, struct xd_error *err)
{
	char *svg = NULL;
	size_t size = 0, skip;
	FILE *out = open_memstream(&svg, &size);
	const char *instead;

	if (!out) {
		xd_fail(err, -ENOMEM, "no memory for a chart");
		return NULL;
	}
	text = strstr(text, "<svg");
	fputs("<svg role=\"img\" aria-label=\"", out);
	html_text(out, title);
	fputc('"', out);
	for (text += 4; *text;) {
		skip = empty_group(text);
		instead = "";
		if (!skip)
			skip = unwanted(text, &instead);
		fputs(instead, out);
		if (!skip)
			fputc(*text++, out);
		text += skip;
	}
	if (fclose(out)) {
		free(svg);
		xd_fail(err, -ENOMEM, "no memory for a chart");
		return NULL;
	}
	return svg;
}

char *
gnuplot_svg(const char *script, const char *title, struct xd_error *err)
{
	char *text = run(script, err), *svg = NULL;

	if (text && strstr(text, "<svg"))
		svg = adapt(text, title, err);
	else if (text)
		xd_fail(err, -EIO, "gnuplot drew no SVG: is this gnuplot-nox?");
	free(text);
	return svg;
}
