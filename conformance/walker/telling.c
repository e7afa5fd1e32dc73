/* telling: finds out of each step which instances it makes, and writes its events. A line whose
 * event can be seen elsewhere before it is written may wait; its domain executes nothing
 * meanwhile. */
#include "telling.h"

#include "model/ends.h"
#include "scenario/memory.h"

#include <stdlib.h>

/* The lines of a domain that wait, the oldest first. */
struct lane {
    char **lines;
    size_t count;
};

struct telling {
    struct walk *walk;
    const struct program *program;
    FILE *output;
    struct lane lanes[MODEL_DOMAINS_MAX];
    unsigned mute; /* domains with a task that has ended and a line of it that waits, a bit each */
    struct made {  /* an instance; the first, 0, is not used, as the model counts them from 1 */
        int task;
        int number; /* among those of its task */
    } * instances;
    size_t count;
    int counts[PROGRAM_TASKS_MAX];
    int told[MODEL_UNITS_MAX]; /* the first instance of the spawns that a unit's operation has told
                                  of, and that are still to come; 0: none */
    int created[MODEL_RESOURCES_MAX]; /* the line of each resource's `create` */
};

enum { INSTANCES_MAX = UINT16_MAX };

/* ---- Instances ---- */

static int add_instance(struct telling *telling, int task)
{
    telling->instances = grown(telling->instances, telling->count, sizeof *telling->instances);
    telling->instances[telling->count] = (struct made){task, ++telling->counts[task]};
    return (int)telling->count++;
}

static const char *name_of(const struct telling *telling, int instance)
{
    static char names[2][PROGRAM_NAME_MAX + 16]; /* a line has two */
    static int next;
    const struct made *made = &telling->instances[instance];
    const char *task = program_name(telling->program, NAME_TASK, made->task);

    next = !next;
    if (made->number > 1)
        snprintf(names[next], sizeof *names, "%s#%d", task, made->number);
    else
        snprintf(names[next], sizeof *names, "%s", task);
    return names[next];
}

/* The operation of a unit; NULL: it is behind its last. */
static const struct operation *operation_at(const struct telling *telling, const struct unit *unit)
{
    const struct task *task = &telling->program->tasks[unit->task];

    return unit->at < task->count ? &telling->program->operations[task->first + unit->at] : NULL;
}

/* ---- Lines that wait ---- */

/* Write the oldest line of a domain. */
static void write_line(struct telling *telling, int domain)
{
    struct lane *lane = &telling->lanes[domain];

    fprintf(telling->output, "%s\n", lane->lines[0]);
    free(lane->lines[0]);
    lane->count--;
    for (size_t i = 0; i < lane->count; i++)
        lane->lines[i] = lane->lines[i + 1];
}

static void write_lines(struct telling *telling, int domain)
{
    while (telling->lanes[domain].count > 0)
        write_line(telling, domain);
}

static void add_line(struct telling *telling, int domain, char *line)
{
    struct lane *lane = &telling->lanes[domain];

    lane->lines = grown(lane->lines, lane->count, sizeof *lane->lines);
    lane->lines[lane->count++] = line;
}

static unsigned waiting(const struct telling *telling)
{
    unsigned domains = 0;

    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        if (telling->lanes[d].count > 0)
            domains |= 1u << d;
    return domains;
}

/* ---- Spawns ---- */

/* Whether a unit of the state is about to begin an operation that spawns, or is executing one that
 * spawns anew. */
static bool is_before_spawn(const struct telling *telling, const struct unit *unit)
{
    const struct operation *op = unit->life == LIFE_BEGUN ? operation_at(telling, unit) : NULL;

    return op && unit->stage == 0 && operation_has(op->kind, OPERATION_SPAWNS);
}

/* Its operation is about to spawn its tasks; perhaps they will be refused. */
static void tell_spawns(struct telling *telling, const struct unit *unit, int place)
{
    const struct operation *op = operation_at(telling, unit);

    for (int i = 0; i < op->task_count; i++) {
        int child = add_instance(telling, op->tasks[i]);

        fprintf(telling->output, "spawn %s %d %s\n", name_of(telling, unit->instance), op->line,
                name_of(telling, child));
        if (i == 0)
            telling->told[place] = child;
    }
}

/* Domains reach such operations, and other domains go on before these have any effect. */
static void tell_early(struct telling *telling)
{
    const struct state *state = &telling->walk->state;

    for (int d = 0; d <= telling->program->domains; d++) {
        int place = state->current[d] == NO_ONE || telling->lanes[d].count > 0
                        ? -1
                        : innermost(state, state->current[d]);

        if (place >= 0 && !telling->told[place] && is_before_spawn(telling, &state->units[place]) &&
            walk_draws(telling->walk, telling->walk->mood.early))
            tell_spawns(telling, &state->units[place], place);
    }
}

/* Whether the last step has executed the operation of a unit. */
static bool has_moved(const struct unit *before, const struct unit *after)
{
    return before->at != after->at || before->stage != after->stage ||
           before->round != after->round || before->list != after->list;
}

/* Tell of the spawns of the last step, and name what it has spawned. */
static void take_spawns(struct telling *telling)
{
    struct walk *walk = telling->walk;

    for (int i = 0; i < walk->before.units_used; i++) {
        const struct unit *unit = &walk->before.units[i];
        int child;

        if (!is_before_spawn(telling, unit) || !has_moved(unit, &walk->state.units[i]))
            continue;
        if (!telling->told[i])
            tell_spawns(telling, unit, i);
        child = telling->told[i];
        telling->told[i] = 0;
        for (int e = 0; e < walk->step.event_count; e++)
            if (walk->step.events[e].kind == EVENT_SPAWN)
                walk->state.units[walk->step.events[e].unit].instance = (uint16_t)child++;
    }
}

/* ---- Resources ---- */

static void note_created(struct telling *telling)
{
    const struct state *before = &telling->walk->before, *after = &telling->walk->state;

    for (int r = 0; r < after->resources_used; r++) {
        if (r < before->resources_used && before->resources[r].phase != RESOURCE_NONE)
            continue;
        for (int i = 0; i < before->units_used; i++)
            if (before->units[i].life == LIFE_BEGUN &&
                before->units[i].instance == after->resources[r].creator)
                telling->created[r] = operation_at(telling, &before->units[i])->line;
    }
}

/* The line that created the resource which the last step has finalised. */
static int line_of(const struct telling *telling, const struct event *finalise)
{
    const struct state *before = &telling->walk->before, *after = &telling->walk->state;

    for (int r = 0; r < before->resources_used; r++)
        if (before->resources[r].phase != RESOURCE_NONE &&
            before->resources[r].creator == finalise->instance &&
            before->resources[r].name == finalise->which &&
            (r >= after->resources_used || after->resources[r].phase == RESOURCE_NONE))
            return telling->created[r];
    return 0;
}

/* ---- Events ---- */

static char *did_line(const struct telling *telling, const struct event *event)
{
    const struct operation *op = &telling->program->operations[event->which];
    char *list = lists_text(telling->walk->model->lists, telling->program, event->list,
                            op->kind == OP_PARALLEL);
    char *line = text_of("did %s %d %s", name_of(telling, event->instance), op->line, list);

    free(list);
    return line;
}

/* A part or a callback begins: it gets its name, and the line that tells why. */
static void name_part(struct telling *telling, const struct event *event,
                      const struct event *finalise)
{
    struct unit *part = &telling->walk->state.units[event->unit];
    const struct unit *outer = &telling->walk->state.units[part->outer];
    int child = add_instance(telling, event->which);

    part->instance = (uint16_t)child;
    add_line(telling, event->domain,
             text_of("%s %s %d %s", finalise ? "callback" : "force",
                     name_of(telling, finalise ? finalise->instance : outer->instance),
                     finalise ? line_of(telling, finalise) : operation_at(telling, outer)->line,
                     name_of(telling, child)));
}

static void add_event(struct telling *telling, const struct event *event,
                      const struct event *finalise)
{
    const struct program *program = telling->program;
    const struct unit *unit = &telling->walk->state.units[event->unit];
    char *line = NULL;

    if (event->kind == EVENT_BEGIN && unit->outer != NO_ONE)
        name_part(telling, event, finalise);
    switch (event->kind) {
    case EVENT_BEGIN:
        line = text_of("begin %s %d", name_of(telling, unit->instance), event->domain);
        break;
    case EVENT_END:
        line = text_of("end %s", name_of(telling, event->instance));
        break;
    case EVENT_PRINT:
        line = text_of("print %s %s", name_of(telling, event->instance),
                       program_name(program, NAME_WORD, event->which));
        break;
    case EVENT_FINALISE:
        line = text_of("finalise %s %s %d", name_of(telling, event->instance),
                       program_name(program, NAME_RESOURCE, event->which), event->domain);
        break;
    case EVENT_DID:
        line = did_line(telling, event);
        break;
    case EVENT_SPAWN:
    case EVENT_NEVER:
        return;
    }
    add_line(telling, event->domain, line);
}

/* Whether what an event stands for can be seen elsewhere before its line is written: what an
 * operation does, and that a resource has ended. */
static bool may_wait(enum event_kind kind)
{
    return kind == EVENT_DID || kind == EVENT_FINALISE;
}

static void tell_step(struct telling *telling)
{
    const struct step *step = &telling->walk->step;
    bool late = walk_draws(telling->walk, telling->walk->mood.late);

    take_spawns(telling);
    note_created(telling);
    for (int e = 0; e < step->event_count; e++) {
        const struct event *event = &step->events[e];

        add_event(telling, event, e > 0 && event[-1].kind == EVENT_FINALISE ? &event[-1] : NULL);
        if (!late || !may_wait(event->kind))
            write_lines(telling, event->domain);
        else if (ends_unbegun(&telling->walk->state, event))
            telling->mute |= 1u << event->domain;
    }
}

/* ---- The walk ---- */

/* Write one of the lines that wait. */
static void catch_up(struct telling *telling)
{
    int domain = walk_picks(telling->walk, MODEL_DOMAINS_MAX);

    while (telling->lanes[domain].count == 0)
        domain = (domain + 1) % MODEL_DOMAINS_MAX;
    write_line(telling, domain);
}

/* Go on until the run has ended, or cannot go on. */
static enum walk_end go_on(struct telling *telling)
{
    struct walk *walk = telling->walk;
    enum walk_end end = WALK_GOES_ON;

    while (end == WALK_GOES_ON && !walk->state.over) {
        unsigned held = waiting(telling);

        tell_early(telling);
        if (held && !walk_draws(walk, walk->mood.late)) {
            catch_up(telling);
            continue;
        }
        telling->mute &= held;
        end = walk_step(walk, held, telling->mute);
        if (end == WALK_GOES_ON)
            tell_step(telling);
        if (telling->count > INSTANCES_MAX)
            end = WALK_FULL;
        if (end == WALK_STUCK && held) {
            catch_up(telling);
            end = WALK_GOES_ON;
        }
    }
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        write_lines(telling, d);
    return end;
}

bool tell_walk(struct walk *walk, FILE *output)
{
    struct telling telling = {.walk = walk, .program = walk->program, .output = output};
    struct outcome ending;
    char text[OUTCOME_MAX];
    enum walk_end end;

    add_instance(&telling, 0); /* the one that is not used */
    telling.counts[0] = 0;
    walk->state.units[walk->state.main].instance =
        (uint16_t)add_instance(&telling, walk->program->main_task);
    end = go_on(&telling);
    ending = (struct outcome){(enum outcome_kind)walk->state.ending.kind, walk->state.ending.value};
    outcome_write(text, sizeof text, walk->program, ending);
    if (end == WALK_FULL)
        fprintf(output, "absent room\n");
    else if (end == WALK_GOES_ON)
        fprintf(output, "run %s\n", text);
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        free(telling.lanes[d].lines);
    free(telling.instances);
    return end != WALK_STUCK;
}
