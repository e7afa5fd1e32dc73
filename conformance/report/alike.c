/* alike: findings that say the same with other numbers. */
#include "alike.h"

#include <ctype.h>
#include <string.h>

/* Behind a number at the beginning of a text, which may follow the # of a task's later instances.
 */
static const char *behind_number(const char *text)
{
    const char *digits = text + (*text == '#');
    size_t size = strspn(digits, "0123456789");

    return size ? digits + size : text;
}

static bool same_but_for_numbers(const char *one, const char *other)
{
    for (;;) {
        bool number = isdigit((unsigned char)*one) && isdigit((unsigned char)*other);

        if (number || *one == '#' || *other == '#') {
            const char *one_end = behind_number(one), *other_end = behind_number(other);

            if (number || one_end != one || other_end != other) {
                one = one_end;
                other = other_end;
                continue;
            }
        }
        if (*one != *other)
            return false;
        if (!*one)
            return true;
        one++;
        other++;
    }
}

bool alike_to(const struct verdict *verdict, int index, int earlier)
{
    const struct finding *one = &verdict->findings[earlier], *other = &verdict->findings[index];
    bool same_rule =
        one->rule && other->rule ? !strcmp(one->rule, other->rule) : !one->rule && !other->rule;

    return same_rule && same_but_for_numbers(one->expected, other->expected) &&
           same_but_for_numbers(one->observed, other->observed);
}

bool alike_is_first(const struct verdict *verdict, int index)
{
    int i = 0;

    while (i < index && !alike_to(verdict, index, i))
        i++;
    return i == index;
}

/* Whether a finding is on another line than those before it that are like the first one. */
static bool has_line_of_its_own(const struct verdict *verdict, int index, int first)
{
    int line = verdict->findings[index].line, i;

    for (i = first; i < index; i++)
        if (verdict->findings[i].line == line && (i == first || alike_to(verdict, i, first)))
            return false;
    return line > 0;
}

bool alike_write(FILE *stream, const struct verdict *verdict, int index, const char *before)
{
    int count = 0, lines = 0, written = 0, i;

    for (i = index + 1; i < verdict->finding_count; i++)
        if (alike_to(verdict, i, index)) {
            count++;
            lines += has_line_of_its_own(verdict, i, index);
        }
    if (count == 0)
        return false;
    fprintf(stream, "%s%d more like this", before, count);
    for (i = index + 1; i < verdict->finding_count; i++) {
        if (!alike_to(verdict, i, index) || !has_line_of_its_own(verdict, i, index))
            continue;
        fprintf(stream, "%s%d",
                written == 0           ? (lines == 1 ? ", on line " : ", on lines ")
                : written + 1 == lines ? " and "
                                       : ", ",
                verdict->findings[i].line);
        written++;
    }
    return true;
}
