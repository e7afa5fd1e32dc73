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

void check_invariants(struct inquiry *inquiry)
{
    if (!follow_programs(inquiry) || !check_all_ended(inquiry))
        return;
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
    check_shared(inquiry);
    check_sleeps(inquiry);
    check_deadlock(inquiry);
    check_stopped(inquiry);
    check_leaks(inquiry);
    check_forgotten(inquiry);
    check_main(inquiry);
}
