/* parts: interface.def as tables of names. */
#include "parts.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
#define FUNCTION(result, name, parameters, arguments)
#define PART(name) #name,
#include "interface.def"
};
_Static_assert(sizeof names / sizeof *names == PARTS, "a number for every part");

const char *const part_items[] = {
#define FUNCTION(result, name, parameters, arguments) "miou_" #name,
#define OPTION(name)                                  #name,
#include "interface.def"
    NULL,
};

const char *part_name(int part)
{
    return names[part];
}

int part_named(const char *name)
{
    int part;

    for (part = PART_CORE + 1; part < PARTS; part++)
        if (!strcmp(names[part], name))
            return part;
    return NO_PART;
}

int part_of(const char *item)
{
    /* The table's rows: the items, and a NULL where a part begins. */
    static const char *const rows[] = {
#define FUNCTION(result, name, parameters, arguments) "miou_" #name,
#define OPTION(name)                                  #name,
#define PART(name)                                    NULL,
#include "interface.def"
    };
    int part = NO_PART;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i])
            part++;
        else if (!strcmp(rows[i], item))
            return part;
    return NO_PART;
}
