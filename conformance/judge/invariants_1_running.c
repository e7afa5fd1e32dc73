/* invariants of chapter 1: turns, and the end of the run. */
#include "invariants.h"

#include "findings.h"

/* ---- Turns ---- */

static bool may_suspend(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SUSPENDS);
}

/* Whether a task cannot have been suspended between its event before and this one. */
static bool goes_on(const struct inquiry *inquiry, int event)
{
    switch (inquiry->trace->events[event].kind) {
    case EVENT_DID:
        return !may_suspend(operation_of(inquiry, event)->kind);
    case EVENT_SPAWN: /* the second turn of a repeated parallel follows the end of the first */
        return !may_suspend(operation_of(inquiry, event)->kind) ||
               operation_of(inquiry, event)->repeat == 1;
    case EVENT_PRINT:
    case EVENT_PORT:
    case EVENT_END:
        return true;
    default:
        return false;
    }
}

static void report_interruption(struct inquiry *inquiry, int event, int by)
{
    const struct event *other = &inquiry->trace->events[by];
    int instance = inquiry->trace->events[event].instance;
    bool child =
        other->kind == EVENT_BEGIN && inquiry->trace->instances[other->instance].parent == instance;

    report_finding(
        inquiry, child ? "R1.7" : "R1.10", 0,
        text_of("task %s does not suspend between %s and %s: no other task of its domain runs",
                task_phrase(inquiry, instance).text,
                event_phrase(inquiry, inquiry->before[event]).text,
                event_phrase(inquiry, event).text),
        text_of("%s", event_phrase(inquiry, by).text));
}

/* On each domain the running task goes on until it suspends: no other event of that domain stands
 * between its events. The finaliser that release calls is one of its own, and so is what stands
 * aside, wherever it is called. */
void check_turns(struct inquiry *inquiry)
{
    int last[PROGRAM_DOMAINS_MAX + 1];

    for (int i = 0; i <= PROGRAM_DOMAINS_MAX; i++)
        last[i] = -1;
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct event *event = &inquiry->trace->events[i];
        int domain = event->instance >= 0 ? inquiry->lives[event->instance].domain : event->domain;

        if (domain < 0 || domain > PROGRAM_DOMAINS_MAX ||
            (event->instance >= 0 && stands_aside(inquiry, event->instance)))
            continue;
        if (event->instance >= 0 && goes_on(inquiry, i) && last[domain] != inquiry->before[i] &&
            !(event->kind == EVENT_DID && operation_of(inquiry, i)->kind == OP_RELEASE))
            report_interruption(inquiry, i, last[domain]);
        last[domain] = i;
    }
}

/* ---- The end of the run ---- */

void check_main(struct inquiry *inquiry)
{
    const struct life *main_life = &inquiry->lives[0];

    if (inquiry->rule_ended || main_life->ending == ENDING_STOPPED)
        return;
    if (main_life->ending == ENDING_NONE) {
        if (is_ok(inquiry->run))
            report_finding(inquiry, "R1.1", 0, text_of("the main task begins"),
                           text_of("it never did"));
    } else if (!outcome_equal(main_life->result, inquiry->run)) {
        report_finding(inquiry, main_life->ending == ENDING_FAILED ? "R1.2" : "R1.1", 0,
                       text_of("the run ends as main does, with %s",
                               outcome_phrase(inquiry, main_life->result).text),
                       text_of("%s", outcome_phrase(inquiry, inquiry->run).text));
    }
}
