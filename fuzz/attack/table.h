/* What attack prints: a table, for people, or plain lines or a document of JSON, for programs. */
#ifndef ATTACK_TABLE_H
#define ATTACK_TABLE_H

#include "checks.h"

#include <jansson.h>
#include <stdio.h>

/* conformance/report/README.md describes the document of JSON. */
enum form { FORM_TABLE, FORM_PLAIN, FORM_JSON };

struct table {
    enum form form;
    FILE *notes;  /* what else there is to say: standard output, or, if no table, standard error */
    char **words; /* our own command line */
    uint64_t seed;
    json_t *document; /* JSON only, */
    json_t *checks;   /* its list, */
    json_t *check;    /* and the last one of that */
};

struct counts {
    int passed, failed, skipped, unknown;
};

/* Print what comes first. The server is a command, or listens at an address and a port. */
void table_begin(struct table *table, char *const *command, const char *address, int port);

/* Print the head of the table. */
void table_head(const struct table *table);

/* Print what comes last. Returns whether all could be printed. */
bool table_end(struct table *table, const struct counts *counts, int status);

void table_line(struct table *table, const struct check *check, const struct tally *tally,
                double seconds);
void table_skipped(struct table *table, const struct check *check, const char *why);

/* The command that runs this check again: ours, with more options. */
void table_again(struct table *table, const struct check *check);

/* What the server has printed since the last call. */
void table_said(struct table *table, struct server *server);

/* List the checks, with their rules. */
void table_list(void);

/* List a line for each rule of each check: the rule, a blank, the check. */
void table_rules(void);

#endif
