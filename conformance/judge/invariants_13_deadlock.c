/* invariants of chapter 13: deadlock, and choices. */
#include "invariants.h"

#include "findings.h"

/* Whether a task may wait for another task in an operation. */
static bool waits(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SUSPENDS) && kind != OP_YIELD && kind != OP_UNTIL &&
           kind != OP_SLEEP && kind != OP_RUN && kind != OP_BLOCKING && !operation_is_io(kind);
}

/* A run that ended in deadlock was cancelled when each of its tasks waited for another. Tasks that
 * may have been cancelled before are left out. When the first task is stopped, others may go on for
 * a while: a task that waits for a lazy value computes it when the task that did is cancelled. */
void check_deadlock(struct inquiry *inquiry)
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
            report_finding(inquiry, "R13.3", operation_of(inquiry, i)->line,
                           text_of("no deadlock: task %s waited for no other",
                                   task_phrase(inquiry, actor(inquiry, i)).text),
                           text_of("%s", event_phrase(inquiry, i).text));
    }
}

bool is_answered_beyond(const struct trace *trace)
{
    const struct choice *last;

    if (trace->choice_count == 0)
        return false;
    last = &trace->choices[trace->choice_count - 1];
    return last->answer >= last->count;
}

bool check_last_choice(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i + 1 < trace->choice_count; i++)
        if (trace->choices[i].answer >= trace->choices[i].count) {
            report_finding(inquiry, "R13.7", 0,
                           text_of("no choice is asked for after an answer out of range"),
                           text_of("%d more", trace->choice_count - i - 1));
            return false;
        }
    return true;
}

/* An answer out of range is the last one, and ends the run. */
void check_choices(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    check_last_choice(inquiry);
    if (is_answered_beyond(trace) && inquiry->run.kind != OUTCOME_INVALID)
        report_finding(inquiry, "R13.7", 0,
                       text_of("the run ends with invalid, for an answer was out of range"),
                       text_of("%s", outcome_phrase(inquiry, inquiry->run).text));
}
