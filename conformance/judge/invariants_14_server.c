/* invariants of chapter 14: deadlines. */
#include "invariants.h"

#include "findings.h"

/* The instance whose operation executes this one as a part; -1: this one is a task. */
static int whole_of(const struct inquiry *inquiry, int instance)
{
    const struct instance *part = &inquiry->trace->instances[instance];

    return part->forced ? part->parent : -1;
}

/* The shortest deadline that an instance is under, in milliseconds; NEVER: it is under none. */
static int deadline_of(const struct inquiry *inquiry, int instance)
{
    int shortest = NEVER;

    for (int whole; (whole = whole_of(inquiry, instance)) >= 0; instance = whole) {
        const struct operation *operation =
            operation_of(inquiry, inquiry->trace->instances[instance].spawned);

        if (operation->kind == OP_DEADLINE && operation->value < shortest)
            shortest = operation->value;
    }
    return shortest;
}

/* What expires is under a deadline that can pass. */
static void check_expiry(struct inquiry *inquiry, int did, int deadline)
{
    if (deadline == NEVER)
        report_finding(inquiry, "R14.1", operation_of(inquiry, did)->line,
                       text_of("not expired: the task is under no deadline"),
                       text_of("%s", event_phrase(inquiry, did).text));
    else if (deadline == SLEEP_LONGEST)
        report_finding(inquiry, "R14.1", operation_of(inquiry, did)->line,
                       text_of("not expired: no deadline has passed"),
                       text_of("%s", event_phrase(inquiry, did).text));
}

/* Milliseconds. A busy machine may look so late that a sleep is over too when the deadline has
 * passed, but not that late. */
enum { LATE = 100000 };

/* A deadline passes before a longer sleep that has begun under it is over. */
static void check_sleep_under(struct inquiry *inquiry, int did, int deadline)
{
    const struct operation *sleep = operation_of(inquiry, did);

    if (sleep->value > (deadline == 0 ? 0 : deadline + (long)LATE) && times_ok(inquiry, did) > 0)
        report_finding(inquiry, deadline == 0 ? "R14.2" : "R14.1", sleep->line,
                       text_of("expired: the task is under a deadline of %d ms", deadline),
                       text_of("%s", event_phrase(inquiry, did).text));
}

void check_deadlines(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct event *event = &inquiry->trace->events[i];
        int deadline;

        if (event->kind != EVENT_DID)
            continue;
        deadline = deadline_of(inquiry, event->instance);
        if (expires(event->outcomes))
            check_expiry(inquiry, i, deadline);
        if (operation_of(inquiry, i)->kind == OP_SLEEP)
            check_sleep_under(inquiry, i, deadline);
    }
}
