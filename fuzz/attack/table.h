/* What attack prints about each check: a line of the table, for people, or a plain line, for
 * programs. */
#ifndef ATTACK_TABLE_H
#define ATTACK_TABLE_H

#include "checks.h"

#include <stdio.h>

struct table {
    bool plain;
    FILE *notes;  /* what else there is to say: standard output, or, if plain, standard error */
    char **words; /* our own command line */
    uint64_t seed;
};

void table_line(const struct table *table, const struct check *check, const struct tally *tally,
                double seconds);
void table_skipped(const struct table *table, const struct check *check, const char *why);

/* The command that runs this check again: ours, with more options. */
void table_again(const struct table *table, const struct check *check);

/* What the server has printed since the last call. */
void table_said(const struct table *table, struct server *server);

/* List the checks, with their rules. */
void table_list(void);

/* List a line for each rule of each check: the rule, a blank, the check. */
void table_rules(void);

#endif
