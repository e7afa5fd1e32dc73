/* opinions: sums, by threads that take turns. */
#include "opinions.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

static void count_reason(struct opinions *opinions, const char *why)
{
    size_t i = 0;

    while (i < opinions->reason_count && i + 1 < OPINIONS_REASONS_MAX &&
           strcmp(opinions->reasons[i].why, why) != 0)
        i++;
    if (i == opinions->reason_count)
        opinions->reasons[opinions->reason_count++].why =
            copy_of(i + 1 < OPINIONS_REASONS_MAX ? why : "other reasons");
    opinions->reasons[i].count++;
}

void opinions_add(struct opinions *opinions, const struct verdict *verdict)
{
    pthread_mutex_lock(&opinions->lock);
    opinions->allowed += verdict->opinion == OPINION_ALLOWED;
    opinions->wrong += verdict->opinion == OPINION_WRONG;
    opinions->open += verdict->opinion == OPINION_OPEN;
    if (verdict->opinion == OPINION_OPEN)
        count_reason(opinions, verdict->open);
    for (int f = 0; f < FREEDOM_KINDS && verdict->opinion == OPINION_ALLOWED; f++) {
        opinions->offered[f] += verdict->offered >> f & 1;
        opinions->taken[f] += verdict->taken >> f & 1;
    }
    pthread_mutex_unlock(&opinions->lock);
}

bool opinions_are_any(const struct opinions *opinions)
{
    return opinions && opinions->allowed + opinions->wrong + opinions->open > 0;
}

void opinions_free(struct opinions *opinions)
{
    for (size_t i = 0; i < opinions->reason_count; i++)
        free(opinions->reasons[i].why);
}
