/* shown: the oracle's sums, for people and for programs. */
#include "shown.h"

#include "markup.h"

#include <string.h>

static void write_open(FILE *stream, const struct opinions *opinions)
{
    for (size_t i = 0; i < opinions->reason_count; i++)
        fprintf(stream, "  could not decide %zu: %s\n", opinions->reasons[i].count,
                opinions->reasons[i].why);
}

static const char *state_of(const struct opinions *opinions, int freedom)
{
    return !opinions->offered[freedom] ? "never put to the test"
           : !opinions->taken[freedom] ? "not seen"
                                       : "seen";
}

void shown_write(FILE *stream, const struct opinions *opinions)
{
    fprintf(stream, "The oracle: %zu executions are allowed, %zu are wrong", opinions->allowed,
            opinions->wrong);
    fprintf(stream, ", %zu could not be decided\n", opinions->open);
    write_open(stream, opinions);
    fprintf(stream, "\n%-14s %-20s %10s %10s\n", "Freedom", "rules", "possible", "seen");
    for (int f = 0; f < FREEDOM_KINDS; f++)
        fprintf(stream, "%-14s %-20s %10zu %10zu%s%s\n", freedom_name((enum freedom)f),
                freedom_rules((enum freedom)f), opinions->offered[f], opinions->taken[f],
                opinions->taken[f] ? "" : "  ", opinions->taken[f] ? "" : state_of(opinions, f));
    fputs(
        "In how many allowed executions the runtime could do otherwise than the plainest one, and\n"
        "in how many that is seen. What is not seen may be hidden, and is no fault.\n\n",
        stream);
}

/* ---- On the page ---- */

static void write_links(FILE *stream, const char *rules)
{
    size_t size;

    for (; *rules; rules += size) {
        size = strspn(rules, ", ");
        fprintf(stream, "%.*s", (int)size, rules);
        rules += size;
        size = strcspn(rules, ",");
        fprintf(stream, "<a href=\"#%.*s\">%.*s</a>", (int)size, rules, (int)size, rules);
    }
}

void shown_page(FILE *stream, const struct opinions *opinions)
{
    fprintf(
        stream,
        "<section id=\"freedoms\">\n<h2>What the rules leave open</h2>\n<p>By the model, %zu "
        "executions are allowed and %zu are wrong; %zu could not be decided. The table tells in "
        "how many allowed executions the runtime could do otherwise than the plainest one, and "
        "in how many that is seen. What is not seen may be hidden, and is no fault.</p>\n"
        "<table class=\"freedoms\">\n<thead><tr><th scope=\"col\">Freedom</th>"
        "<th scope=\"col\">Rules</th><th scope=\"col\">Possible in</th>"
        "<th scope=\"col\">Seen in</th></tr></thead>\n<tbody>\n",
        opinions->allowed, opinions->wrong, opinions->open);
    for (int f = 0; f < FREEDOM_KINDS; f++) {
        fputs("<tr><td>", stream);
        markup_text(stream, freedom_sentence((enum freedom)f));
        fputs("</td><td>", stream);
        write_links(stream, freedom_rules((enum freedom)f));
        fprintf(stream, "</td><td>%zu</td><td>%zu</td></tr>\n", opinions->offered[f],
                opinions->taken[f]);
    }
    fputs("</tbody>\n</table>\n</section>\n", stream);
}

/* Whether a rule is in a list such as "R9.7, R9.15". */
static bool lists_rule(const char *rules, const char *rule)
{
    size_t size = strlen(rule);

    for (; (rules = strstr(rules, rule)); rules += size)
        if (rules[size] == ',' || rules[size] == '\0')
            return true;
    return false;
}

void shown_of_rule(FILE *stream, const struct opinions *opinions, const char *rule)
{
    for (int f = 0; f < FREEDOM_KINDS; f++) {
        if (!lists_rule(freedom_rules((enum freedom)f), rule))
            continue;
        fputs("<span title=\"", stream);
        markup_text(stream, freedom_sentence((enum freedom)f));
        fprintf(stream, "\">%s</span> ", state_of(opinions, f));
    }
}

/* ---- For programs ---- */

void shown_put(json_t *object, const struct opinions *opinions)
{
    json_t *oracle = member_object(object, "oracle"), *list;

    member_number(oracle, "allowed", opinions->allowed);
    member_number(oracle, "wrong", opinions->wrong);
    member_number(oracle, "open", opinions->open);
    list = member_list(oracle, "reasons");
    for (size_t i = 0; i < opinions->reason_count; i++) {
        json_t *reason = list_object(list);

        member_text(reason, "why", opinions->reasons[i].why);
        member_number(reason, "executions", opinions->reasons[i].count);
    }
    list = member_list(oracle, "freedoms");
    for (int f = 0; f < FREEDOM_KINDS; f++) {
        json_t *freedom = list_object(list);

        member_text(freedom, "name", freedom_name((enum freedom)f));
        member_text(freedom, "rules", freedom_rules((enum freedom)f));
        member_number(freedom, "possible", opinions->offered[f]);
        member_number(freedom, "taken", opinions->taken[f]);
    }
}
