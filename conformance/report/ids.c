/* ids: walks over the rules from neighbours to neighbours. */
#include "ids.h"

enum { MANY = 3 /* neighbours that are written as one item */ };

struct walk {
    const struct suite *suite;
    ids_meant *meant;
    const void *state;
};

static bool is_meant(const struct walk *walk, size_t i)
{
    const struct suite_rule *rule = &walk->suite->rules[i];

    return rule->chosen && walk->meant(rule, walk->state);
}

/* How many rules from this one on are meant, of its chapter. */
static size_t count_neighbours(const struct walk *walk, size_t first)
{
    const struct suite *suite = walk->suite;
    size_t i = first;

    while (i < suite->rule_count && suite->rules[i].chapter == suite->rules[first].chapter &&
           is_meant(walk, i))
        i++;
    return i - first;
}

/* Whether these are all rules of their chapter. */
static bool is_chapter(const struct suite *suite, size_t first, size_t count)
{
    const struct suite_rule *rules = suite->rules;

    return (first == 0 || rules[first - 1].chapter != rules[first].chapter) &&
           (first + count == suite->rule_count ||
            rules[first + count].chapter != rules[first].chapter);
}

/* Write one item. Returns how many rules it stands for. */
static size_t write_item(FILE *stream, const struct walk *walk, size_t first)
{
    const struct suite_rule *rules = walk->suite->rules;
    size_t count = count_neighbours(walk, first);

    if (count >= MANY && is_chapter(walk->suite, first, count)) {
        fprintf(stream, " R%d", rules[first].chapter->number);
        return count;
    }
    fprintf(stream, " %s", rules[first].rule->id);
    if (count < MANY)
        return 1;
    fprintf(stream, "-%s", rules[first + count - 1].rule->id);
    return count;
}

void ids_write(FILE *stream, const struct suite *suite, ids_meant *meant, const void *state,
               size_t most)
{
    const struct walk walk = {suite, meant, state};
    size_t items = 0, more = 0, i = 0;

    while (i < suite->rule_count)
        if (!is_meant(&walk, i)) {
            i++;
        } else if (most && items == most) {
            more++;
            i++;
        } else {
            i += write_item(stream, &walk, i);
            items++;
        }
    if (more)
        fprintf(stream, " and %zu more.", more);
}
