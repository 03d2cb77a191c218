/* SPDX-License-Identifier: BSD-3-Clause */
/* The prompt of a session: lines from a terminal, a pipe or a file, handed to the session one by
 * one while it forwards; signals, and the end. */
#include "session_prompt.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line_editor.h"
#include "crossdock.h"
#include "memory/memory.h"
#include "run_eal.h"
#include "traffic/engine/session/ports.h"

#define PROMPT  "session> "
#define TICK_NS (100 * 1000 * 1000) /* between looks at what is forwarded */

/* A signal handler has nothing else to reach. */
static volatile sig_atomic_t interrupted; /* SIGINT: what goes on shall end */
static volatile sig_atomic_t ended;       /* SIGTERM, SIGHUP: the session shall */
static volatile sig_atomic_t continued;   /* SIGCONT, SIGWINCH: the terminal is another */
static volatile bool cancelled;           /* either of the first two, for ports that wait */

struct input {
	const struct options *o;
	struct xd_session *session;
	struct xd_session_ports *ports;
	FILE *out;                  /* goes through write_out */
	struct line_editor *editor; /* NULL: no terminal */
	bool typing, hidden;        /* a line, which is out of the way for what is written */
	bool eal;
	sigset_t open; /* signals that come through while it waits */
	char piped[XD_SESSION_LINE + 1];
	size_t nb_piped; /* bytes of it */
	bool over;       /* the pipe's end */
};

static void
on_signal(int signal)
{
	interrupted |= signal == SIGINT;
	ended |= signal == SIGTERM || signal == SIGHUP;
	continued |= signal == SIGCONT || signal == SIGWINCH;
	cancelled = interrupted || ended;
}

/* ---- Writing ---- */

/* What is written while a line is typed takes its place. */
static ssize_t
write_out(void *cookie, const char *text, size_t bytes)
{
	struct input *in = cookie;

	if (in->typing && in->editor && !in->hidden) {
		line_editor_hide(in->editor);
		in->hidden = true;
	}
	return (ssize_t)fwrite(text, 1, bytes, stdout);
}

static void
flush(struct input *in)
{
	fflush(in->out);
	fflush(stdout);
	if (in->hidden)
		line_editor_show(in->editor);
	in->hidden = false;
}

/* ---- Waiting ---- */

/* With signals held back but for while it waits, none is lost between a look and the wait. Returns
 * what ppoll does; -1 also when there is one already. */
static int
wait_open(struct input *in, struct pollfd *fd, double seconds)
{
	struct timespec limit = {
		(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	sigset_t all, before;
	int n = -1;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (!interrupted && !ended)
		n = ppoll(fd, fd ? 1 : 0, &limit, &in->open);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

/* For something to read; false: it was told to end. Meanwhile shows what goes on. */
static bool
wait_input(void *ctx)
{
	struct input *in = ctx;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	for (;;) {
		int n = wait_open(in, &fd, TICK_NS / 1e9);

		if (interrupted || ended)
			return false;
		if (n > 0)
			return true;
		if (continued && in->editor)
			line_editor_resume(in->editor);
		continued = false;
		xd_session_tick(in->session);
		flush(in);
	}
}

static bool
sleep_for(void *ctx, double seconds)
{
	struct input *in = ctx;

	flush(in);
	wait_open(in, NULL, seconds);
	return !interrupted && !ended;
}

/* ---- Lines ---- */

/* The line that ends at `end` of what was read from the pipe. */
static const char *
take_piped(struct input *in, size_t end, char *line)
{
	size_t len = end < in->nb_piped ? end + 1 : end;

	memcpy(line, in->piped, end);
	line[end] = '\0';
	memmove(in->piped, in->piped + len, in->nb_piped - len);
	in->nb_piped -= len;
	return line;
}

/* The next line of a pipe or a file, into `line`; one that is too long comes in parts, of which the
 * first is refused as too long. NULL: no more, or it was told to end. */
static const char *
read_piped(struct input *in, char line[sizeof(in->piped) + 1])
{
	for (;;) {
		char *end = memchr(in->piped, '\n', in->nb_piped);
		ssize_t n;

		if (end)
			return take_piped(in, (size_t)(end - in->piped), line);
		if (in->nb_piped == sizeof(in->piped) || (in->over && in->nb_piped))
			return take_piped(in, in->nb_piped, line);
		if (in->over || !wait_input(in))
			return NULL;
		n = read(STDIN_FILENO, in->piped + in->nb_piped, sizeof(in->piped) - in->nb_piped);
		in->over = n <= 0;
		in->nb_piped += n > 0 ? (size_t)n : 0;
	}
}

/* As on a terminal: the prompt, and the line that is read behind it. */
static const char *
next_line(struct input *in, char *line)
{
	const char *text;

	in->typing = true;
	if (in->editor) {
		text = line_editor_read(in->editor);
	} else {
		fputs(PROMPT, stdout);
		fflush(stdout);
		text = read_piped(in, line);
		printf("%s\n", text ? text : "");
	}
	in->typing = false;
	return text;
}

/* Ctrl-C ends what is going on: forwarding; else, where there is no line to give up, the session.
 * True: it goes on. */
static bool
end_what_goes_on(struct input *in)
{
	bool forwarding = xd_session_running(in->session);

	interrupted = 0;
	cancelled = ended;
	if (in->editor)
		putchar('\n');
	if (forwarding)
		xd_session_stop(in->session);
	flush(in);
	return forwarding || in->editor;
}

/* Carries out a line with signals let through; false: no more shall be. */
static bool
run_line(struct input *in, const char *text)
{
	xd_session_line(in->session, text);
	flush(in);
	if (interrupted && !ended)
		return end_what_goes_on(in);
	return !ended;
}

static void
converse(struct input *in)
{
	char line[sizeof(in->piped) + 1];
	bool more = true;

	while (more && !xd_session_ended(in->session) && !ended) {
		const char *text = next_line(in, line);

		if (text)
			more = run_line(in, text);
		else
			more = interrupted && !ended && end_what_goes_on(in);
	}
	if (in->editor && !xd_session_ended(in->session))
		putchar('\n');
}

/* ---- Beginning and end ---- */

/* The EAL pins the thread as it likes. */
static int
start_eal(void *ctx, struct xd_error *err)
{
	struct input *in = ctx;
	cpu_set_t set;
	bool kept = !sched_getaffinity(0, sizeof(set), &set);
	int rc = run_eal_start("crossdock-pktgen", in->o->eal_args, in->o->nb_eal_args, err);

	in->eal = rc == 0;
	if (kept)
		sched_setaffinity(0, sizeof(set), &set);
	return rc;
}

/* The prompt leaves the cores that forward alone, where there are others. */
static void
step_aside(const struct xd_gen *gen)
{
	cpu_set_t all, others;

	CPU_ZERO(&all);
	for (int core = 0; core < CPU_SETSIZE; core++)
		CPU_SET(core, &all);
	others = all;
	for (unsigned i = 0; i < gen->nb_cores; i++)
		if (gen->cores[i] >= 0)
			CPU_CLR(gen->cores[i], &others);
	if (sched_setaffinity(0, sizeof(others), &others))
		sched_setaffinity(0, sizeof(all), &all);
}

static void
handle_signals(struct input *in)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCONT, SIGWINCH};
	struct sigaction action = {.sa_handler = on_signal};

	interrupted = ended = continued = 0;
	cancelled = false;
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &in->open);
}

static void
complete(void *ctx, int nb_words, char **words, const char *prefix, line_editor_offer offer,
	void *arg)
{
	struct input *in = ctx;

	xd_session_complete(in->session, nb_words, words, prefix, offer, arg);
}

static int
set_up(struct input *in, struct xd_gen *gen, struct xd_error *err)
{
	const cookie_io_functions_t functions = {.write = write_out};
	int core = gen->cores[0];
	struct xd_session_ports_opts ports = {
		.frame_bytes = options_longest(in->o),
		.node = core >= 0 ? xd_memory_core_node((unsigned)core) : XD_NODE_ANY,
		.timeout_ms = in->o->timeout_ms,
		.cancel = &cancelled,
		.start_eal = start_eal,
		.sleep = sleep_for,
		.ctx = in,
	};
	struct xd_session_opts session = {
		.nb_cores = in->o->nb_cores ? in->o->nb_cores : XD_GEN_CORES_MAX,
		.nb_used = in->o->nb_cores ? in->o->nb_cores : 1,
		.tsc_hz = gen->tsc_hz,
	};

	for (unsigned i = 0; i < XD_GEN_CORES_MAX; i++)
		session.cores[i] = in->o->nb_cores ? gen->cores[i] : -1;
	in->out = fopencookie(in, "w", functions);
	in->ports = in->out ? xd_session_ports_create(&ports) : NULL;
	if (!in->ports)
		return xd_fail(err, -ENOMEM, "no memory for a session");
	session.out = in->out;
	session.bench = xd_session_ports_bench(in->ports);
	in->session = xd_session_create(&session);
	return in->session ? 0 : xd_fail(err, -ENOMEM, "no memory for a session");
}

/* What an option stands for. */
static int
run_option(struct input *in, const char *line, int code, struct xd_error *err)
{
	int rc = xd_session_line(in->session, line);

	flush(in);
	if (ended || interrupted)
		return xd_fail(err, -EINTR, "interrupted");
	return rc ? xd_fail(err, code, "\"%s\", which an option stands for, failed", line) : 0;
}

/* The first that fails ends the program; of scripts none does. */
static int
run_options(struct input *in, const struct session_prompt_opts *opts, struct xd_error *err)
{
	char line[XD_SESSION_LINE];
	int rc = 0;

	for (unsigned i = 0; i < in->o->nb_ports && !rc; i++) {
		snprintf(line, sizeof(line), "port attach %s", in->o->ports[i]);
		rc = run_option(in, line, -EIO, err);
	}
	for (unsigned i = 0; i < opts->nb_lines && !rc; i++)
		rc = run_option(in, opts->lines[i], -EINVAL, err);
	for (unsigned i = 0; i < opts->nb_scripts && !rc && !ended; i++) {
		xd_session_load(in->session, opts->scripts[i]);
		flush(in);
		if (xd_session_ended(in->session))
			break;
		if (interrupted && !ended && !end_what_goes_on(in))
			rc = xd_fail(err, -EINTR, "interrupted");
	}
	return rc;
}

int
session_prompt_run(const struct options *o, struct xd_gen *gen,
	const struct session_prompt_opts *opts, struct xd_error *err)
{
	struct input in = {.o = o};
	const struct line_editor_opts editor = {
		.program = "crossdock-pktgen",
		.prompt = PROMPT,
		.complete = complete,
		.wait = wait_input,
		.ctx = &in,
	};
	int rc;

	handle_signals(&in);
	step_aside(gen);
	rc = set_up(&in, gen, err);
	if (!rc)
		rc = run_options(&in, opts, err);
	if (!rc && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		in.editor = line_editor_open(&editor);
	if (!rc)
		converse(&in);
	if (in.session && xd_session_failed(in.session) && !in.editor && !rc)
		rc = xd_fail(err, -EIO, "%u command%s failed", xd_session_failed(in.session),
			xd_session_failed(in.session) == 1 ? "" : "s");
	line_editor_close(in.editor);
	in.editor = NULL;
	if (in.session)
		xd_session_stop(in.session);
	if (in.out)
		flush(&in);
	xd_session_destroy(in.session);
	xd_session_ports_destroy(in.ports);
	if (in.out)
		fclose(in.out);
	if (in.eal)
		xd_memory_stop();
	return rc;
}
