/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands, and what a line is held against. */
#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/suggest.h"
#include "traffic/engine/session/session_parts.h"

#define WORD       32
#define CANDIDATES 64

const struct xd_session_command xd_session_commands[] = {
	{"help", "control", "the sections of help", xd_cmd_help},
	{"help <section>", "control", "the commands of one, or all", xd_cmd_help},
	{"start", "control", "forward, in the background", xd_cmd_start},
	{"start tx_first", "control", "each port sends a burst, then forward", xd_cmd_start},
	{"start tx_first <bursts>", "control", "the same with so many bursts", xd_cmd_start},
	{"stop", "control", "end forwarding, and show its figures", xd_cmd_stop},
	{"load <file>", "control", "carry out the lines of a file", xd_cmd_load},
	{"sleep <seconds>", "control", "wait, as a script does between start and stop",
		xd_cmd_sleep},
	{"quit|exit", "control", "end forwarding and the session", xd_cmd_quit},

	{"show port summary <ports>", "display", "a line for each port", xd_cmd_show_summary},
	{"show port info <ports>", "display", "what a port is", xd_cmd_show_info},
	{"show port stats <ports>", "display", "what it counted, and rates since the last time",
		xd_cmd_show_stats},
	{"show port xstats <ports>", "display", "what its driver counted", xd_cmd_show_xstats},
	{"show fwd stats all", "display", "what was forwarded since the start, by port",
		xd_cmd_show_fwd},
	{"show fwd streams all", "display", "the same by stream", xd_cmd_show_streams},
	{"show config fwd|rxtx|cores|txpkts|all", "display", "what is set", xd_cmd_show_config},
	{"clear port stats|xstats <ports>", "display", "count anew from here", xd_cmd_clear_stats},
	{"clear fwd stats all", "display", "the same of what was forwarded", xd_cmd_clear_fwd},

	{"set fwd <mode>", "config", "what becomes of frames, see help modes", xd_cmd_set_fwd},
	{"set fwd <mode> retry", "config", "... and what finds no room is tried again",
		xd_cmd_set_fwd},
	{"set retry <onoff>", "config", "whether what finds no room is tried again",
		xd_cmd_set_retry},
	{"set burst tx delay <us> retry <retries>", "config", "how long to wait, how often to try",
		xd_cmd_set_delay},
	{"set burst <burst>", "config", "frames moved at once", xd_cmd_set_burst},
	{"set nbcore <cores>", "config", "how many of the core list forward", xd_cmd_set_nbcore},
	{"set corelist <list>", "config", "cores that forward: 1,2 or 1-3", xd_cmd_set_corelist},
	{"set nbport <count>", "config", "the first so many ports take part", xd_cmd_set_nbport},
	{"set portlist <list>", "config", "ports that take part, in order", xd_cmd_set_portlist},
	{"set port-topology <topology>", "config",
		"0 to 1 and back; 0 to 1 to 2 to 0; each to itself", xd_cmd_set_topology},
	{"set eth-peer <port> <mac>", "config", "to whom mac, txonly and flowgen send",
		xd_cmd_set_peer},
	{"set txpkts <lengths>", "config", "bytes of made frames; a list is added up",
		xd_cmd_set_txpkts},
	{"set txsplit <split>", "config", "rand: the first so many of that list, at random",
		xd_cmd_set_txsplit},
	{"set flows <flows>", "config", "of mode flowgen", xd_cmd_set_flows},
	{"set verbose <level>", "config", "show frames: 1 received, 2 sent, 3 both",
		xd_cmd_set_verbose},
	{"set promisc|allmulti <ports> <onoff>", "config", "what a device lets through",
		xd_cmd_set_switch},
	{"set link-up|link-down port <port>", "config", "of a device that can", xd_cmd_set_link},
	{"set default", "config", "all of this as it was at the beginning", xd_cmd_set_default},

	{"port attach <spec>", "ports", "virtio:PATH  loop:NAME  dpdk:DEVARGS, or DEVARGS alone",
		xd_cmd_attach},
	{"port detach|close <ports>", "ports", "close it; its number is free then", xd_cmd_detach},
	{"port start|stop <ports>", "ports", "a stopped port does not forward", xd_cmd_port},
	{NULL, NULL, NULL, NULL},
};

/* ---- Arguments ---- */

enum kind { NUMBER, WORDS, PORTS, TEXT };

struct argument {
	const char *name;
	enum kind kind;
	uint64_t min, max;
	const char *const *words; /* NULL of kind WORDS: the modes */
	const char *what;         /* kind TEXT, for people */
};

static const char *const onoff[] = {"on", "off", NULL};
static const char *const splits[] = {"off", "on", "rand", NULL};
static const char *const topologies[] = {"paired", "chained", "loop", NULL};
static const char *const sections[] = {
	"control", "display", "config", "ports", "modes", "all", NULL};

static const struct argument arguments[] = {
	{"section", WORDS, .words = sections},
	{"mode", WORDS, .words = NULL},
	{"onoff", WORDS, .words = onoff},
	{"split", WORDS, .words = splits},
	{"topology", WORDS, .words = topologies},
	{"ports", PORTS, .words = NULL},
	{"port", NUMBER, .min = 0, .max = XD_GEN_PORTS_MAX - 1},
	{"bursts", NUMBER, .min = 1, .max = 65535},
	{"burst", NUMBER, .min = 1, .max = XD_GEN_BURST},
	{"us", NUMBER, .min = 0, .max = XD_FORWARD_DELAY_US_MAX},
	{"retries", NUMBER, .min = 1, .max = XD_FORWARD_RETRIES_MAX},
	{"cores", NUMBER, .min = 1, .max = XD_GEN_CORES_MAX},
	{"count", NUMBER, .min = 1, .max = XD_GEN_PORTS_MAX},
	{"flows", NUMBER, .min = 1, .max = 1 << 20},
	{"level", NUMBER, .min = 0, .max = 3},
	{"seconds", TEXT, .what = "0.001 to 86400 seconds"},
	{"file", TEXT, .what = "the name of a file"},
	{"list", TEXT, .what = "numbers such as 0,1 or 0-3"},
	{"lengths", TEXT, .what = "bytes such as 64 or 64,128"},
	{"mac", TEXT, .what = "an address such as 02:00:00:00:00:01"},
	{"spec", TEXT, .what = "a port such as virtio:/tmp/a.sock"},
	{NULL, TEXT, .what = "text"},
};

/* The argument that a pattern's word is; NULL: it is typed as it is. */
static const struct argument *
argument_of(const char *word)
{
	const struct argument *a = arguments;

	if (word[0] != '<')
		return NULL;
	for (; a->name; a++)
		if (!strncmp(word + 1, a->name, strlen(a->name)) &&
			word[1 + strlen(a->name)] == '>')
			return a;
	return a;
}

/* The words of a list with | between, or of an argument: adds them to list, ended by NULL. Text for
 * the first is kept in room. */
static unsigned
words_of(const char *pattern, char room[][WORD], const char **list, unsigned n)
{
	const struct argument *a = argument_of(pattern);

	if (a && a->kind == WORDS && !a->words) {
		for (unsigned i = 0; xd_forward_modes[i] && n < CANDIDATES; i++)
			list[n++] = xd_forward_modes[i]->name;
	} else if (a) {
		for (unsigned i = 0; a->words && a->words[i] && n < CANDIDATES; i++)
			list[n++] = a->words[i];
		if (a->kind == PORTS && n < CANDIDATES)
			list[n++] = "all";
	} else {
		while (n < CANDIDATES) {
			size_t len = strcspn(pattern, "|");

			snprintf(room[n], WORD, "%.*s", (int)len, pattern);
			list[n] = room[n];
			n++;
			if (pattern[len] == '\0')
				break;
			pattern += len + 1;
		}
	}
	list[n] = NULL;
	return n;
}

/* Word number i of a pattern; false: it has no such. */
static bool
pattern_word(const char *pattern, int i, char word[WORD * 2])
{
	for (; i > 0 && *pattern; i--) {
		pattern += strcspn(pattern, " ");
		pattern += *pattern == ' ';
	}
	snprintf(word, WORD * 2, "%.*s", (int)strcspn(pattern, " "), pattern);
	return word[0] != '\0';
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(*words, text))
			return true;
	return false;
}

static bool
accepts(const char *pattern, const char *text)
{
	const struct argument *a = argument_of(pattern);
	char room[CANDIDATES][WORD];
	const char *list[CANDIDATES + 1];
	uint64_t number;

	if (a && a->kind == TEXT)
		return true;
	if (a && a->kind == NUMBER)
		return !xd_number_parse(text, a->min, a->max, &number);
	if (a && a->kind == PORTS && !xd_number_parse(text, 0, XD_GEN_PORTS_MAX - 1, &number))
		return true;
	words_of(pattern, room, list, 0);
	return is_one_of(text, list);
}

/* Adds the words that a pattern's word may be, those that are not there yet; returns how many there
 * are. */
static unsigned
add_words(const char *pattern, char room[][WORD], const char **list, unsigned n)
{
	unsigned all = words_of(pattern, room, list, n), kept = n;

	for (unsigned i = n; i < all; i++) {
		const char *word = list[i];

		list[kept] = NULL;
		if (!is_one_of(word, list))
			list[kept++] = word;
	}
	list[kept] = NULL;
	return kept;
}

/* How many of the words are the pattern's, from the first on. */
static int
matching(const struct xd_session_command *c, int argc, char **argv)
{
	char word[WORD * 2];
	int n = 0;

	while (n < argc && pattern_word(c->pattern, n, word) && accepts(word, argv[n]))
		n++;
	return n;
}

/* ---- What is wrong ---- */

/* The words typed, to number n. */
static void
join(int n, char **argv, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "", argv[i]);
}

/* It ends too early: what it could have been. */
static int
refuse_short(int argc, char **argv, struct xd_error *err)
{
	char typed[96], usage[256] = "";
	unsigned n = 0;
	size_t used = 0;

	join(argc, argv, typed, sizeof(typed));
	for (const struct xd_session_command *c = xd_session_commands; c->pattern && n < 4; c++)
		if (matching(c, argc, argv) == argc && used < sizeof(usage))
			used += (size_t)snprintf(usage + used, sizeof(usage) - used, "%s%s",
				n++ ? "; " : "", c->pattern);
	return xd_fail(err, -EINVAL, "%s needs more: %s", typed, usage);
}

/* An argument that cannot be what it is. */
static int
refuse_value(const struct argument *a, const char *typed, struct xd_error *err)
{
	return xd_fail(err, -EINVAL, "%s: <%s> is a number from %llu to %llu", typed, a->name,
		(unsigned long long)a->min, (unsigned long long)a->max);
}

/* Word number n is none that may be there. */
static int
refuse_word(int n, int argc, char **argv, struct xd_error *err)
{
	char room[CANDIDATES][WORD], typed[96], before[96], word[WORD * 2], hint[200];
	const struct argument *number = NULL;
	const char *list[CANDIDATES + 1] = {NULL};
	unsigned nb = 0;

	join(n, argv, before, sizeof(before));
	join(n + 1 < argc ? n + 1 : argc, argv, typed, sizeof(typed));
	for (const struct xd_session_command *c = xd_session_commands; c->pattern; c++) {
		const struct argument *a;

		if (matching(c, argc, argv) != n || !pattern_word(c->pattern, n, word))
			continue;
		a = argument_of(word);
		if (a && a->kind == NUMBER)
			number = a;
		nb = add_words(word, room, list, nb);
	}
	if (number && (nb == 0 || !xd_suggest_nearest(argv[n], list)))
		return refuse_value(number, typed, err);
	if (nb == 0)
		return xd_fail(err, -EINVAL, "%s: nothing follows %s", typed, before);
	if (n == 0 && !xd_suggest_nearest(argv[0], list))
		return xd_fail(err, -EINVAL, "%s: unknown command; help lists them", typed);
	return xd_fail(err, -EINVAL, "%s: unknown%s%s", typed, n ? "" : " command",
		xd_suggest_hint(argv[n], list, hint, sizeof(hint)));
}

const struct xd_session_command *
xd_session_find(int argc, char **argv, struct xd_error *err)
{
	const char *instead;
	char word[WORD * 2];
	int most = 0;

	for (const struct xd_session_command *c = xd_session_commands; c->pattern; c++) {
		int n = matching(c, argc, argv);

		if (n == argc && !pattern_word(c->pattern, n, word))
			return c;
		most = n > most ? n : most;
	}
	instead = xd_session_instead(argc, argv);
	if (instead)
		xd_fail(err, -ENOTSUP, "%s", instead);
	else if (most == argc)
		refuse_short(argc, argv, err);
	else
		refuse_word(most, argc, argv, err);
	return NULL;
}

/* ---- Completion ---- */

static void
offer_ports(struct xd_session *s, const char *prefix, void (*offer)(void *arg, const char *word),
	void *arg)
{
	unsigned ports[XD_GEN_PORTS_MAX];
	unsigned n = xd_session_ports(s, ports);
	char word[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "%u", ports[i]);
		if (!strncmp(word, prefix, strlen(prefix)))
			offer(arg, word);
	}
}

void
xd_session_complete(struct xd_session *s, int nb_words, char **words, const char *prefix,
	void (*offer)(void *arg, const char *word), void *arg)
{
	char room[CANDIDATES][WORD], word[WORD * 2];
	const char *list[CANDIDATES + 1] = {NULL};
	unsigned n = 0, first = 0;
	bool ports = false;

	for (const struct xd_session_command *c = xd_session_commands; c->pattern; c++) {
		if (matching(c, nb_words, words) != nb_words ||
			!pattern_word(c->pattern, nb_words, word))
			continue;
		ports |= !strcmp(word, "<ports>") || !strcmp(word, "<port>");
		first = n;
		n = add_words(word, room, list, n);
		for (unsigned i = first; i < n; i++)
			if (!strncmp(list[i], prefix, strlen(prefix)))
				offer(arg, list[i]);
	}
	if (ports)
		offer_ports(s, prefix, offer, arg);
}
