/* invariants: the order in which the invariants are checked. They must never accuse a correct
 * runtime, whatever its schedule. They rely on the following, and on nothing else:
 *
 * - The lines of one task stand in the order in which it did things, and each was written before
 * the task went on.
 * - What happens before something else, by program order, by a child's end before its await, by a
 * spawn before its child's begin, or on the same domain, is written before it.
 * - Of two domains, either may be first. */
#include "invariants.h"

#include "follow.h"
#include "promises.h"
#include "scenario/memory.h"

#include <stdlib.h>

/* What an operation says about a promise depends on all operations before it, so that they are
 * checked in one pass. */
static void check_promises(struct inquiry *inquiry)
{
    struct promises promises;

    promises_bind(&promises, inquiry);
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        if (inquiry->trace->events[i].kind != EVENT_DID)
            continue;
        switch (operation_of(inquiry, i)->kind) {
        case OP_PARALLEL:
            check_parallel(&promises, i);
            break;
        case OP_GET:
            note_taken(&promises, i);
            break;
        default:
            if (!check_promise(&promises, i))
                check_combinator(&promises, i);
        }
    }
    count_forgotten(inquiry);
    promises_free(&promises);
}

/* Whether a `did` tells nothing of a task: the rules for tasks do not hold where the instance is,
 * and where in-finaliser is the answer nothing was done. */
static bool is_aside(const struct inquiry *inquiry, int did)
{
    const struct event *event = &inquiry->trace->events[did];

    return stands_aside(inquiry, event->instance) ||
           (inquiry->trace->instances[event->instance].forced &&
            event->outcomes.of[0].kind == OUTCOME_IN_FINALISER);
}

/* Set the events aside that tell nothing of a task. The events are a copy, to be freed. */
static struct event *set_aside(const struct inquiry *inquiry)
{
    size_t count = (size_t)inquiry->trace->event_count;
    struct event *events = zeroed(count, sizeof *events);

    for (size_t i = 0; i < count; i++) {
        events[i] = inquiry->trace->events[i];
        if (events[i].kind == EVENT_DID && is_aside(inquiry, (int)i))
            events[i].kind = EVENT_ASIDE;
    }
    return events;
}

static void check_all(struct inquiry *inquiry)
{
    check_refused_spawns(inquiry);
    check_placement(inquiry);
    check_domains(inquiry);
    check_turns(inquiry);
    check_promises(inquiry);
    mark_condemned(inquiry);
    check_resources(inquiry);
    find_last_events(inquiry);
    check_ends(inquiry);
    check_finaliser_order(inquiry);
    check_orphanages(inquiry);
    check_descriptors(inquiry);
    check_shared(inquiry);
    check_sleeps(inquiry);
    check_deadlines(inquiry);
    check_deadlock(inquiry);
    check_choices(inquiry);
    check_stopped(inquiry);
    check_leaks(inquiry);
    check_forgotten(inquiry);
    check_main(inquiry);
}

void check_invariants(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    struct trace known = *trace;

    if (!follow_programs(inquiry) || !check_all_ended(inquiry))
        return;
    known.events = set_aside(inquiry);
    inquiry->trace = &known;
    check_all(inquiry);
    inquiry->trace = trace;
    free(known.events);
}
