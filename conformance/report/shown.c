/* shown: the oracle's sums, for people and for programs. */
#include "shown.h"

static void write_open(FILE *stream, const struct opinions *opinions)
{
    for (size_t i = 0; i < opinions->reason_count; i++)
        fprintf(stream, "  could not decide %zu: %s\n", opinions->reasons[i].count,
                opinions->reasons[i].why);
}

void shown_write(FILE *stream, const struct opinions *opinions)
{
    fprintf(stream, "The oracle: %zu executions are allowed, %zu are wrong", opinions->allowed,
            opinions->wrong);
    fprintf(stream, ", %zu could not be decided\n", opinions->open);
    write_open(stream, opinions);
    fprintf(stream, "\n%-14s %-20s %10s %10s\n", "Freedom", "rules", "possible", "taken");
    for (int f = 0; f < FREEDOM_KINDS; f++)
        fprintf(stream, "%-14s %-20s %10zu %10zu%s\n", freedom_name((enum freedom)f),
                freedom_rules((enum freedom)f), opinions->offered[f], opinions->taken[f],
                !opinions->offered[f] ? "  never put to the test"
                : !opinions->taken[f] ? "  never taken"
                                      : "");
    fputc('\n', stream);
}

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
