/* monitors_waits.c: who waits, for the time to pass or for another task. */
#include "inquiry.h"

#include <stdlib.h>

/* ---- Sleep ---- */

/* Of two sleeps on one domain the one that began first, and was not meant to be longer, is over
 * first. The trace is read from its end: for each duration, which is that of some line, it is known
 * when the earliest began of those that are over later. */
static void check_sleep(struct inquiry *inquiry, int did, int *earliest)
{
    const struct operation *operations = inquiry->program->operations;
    const struct operation *sleep = operation_of(inquiry, did);
    int start = inquiry->before[did], *own = &earliest[sleep - operations];

    for (int i = 0; i < inquiry->program->operation_count; i++)
        if (operations[i].kind == OP_SLEEP && operations[i].value <= sleep->value &&
            earliest[i] < start) {
            find(inquiry, "R10.2", sleep->line,
                 text("a sleep of %d ms that began after %s, on the same domain, is over first",
                      operations[i].value, event_phrase(inquiry, earliest[i]).text),
                 text("%s", event_phrase(inquiry, did).text));
            return;
        }
    if (start < *own)
        *own = start;
}

void monitor_sleeps(struct inquiry *inquiry)
{
    size_t lines = (size_t)inquiry->program->operation_count + 1;
    int *earliest = malloc((PROGRAM_DOMAINS_MAX + 1) * lines * sizeof *earliest);

    if (earliest == NULL) {
        inquiry->no_memory = true;
        return;
    }
    for (size_t i = 0; i < (PROGRAM_DOMAINS_MAX + 1) * lines; i++)
        earliest[i] = NEVER;
    for (int i = inquiry->trace->event_count - 1; i >= 0; i--) {
        const struct event *event = &inquiry->trace->events[i];
        int domain = event->instance >= 0 ? inquiry->lives[event->instance].domain : -1;

        if (event->kind == EVENT_DID && operation_of(inquiry, i)->kind == OP_SLEEP &&
            operation_of(inquiry, i)->repeat == 1 && times_ok(inquiry, i) == 1 && domain >= 0 &&
            domain <= PROGRAM_DOMAINS_MAX)
            check_sleep(inquiry, i, earliest + (size_t)domain * lines);
    }
    free(earliest);
}

/* ---- Deadlock ---- */

/* Whether a task may wait for another in an operation, which then is not itself in the way. */
static bool waits(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SUSPENDS) && kind != OP_YIELD && kind != OP_UNTIL &&
           kind != OP_SLEEP && kind != OP_RUN;
}

/* A run that ended in deadlock was cancelled when each of its tasks waited for another; whoever was
 * cancelled before, or may have been, is left out. When the first is stopped, others may go on for
 * a while: who waits for a lazy value computes it when he who did is cancelled. */
void monitor_deadlock(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    int first = NEVER;

    if (inquiry->run.kind != OUTCOME_DEADLOCK)
        return;
    for (int i = 0; i < trace->event_count; i++) {
        struct outcomes list = trace->events[i].outcomes;

        if (trace->events[i].kind != EVENT_DID || list.of[list.count - 1].kind != OUTCOME_STOPPED)
            continue;
        if (inquiry->lives[actor(inquiry, i)].condemned)
            continue;
        if (first == NEVER)
            first = i;
        if (inquiry->before[i] < first && !waits(operation_of(inquiry, i)->kind))
            find(inquiry, "R13.3", operation_of(inquiry, i)->line,
                 text("no deadlock: task %s waited for no other",
                      task_phrase(inquiry, actor(inquiry, i)).text),
                 text("%s", event_phrase(inquiry, i).text));
    }
}
