/* monitors_ends.c: nothing happens after the end of a task, be it of the task, of one below it, or
 * a finaliser of theirs. */
#include "inquiry.h"

#include <stdlib.h>

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* From the youngest up: children have higher numbers than their parents. */
static void find_lasts(struct inquiry *inquiry, int *below)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < trace->instance_count; i++)
        below[i] = -1;
    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].instance >= 0)
            inquiry->lives[trace->events[i].instance].last = i;
    for (int i = trace->instance_count - 1; i >= 0; i--) {
        struct life *life = &inquiry->lives[i];
        int parent = trace->instances[i].parent;

        life->last = later(later(life->last, life->last_final), below[i]);
        if (parent >= 0)
            below[parent] = later(below[parent], life->last);
    }
}

/* Nothing of a task, and nothing below it, after its await or cancel. */
static void monitor_end(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];
    const struct event *last;
    const struct operation *operation;
    const char *rule = "R2.9";

    if (life->last < life->settled_at)
        return;
    last = &inquiry->trace->events[life->last];
    operation = operation_of(inquiry, life->settled_at);
    if (operation->kind == OP_AWAIT_FIRST)
        rule = "R8.7";
    else if (last->kind == EVENT_FINALISE)
        rule = operation->kind == OP_CANCEL ? "R5.7" : "R5.6";
    find(inquiry, rule, operation->line,
         text("nothing of task %s, nor below it, after %s", task_phrase(inquiry, instance).text,
              event_phrase(inquiry, life->settled_at).text),
         text("%s", event_phrase(inquiry, life->last).text));
}

void monitor_ends(struct inquiry *inquiry)
{
    int *below = malloc((size_t)inquiry->trace->instance_count * sizeof *below);

    if (below == NULL) {
        inquiry->no_memory = true;
        return;
    }
    find_lasts(inquiry, below);
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];
        int parent = parent_of(inquiry, i);

        monitor_end(inquiry, i);
        if (life->first_final < below[i])
            find(inquiry, "R5.25", 0,
                 text("the children of task %s end before what it owns is finalised",
                      task_phrase(inquiry, i).text),
                 text("%s, but then %s", event_phrase(inquiry, life->first_final).text,
                      event_phrase(inquiry, below[i]).text));
        if (life->unasked >= 0 && !may_be_cancelled(inquiry, parent) &&
            !inquiry->lives[parent].cancels_unknown)
            find(inquiry, "R2.4", operation_of(inquiry, life->unasked)->line,
                 text("how task %s ended: nobody had cancelled it", task_phrase(inquiry, i).text),
                 text("%s", event_phrase(inquiry, life->unasked).text));
    }
    free(below);
}
