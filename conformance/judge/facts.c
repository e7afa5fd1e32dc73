/* facts: what several invariants know of a trace. */
#include "inquiry.h"

#include "scenario/memory.h"

bool stands_aside(const struct inquiry *inquiry, int instance)
{
    int cause = inquiry->trace->instances[instance].spawned;

    if (cause < 0)
        return false;
    switch (inquiry->trace->events[cause].kind) {
    case EVENT_OUTSIDE:
        return true;
    case EVENT_CALLBACK:
        return operation_of(inquiry, cause)->kind != OP_HANDLE;
    case EVENT_FORCE:
        return operation_of(inquiry, cause)->kind == OP_BLOCKING ||
               stands_aside(inquiry, inquiry->trace->instances[instance].parent);
    default:
        return false;
    }
}

int times_ok(const struct inquiry *inquiry, int event)
{
    struct outcomes list = inquiry->trace->events[event].outcomes;
    int times = 0;

    if (list.count == 1)
        return is_ok(list.of[0]) ? operation_of(inquiry, event)->repeat : 0;
    for (size_t i = 0; i < list.count; i++)
        times += is_ok(list.of[i]);
    return times;
}

/* An instance may have been cancelled by its parent's cancel, by its parent's failure, or because
 * its parent was cancelled. A handler may be whenever main has ended; of a callback, or of what is
 * outside the run, it is not known what it belongs to. */
void mark_condemned(struct inquiry *inquiry)
{
    for (int i = 1; i < inquiry->trace->instance_count; i++) {
        int parent_task = parent_of(inquiry, i);
        const struct life *parent = &inquiry->lives[parent_task < 0 ? i : parent_task];
        struct life *life = &inquiry->lives[i];

        life->condemned = parent_task < 0 || parent->condemned;
        if (is_task(inquiry, i))
            life->condemned = life->condemned || parent->ending == ENDING_FAILED ||
                              parent->cancels_unknown || life->asked;
    }
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* From the youngest up: children have higher numbers than their parents. */
void find_last_events(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].instance >= 0)
            inquiry->lives[trace->events[i].instance].last = i;
    for (int i = trace->instance_count - 1; i >= 0; i--) {
        struct life *life = &inquiry->lives[i];
        int parent = trace->instances[i].parent;

        life->last = later(later(life->last, life->last_final), life->below);
        if (parent >= 0)
            inquiry->lives[parent].below = later(inquiry->lives[parent].below, life->last);
    }
}
