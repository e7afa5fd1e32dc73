/* invariants of chapter 10: time. */
#include "invariants.h"

#include "findings.h"

#include <stdlib.h>

/* Of two sleeps on one domain, the one that began first and is not longer is over first. The trace
 * is read from its end, so that earliest says for each line when the earliest of its sleeps began
 * that is over later. A sleep of zero ends at once [R10.3], though another may have let others run.
 */
static void check_sleep(struct inquiry *inquiry, int did, int *earliest)
{
    const struct operation *operations = inquiry->program->operations;
    const struct operation *sleep = operation_of(inquiry, did);
    int start = inquiry->before[did], *own = &earliest[sleep - operations];

    for (int i = 0; i < inquiry->program->operation_count && sleep->value > 0; i++)
        if (operations[i].kind == OP_SLEEP && operations[i].value <= sleep->value &&
            earliest[i] < start) {
            report_finding(
                inquiry, "R10.2", sleep->line,
                text_of("a sleep of %d ms that began after %s, on the same domain, is over first",
                        operations[i].value, event_phrase(inquiry, earliest[i]).text),
                text_of("%s", event_phrase(inquiry, did).text));
            return;
        }
    if (start < *own)
        *own = start;
}

void check_sleeps(struct inquiry *inquiry)
{
    size_t lines = (size_t)inquiry->program->operation_count;
    size_t count = ((size_t)inquiry->program->domains + 1) * lines;
    int *earliest;

    if (!program_has(inquiry->program, OP_SLEEP))
        return;
    earliest = zeroed(count, sizeof *earliest);
    for (size_t i = 0; i < count; i++)
        earliest[i] = NEVER;
    for (int i = inquiry->trace->event_count - 1; i >= 0; i--) {
        const struct event *event = &inquiry->trace->events[i];
        int domain = event->instance >= 0 ? inquiry->lives[event->instance].domain : -1;

        if (event->kind == EVENT_DID && operation_of(inquiry, i)->kind == OP_SLEEP &&
            operation_of(inquiry, i)->repeat == 1 && times_ok(inquiry, i) == 1 && domain >= 0 &&
            domain <= inquiry->program->domains)
            check_sleep(inquiry, i, earliest + (size_t)domain * lines);
    }
    free(earliest);
}
