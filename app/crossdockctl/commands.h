/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands: NOUN VERB [ARGUMENTS], one table for running, help and completion. Verbs that every
 * noun has come from the table of nouns (config/noun.h). */
#ifndef CROSSDOCKCTL_COMMANDS_H
#define CROSSDOCKCTL_COMMANDS_H

#include <jansson.h>

#include "config/noun.h"
#include "ctl.h"

/* What an argument is, for completion. */
enum word {
	WORD_NONE,
	WORD_NAME, /* of an entry of a noun */
	WORD_KEYS, /* of a noun: KEY=VALUE, this and all that follow */
	WORD_FILE,
	WORD_COMPONENT,
	WORD_LEVEL,
};

struct command {
	const char *noun, *verb;
	const char *args; /* for people: "NAME KEY=VALUE..." */
	const char *help;
	const char *example; /* arguments of a typical use; or NULL */
	int min_args, max_args;
	struct {
		enum word kind;
		const struct xd_noun *noun;
	} words[3];
	const char *method;
	/* The parameters of the method; NULL: it was said why not. When missing: none. */
	json_t *(*params)(struct ctl *ctl, int argc, char **argv);
	/* The result for people. When missing: nothing is printed. */
	void (*print)(const json_t *result);
	/* Instead of the three above. Returns the exit status. */
	int (*run)(struct ctl *ctl, const struct command *command, int argc, char **argv);
	const struct xd_noun *entries; /* what it is about, when that has entries; or NULL */
};

/* All commands, ended by a NULL noun, in one piece of memory. NULL: no memory. */
struct command *commands_create(void);

/* Runs the command that argv names. Returns the exit status. */
int command_run(struct ctl *ctl, int argc, char **argv);
/* Help on everything (noun NULL) or on one noun, to stdout. CTL_USAGE: no such noun. */
int command_help(const struct ctl *ctl, const char *noun);
/* Prints a result as JSON. */
void command_print_json(const json_t *result);

/* Nouns, and the verbs of one, each ended by NULL; max 24. */
void command_nouns(const struct ctl *ctl, const char *nouns[25]);
void command_verbs(const struct ctl *ctl, const char *noun, const char *verbs[25]);

/* Parameters: KEY=VALUE arguments into object. 0, or CTL_USAGE. */
int command_pairs(json_t *object, int argc, char **argv);

json_t *config_params(struct ctl *ctl, int argc, char **argv);
void config_print_show(const json_t *result);
void config_print_check(const json_t *result);
void config_print_diff(const json_t *result);
void config_print_changed(const json_t *result);

json_t *entry_params(struct ctl *ctl, int argc, char **argv);
json_t *name_params(struct ctl *ctl, int argc, char **argv);
json_t *rename_params(struct ctl *ctl, int argc, char **argv);
/* Shows the list that the method answers with, by print or as a table of the keys, or one entry
 * wholly. */
int entry_show_as(struct ctl *ctl, const struct command *command, int argc, char **argv,
	void (*print)(const json_t *list));
int entry_show(struct ctl *ctl, const struct command *command, int argc, char **argv);
void bond_print(const json_t *result);
json_t *bond_active_params(struct ctl *ctl, int argc, char **argv);
int mirror_show(struct ctl *ctl, const struct command *command, int argc, char **argv);
int bridge_show(struct ctl *ctl, const struct command *command, int argc, char **argv);
int port_show(struct ctl *ctl, const struct command *command, int argc, char **argv);

int import_ovs(struct ctl *ctl, const struct command *command, int argc, char **argv);
int nic_list(struct ctl *ctl, const struct command *command, int argc, char **argv);
int fdb_show(struct ctl *ctl, const struct command *command, int argc, char **argv);
json_t *fdb_flush_params(struct ctl *ctl, int argc, char **argv);
json_t *fdb_add_params(struct ctl *ctl, int argc, char **argv);
json_t *fdb_del_params(struct ctl *ctl, int argc, char **argv);
void worker_print(const json_t *result);
json_t *balance_params(struct ctl *ctl, int argc, char **argv);
void balance_print(const json_t *result);
void memory_print(const json_t *result);
json_t *port_params(struct ctl *ctl, int argc, char **argv);
int stats_show(struct ctl *ctl, const struct command *command, int argc, char **argv);
int stats_drops(struct ctl *ctl, const struct command *command, int argc, char **argv);
json_t *log_set_params(struct ctl *ctl, int argc, char **argv);
void log_print(const json_t *result);
void status_print(const json_t *result);

#endif
