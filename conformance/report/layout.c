/* layout: where everything of a timeline stands. A task's column is free again once nothing more is
 * drawn of it. */
#include "layout.h"

#include "scenario/memory.h"

#include <stdlib.h>

/* A longer trace is cut: its begin, its end, and what surrounds each finding are left. */
enum { EVENTS_MAX = 240, BEGIN_KEPT = 60, AROUND_KEPT = 25, END_KEPT = 60 };

/* ---- Rows ---- */

static void add_row(struct layout *layout, struct row row)
{
    layout->rows = grown(layout->rows, (size_t)layout->row_count, sizeof row);
    layout->rows[layout->row_count++] = row;
}

/* What was observed is the event, if the finding names one. */
static void add_finding(struct layout *layout, int finding)
{
    add_row(layout, (struct row){.kind = ROW_EXPECTED, .event = -1, .finding = finding});
    if (layout->deviations.first_event[finding] < 0)
        add_row(layout, (struct row){.kind = ROW_OBSERVED, .event = -1, .finding = finding});
}

static bool is_kept(const struct layout *layout, int event, int findings)
{
    int count = layout->trace->event_count;

    if (count <= EVENTS_MAX || event < BEGIN_KEPT || event >= count - END_KEPT)
        return true;
    for (int f = 0; f < findings; f++)
        if (layout->deviations.first_event[f] >= 0 &&
            abs(event - layout->deviations.first_event[f]) <= AROUND_KEPT)
            return true;
    return false;
}

static void add_event(struct layout *layout, int event, int findings)
{
    const struct deviations *deviations = &layout->deviations;
    struct row *last = layout->row_count > 0 ? &layout->rows[layout->row_count - 1] : NULL;
    bool kept = is_kept(layout, event, findings);

    if (!kept && last && last->kind == ROW_GAP)
        last->count++;
    else
        add_row(layout, (struct row){.kind = kept ? ROW_EVENT : ROW_GAP,
                                     .event = event,
                                     .count = 1,
                                     .finding = deviations->of_event[event]});
    layout->row_of[event] = layout->row_count - 1;
    for (int f = 0; f < findings; f++)
        if (deviations->first_event[f] == event)
            add_finding(layout, f);
}

static void make_rows(struct layout *layout, const struct result *result)
{
    int findings = result->verdict ? result->verdict->finding_count : 0;
    const struct deviations *deviations = &layout->deviations;

    layout->row_of = zeroed((size_t)layout->trace->event_count, sizeof *layout->row_of);
    for (int i = 0; i < layout->trace->event_count; i++)
        add_event(layout, i, findings);
    if (layout->trace->end != TRACE_WHOLE)
        add_row(layout, (struct row){.kind = ROW_END, .event = -1, .finding = -1});
    for (int f = 0; f < findings; f++)
        if (deviations->first_event[f] < 0)
            add_finding(layout, f);
}

/* ---- Lanes ---- */

static bool begins_a_run(const struct layout *layout, int instance)
{
    int event = layout->trace->instances[instance].spawned;
    int operation = event >= 0 ? layout->trace->events[event].operation : -1;

    return operation >= 0 && layout->program->operations[operation].kind == OP_RUN;
}

/* The run that an instance is of, as its lane says it. */
static int run_of(const struct layout *layout, int instance)
{
    while (instance >= 0 && !begins_a_run(layout, instance))
        instance = layout->trace->instances[instance].parent;
    return instance;
}

/* Returns the lane, which is added if it is not there. */
static int lane_of(struct layout *layout, int run, int domain)
{
    int i = 0;

    while (i < layout->lane_count &&
           (layout->lanes[i].run != run || layout->lanes[i].domain != domain))
        i++;
    if (i == LANES_MAX)
        return LANES_MAX - 1;
    if (i == layout->lane_count)
        layout->lanes[layout->lane_count++] = (struct lane){.run = run, .domain = domain};
    return i;
}

/* The domain on which an instance begins. One that never does stands beside its parent. */
static int domain_of(const struct layout *layout, int instance)
{
    const struct instance *which = &layout->trace->instances[instance];
    int domain;

    while (which->begun < 0 && which->parent >= 0)
        which = &layout->trace->instances[which->parent];
    domain = which->begun >= 0 ? layout->trace->events[which->begun].domain : LANE_UNKNOWN;
    return is_unknown_domain(domain) ? LANE_UNKNOWN : domain;
}

static int compare_lanes(const void *a, const void *b)
{
    const struct lane *one = a, *other = b;

    return one->run != other->run ? (one->run > other->run) - (one->run < other->run)
                                  : (one->domain > other->domain) - (one->domain < other->domain);
}

/* Whether anything of an instance is in a row of its own. */
static bool is_shown(const struct layout *layout, int instance)
{
    const struct instance *which = &layout->trace->instances[instance];
    const int events[] = {which->spawned, which->begun, which->ended};

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i] >= 0 && layout->rows[layout->row_of[events[i]]].kind == ROW_EVENT)
            return true;
    return which->begun >= 0 && which->ended < 0;
}

static void make_lanes(struct layout *layout)
{
    for (int i = 0; i < layout->trace->instance_count; i++)
        if (is_shown(layout, i))
            lane_of(layout, run_of(layout, i), domain_of(layout, i));
    qsort(layout->lanes, (size_t)layout->lane_count, sizeof *layout->lanes, compare_lanes);
}

/* ---- Settlements ---- */

static void add_settlement(struct layout *layout, int event, int child)
{
    struct settlement settlement = {layout->row_of[event], event, child};

    layout->settlements =
        grown(layout->settlements, (size_t)layout->settlement_count, sizeof settlement);
    layout->settlements[layout->settlement_count++] = settlement;
    if (layout->bars[child].last < settlement.row)
        layout->bars[child].last = settlement.row;
}

/* The children that a name stands for when an event happens: those of the last operation that has
 * bound it. */
static void settle_named(struct layout *layout, int event, int name)
{
    const struct trace *trace = layout->trace;
    bool shared = layout->program->names[NAME_PROMISE].of[name].shared;
    int parent = trace->events[event].instance, by = -1, i = trace->instance_count;

    while (--i >= 0) {
        const struct instance *child = &trace->instances[i];
        int operation;

        if (child->spawned < 0 || child->spawned > event || (child->parent != parent && !shared))
            continue;
        operation = trace->events[child->spawned].operation;
        if (operation < 0 || (by >= 0 && operation != by) ||
            layout->program->operations[operation].bind != name)
            continue;
        add_settlement(layout, event, i);
        by = operation;
        if (layout->program->operations[operation].repeat <= 1)
            return;
    }
}

/* `parallel` settles the children that it has spawned. */
static void settle_own(struct layout *layout, int event)
{
    const struct event *did = &layout->trace->events[event];

    for (int i = 0; i < layout->trace->instance_count; i++) {
        const struct instance *child = &layout->trace->instances[i];

        if (child->parent == did->instance && child->spawned >= 0 && child->spawned < event &&
            layout->trace->events[child->spawned].operation == did->operation)
            add_settlement(layout, event, i);
    }
}

static bool settles(const struct event *did)
{
    enum outcome_kind kind = did->outcomes.count > 0 ? did->outcomes.of[0].kind : OUTCOME_ABSENT;

    return kind == OUTCOME_OK || kind == OUTCOME_FAILED || kind == OUTCOME_CANCELLED;
}

static void find_settlements(struct layout *layout)
{
    for (int r = 0; r < layout->row_count; r++) {
        int event = layout->rows[r].event;
        const struct event *did = event < 0 ? NULL : &layout->trace->events[event];
        const struct operation *operation;

        if (layout->rows[r].kind != ROW_EVENT || did->kind != EVENT_DID || !settles(did))
            continue;
        operation = &layout->program->operations[did->operation];
        if (operation->kind == OP_PARALLEL || operation->kind == OP_RUN)
            settle_own(layout, event);
        else if (operation->kind == OP_AWAIT || operation->kind == OP_CANCEL)
            settle_named(layout, event, operation->name);
        else if (operation->kind == OP_AWAIT_ALL || operation->kind == OP_AWAIT_FIRST)
            for (int i = 0; i < operation->promise_count; i++)
                settle_named(layout, event, operation->promises[i]);
    }
}

/* ---- Bars ---- */

static int row_at(const struct layout *layout, int event)
{
    return event >= 0 ? layout->row_of[event] : -1;
}

/* The last row of events. What follows is said of the whole. */
static int bottom(const struct layout *layout)
{
    int last = layout->trace->event_count - 1;

    return layout->trace->end == TRACE_WHOLE ? layout->row_of[last] : layout->row_of[last] + 1;
}

static void begin_bar(struct layout *layout, int instance)
{
    const struct instance *which = &layout->trace->instances[instance];
    struct bar *bar = &layout->bars[instance];

    *bar = (struct bar){.column = -1,
                        .spawned = row_at(layout, which->spawned),
                        .begun = row_at(layout, which->begun),
                        .ended = row_at(layout, which->ended),
                        .stopped = -1};
    bar->last = bar->ended >= 0 ? bar->ended : bar->begun >= 0 ? bottom(layout) : bar->spawned;
}

/* Whether the operation that is to spawn a child has returned, and has. */
static bool was_spawned(const struct layout *layout, int spawned)
{
    const struct trace *trace = layout->trace;
    const struct event *spawn = &trace->events[spawned];

    for (int i = spawned + 1; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];

        if (event->kind == EVENT_DID && event->instance == spawn->instance)
            return event->operation == spawn->operation && event->outcomes.of[0].kind == OUTCOME_OK;
    }
    return false;
}

/* A child that never begins waits for as long as it is not settled. */
static void keep_waiting(struct layout *layout)
{
    for (int i = 0; i < layout->trace->instance_count; i++) {
        struct bar *bar = &layout->bars[i];

        if (bar->begun < 0 && bar->spawned >= 0 && bar->last == bar->spawned &&
            layout->rows[bar->spawned].kind == ROW_EVENT &&
            was_spawned(layout, layout->trace->instances[i].spawned))
            bar->last = bottom(layout);
    }
}

/* An operation that was stopped shows that its task is cancelled; a finaliser stands in the column
 * of the task that created the resource. */
static void note_events(struct layout *layout)
{
    for (int i = 0; i < layout->trace->event_count; i++) {
        const struct event *event = &layout->trace->events[i];
        int row = layout->row_of[i];

        if (event->kind == EVENT_FINALISE && layout->bars[event->creator].last < row)
            layout->bars[event->creator].last = row;
        if (event->kind == EVENT_DID &&
            event->outcomes.of[event->outcomes.count - 1].kind == OUTCOME_STOPPED &&
            layout->bars[event->instance].stopped < 0)
            layout->bars[event->instance].stopped = row;
    }
}

static int first_row(const struct bar *bar)
{
    return bar->spawned >= 0 ? bar->spawned : bar->begun;
}

/* How many columns a lane may have, so that all lanes have room. */
static int columns_most(const struct layout *layout)
{
    enum { ROOM = 48 };
    int most = layout->lane_count > 0 ? ROOM / layout->lane_count : 0;

    return most > COLUMNS_MAX ? COLUMNS_MAX : most < COLUMNS_LEAST ? COLUMNS_LEAST : most;
}

/* Give each bar the first column of its lane that is free from its first row on. */
static void make_columns(struct layout *layout)
{
    int(*taken)[COLUMNS_MAX] = zeroed((size_t)layout->lane_count, sizeof *taken);
    int most = columns_most(layout);

    for (int i = 0; i < layout->trace->instance_count; i++) {
        struct bar *bar = &layout->bars[i];
        int column = 0;

        if (!is_shown(layout, i))
            continue;
        bar->lane = lane_of(layout, run_of(layout, i), domain_of(layout, i));
        while (column < most && taken[bar->lane][column] > first_row(bar))
            column++;
        if (column == most) {
            layout->without++;
            continue;
        }
        bar->column = column;
        taken[bar->lane][column] = bar->last + 1;
        if (layout->lanes[bar->lane].columns <= column)
            layout->lanes[bar->lane].columns = column + 1;
    }
    free(taken);
}

void layout_create(struct layout *layout, const struct program *program, const struct trace *trace,
                   const struct result *result)
{
    *layout = (struct layout){.program = program, .trace = trace};
    deviations_find(&layout->deviations, program, trace, result->verdict);
    make_rows(layout, result);
    layout->bars = zeroed((size_t)trace->instance_count, sizeof *layout->bars);
    for (int i = 0; i < trace->instance_count; i++)
        begin_bar(layout, i);
    note_events(layout);
    find_settlements(layout);
    keep_waiting(layout);
    make_lanes(layout);
    make_columns(layout);
}

void layout_free(struct layout *layout)
{
    deviations_free(&layout->deviations);
    free(layout->rows);
    free(layout->row_of);
    free(layout->bars);
    free(layout->settlements);
}
