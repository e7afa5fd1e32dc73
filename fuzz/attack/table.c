/* Prints in the one form or the other. */
#include "table.h"

#include <stdio.h>
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

void table_line(const struct table *table, const struct check *check, const struct tally *tally,
                double seconds)
{
    const char *verdict = tally->unknown ? "unknown" : "pass";

    if (table->plain) {
        print_plain(table, check, tally->failed ? "fail" : verdict, tally->reason);
        return;
    }
    printf("  %-12s %7llu  ", check->name, (unsigned long long)tally->connections);
    print_bytes(tally->bytes);
    printf("  %6.2f s  %s%s%s\n", seconds, tally->failed ? "FAIL" : verdict,
           tally->reason[0] ? "   " : "", tally->reason);
}

void table_skipped(const struct table *table, const struct check *check, const char *why)
{
    if (table->plain)
        print_plain(table, check, "skipped", why);
    else
        printf("  %-12s  skipped: %s\n", check->name, why);
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

void table_again(const struct table *table, const struct check *check)
{
    char **word = table->words;

    fprintf(table->notes, "      again: %s --seed %llu --only %s", *word++,
            (unsigned long long)table->seed, check->name);
    for (; *word; word++)
        if (strcmp(*word, "--only") == 0 && word[1])
            word++;
        else
            print_word(table->notes, *word);
    fprintf(table->notes, "\n");
}

void table_said(const struct table *table, struct server *server)
{
    char said[1500], *line;

    server_said(server, said, sizeof said);
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
