/* freedoms: the list as text. */
#include "freedoms.h"

static const struct {
    const char *name;
    const char *rules;
    const char *sentence;
} freedoms[] = {
#define FREEDOM(name, rules, what) {#name, rules, what},
    FREEDOMS
#undef FREEDOM
};

const char *freedom_name(enum freedom freedom)
{
    return freedoms[freedom].name;
}

const char *freedom_rules(enum freedom freedom)
{
    return freedoms[freedom].rules;
}

const char *freedom_sentence(enum freedom freedom)
{
    return freedoms[freedom].sentence;
}
