/* Prints in the one form or the other. A document of JSON grows check by check, and is printed at
 * the end. */
#include "table.h"

#include "report/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_bytes(uint64_t bytes)
{
    if (bytes < 10000)
        printf("%7u B ", (unsigned)bytes);
    else if (bytes < 10000000)
        printf("%7.1f kB", (double)bytes / 1e3);
    else
        printf("%7.1f MB", (double)bytes / 1e6);
}

/* The first line of the reason is for programs. */
static void print_plain(const struct table *table, const struct check *check, const char *verdict,
                        const char *reason)
{
    size_t first = strcspn(reason, "\n");

    printf("%s %s%s%.*s\n", check->name, verdict, first > 0 ? " " : "", (int)first, reason);
    if (reason[first])
        fprintf(table->notes, "%s\n", &reason[first + 1]);
}

static void add_rules(json_t *list, const char *rules)
{
    char *copy = strdup(rules), *rest = copy, *rule;

    while ((rule = strsep(&rest, " ")))
        if (*rule)
            list_text(list, rule);
    free(copy);
}

static void add_check(struct table *table, const struct check *check, const char *verdict,
                      const char *reason)
{
    json_t *rules;

    table->check = list_object(table->checks);
    member_text(table->check, "name", check->name);
    rules = member_list(table->check, "rules");
    add_rules(rules, check->rules);
    add_rules(rules, check->left);
    member_text(table->check, "verdict", verdict);
    member_text(table->check, "reason", *reason ? reason : NULL);
}

void table_begin(struct table *table, char *const *command, const char *address, int port)
{
    char seed[24];
    json_t *server, *words;

    snprintf(seed, sizeof seed, "%llu", (unsigned long long)table->seed);
    if (table->form == FORM_TABLE)
        printf("attack: seed %s\n", seed);
    if (table->form != FORM_JSON)
        return;
    table->document = new_object();
    member_text(table->document, "report", "attack");
    member_number(table->document, "version", 1);
    member_text(table->document, "seed", seed);
    server = member_object(table->document, "server");
    if (command) {
        words = member_list(server, "command");
        while (*command)
            list_text(words, *command++);
    } else {
        member_text(server, "address", address);
        member_number(server, "port", (size_t)port);
    }
    table->checks = member_list(table->document, "checks");
}

void table_head(const struct table *table)
{
    if (table->form == FORM_TABLE)
        printf("  check        clients       bytes      time\n");
}

static void print_counts(const struct counts *counts)
{
    printf("%d passed, %d failed", counts->passed, counts->failed);
    if (counts->skipped > 0)
        printf(", %d skipped", counts->skipped);
    if (counts->unknown > 0)
        printf(", %d unknown", counts->unknown);
    printf("\n");
}

bool table_end(struct table *table, const struct counts *counts, int status)
{
    json_t *member;

    if (table->form == FORM_TABLE)
        print_counts(counts);
    if (table->form == FORM_JSON) {
        member = member_object(table->document, "counts");
        member_number(member, "passed", (size_t)counts->passed);
        member_number(member, "failed", (size_t)counts->failed);
        member_number(member, "skipped", (size_t)counts->skipped);
        member_number(member, "unknown", (size_t)counts->unknown);
        member_number(table->document, "status", (size_t)status);
        write_value(stdout, table->document, false);
    }
    return fflush(stdout) == 0 && !ferror(stdout);
}

static void print_line(const struct check *check, const struct tally *tally, double seconds,
                       const char *verdict)
{
    printf("  %-12s %7llu  ", check->name, (unsigned long long)tally->connections);
    print_bytes(tally->bytes);
    printf("  %6.2f s  %s%s%s\n", seconds, tally->failed ? "FAIL" : verdict,
           tally->reason[0] ? "   " : "", tally->reason);
}

void table_line(struct table *table, const struct check *check, const struct tally *tally,
                double seconds)
{
    const char *verdict = tally->failed ? "fail" : tally->unknown ? "unknown" : "pass";

    switch (table->form) {
    case FORM_TABLE:
        print_line(check, tally, seconds, verdict);
        break;
    case FORM_PLAIN:
        print_plain(table, check, verdict, tally->reason);
        break;
    case FORM_JSON:
        add_check(table, check, verdict, tally->reason);
        member_number(table->check, "clients", (size_t)tally->connections);
        member_number(table->check, "bytes", (size_t)tally->bytes);
        member_seconds(table->check, "seconds", seconds);
        break;
    }
}
void table_skipped(struct table *table, const struct check *check, const char *why)
{
    switch (table->form) {
    case FORM_TABLE:
        printf("  %-12s  skipped: %s\n", check->name, why);
        break;
    case FORM_PLAIN:
        print_plain(table, check, "skipped", why);
        break;
    case FORM_JSON:
        add_check(table, check, "skipped", why);
        break;
    }
}

static void print_word(FILE *stream, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+"
                                ",./:@%";

    if (*word && word[strspn(word, plain)] == '\0') {
        fprintf(stream, " %s", word);
        return;
    }
    fprintf(stream, " '");
    for (; *word; word++)
        fprintf(stream, *word == '\'' ? "'\\''" : "%c", *word);
    fprintf(stream, "'");
}

static void print_again(FILE *stream, const struct table *table, const struct check *check)
{
    char **word = table->words;

    fprintf(stream, "%s --seed %llu --only %s", *word++, (unsigned long long)table->seed,
            check->name);
    for (; *word; word++)
        if (strcmp(*word, "--only") == 0 && word[1])
            word++;
        else
            print_word(stream, *word);
}

void table_again(struct table *table, const struct check *check)
{
    char *command = NULL;
    size_t size;
    FILE *stream = open_memstream(&command, &size);

    if (!stream)
        return;
    print_again(stream, table, check);
    fclose(stream);
    if (table->form == FORM_JSON)
        member_text(table->check, "command", command);
    else
        fprintf(table->notes, "      again: %s\n", command);
    free(command);
}

void table_said(struct table *table, struct server *server)
{
    char said[1500], *line;

    server_said(server, said, sizeof said);
    if (table->check && *said)
        member_text(table->check, "said", said);
    if (table->check)
        return;
    for (line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(table->notes, "      the server: %s\n", line);
}

void table_list(void)
{
    int i;

    for (i = 0; i < check_count; i++) {
        const struct check *check = &checks[i];

        printf("%-12s %s%s%-*s %s%s\n", check->name, check->rules,
               *check->rules && *check->left ? " " : "",
               (int)(10 - strlen(check->rules) - (*check->rules && *check->left)), check->left,
               check->about,
               check->needs & STOPS     ? " (only if --only or --rule names it)"
               : check->needs & WATCHES ? " (only if attack starts the server)"
                                        : "");
    }
}

static void print_rules(const char *rules, const char *name)
{
    int size;

    for (; *(rules += strspn(rules, " ")); rules += size) {
        size = (int)strcspn(rules, " ");
        printf("%.*s %s\n", size, rules, name);
    }
}

void table_rules(void)
{
    int i;

    for (i = 0; i < check_count; i++) {
        print_rules(checks[i].rules, checks[i].name);
        print_rules(checks[i].left, checks[i].name);
    }
}
