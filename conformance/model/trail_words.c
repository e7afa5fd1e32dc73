/* trail_words: events in the words of the drivers' protocol, each with its rule. */
#include "trail_words.h"

#include "scenario/memory.h"
#include "turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words words_create(const struct program *program, const struct lists *lists,
                          const struct sighted *sighted, int sighted_count)
{
    return (struct words){
        .program = program, .lists = lists, .sighted = sighted, .sighted_count = sighted_count};
}

/* ---- Events ---- */

/* An instance is called as the protocol does. */
static char *name_of(const struct words *words, uint16_t instance, int task)
{
    const char *name = program_name(words->program, NAME_TASK, task);

    if (instance && words->sighted[instance - 1].number > 1)
        return text_of("%s#%d", name, words->sighted[instance - 1].number);
    return copy_of(name);
}

static void add(struct words *words, char *text)
{
    for (int i = 0; i < words->count; i++)
        if (strcmp(words->events[i], text) == 0) {
            free(text);
            return;
        }
    if (words->count < WORDS_MAX) {
        words->events[words->count++] = text;
        return;
    }
    words->more = true;
    free(text);
}

static struct outcome outcome_of(struct ending ending)
{
    return (struct outcome){(enum outcome_kind)ending.kind, ending.value};
}

/* The rule that says first of all when a run ends with this. */
static const char *rule_of_run(enum outcome_kind kind)
{
    switch (kind) {
    case OUTCOME_STILL_HAS_CHILDREN:
        return "R2.1";
    case OUTCOME_RESOURCE_LEAKED:
        return "R5.4";
    case OUTCOME_DEADLOCK:
        return "R13.1";
    case OUTCOME_ON_CANCELLATION_FAILED:
        return "R8.16";
    case OUTCOME_FAILED:
        return "R1.2";
    case OUTCOME_INVALID:
        return "R13.7";
    default:
        return "R1.1";
    }
}

/* The rule that stops tasks. */
static const char *rule_of_stopping(const struct state *state)
{
    return state && state->early ? rule_of_run((enum outcome_kind)state->ending.kind) : "R2.14";
}

/* The rule of an outcome, the last of those of an operation. */
static const char *rule_of_outcome(const struct state *state, enum operation_kind kind,
                                   struct outcome outcome)
{
    switch (outcome.kind) {
    case OUTCOME_STOPPED:
        return rule_of_stopping(state);
    case OUTCOME_NOT_RUNNING:
        return "R1.4";
    default:
        return rule_of(kind);
    }
}

static char *did_text(const struct words *words, const struct state *state, const char *name,
                      const struct event *event)
{
    const struct operation *op = &words->program->operations[event->which];
    char *list = lists_text(words->lists, words->program, event->list, op->kind == OP_PARALLEL);
    struct outcome last = {OUTCOME_OK, 0};
    char *text;

    if (event->list)
        last = lists_last(words->lists, event->list);
    text = text_of("'did %s %d %s' [%s]", name, op->line, list,
                   rule_of_outcome(state, op->kind, last));
    free(list);
    return text;
}

/* The rule of a task that begins; that of a part or a callback is about what executes it. */
static const char *rule_of_begin(const struct words *words, const struct state *state, uint8_t unit)
{
    const struct unit *outer;
    enum operation_kind kind;

    if (state->units[unit].outer == NO_ONE)
        return "R1.21";
    outer = &state->units[state->units[unit].outer];
    if (outer->life == LIFE_RETURNED)
        return "R5.6";
    kind = words->program->operations[words->program->tasks[outer->task].first + outer->at].kind;
    return kind == OP_SIGNAL_TRIGGER || kind == OP_COMPLETE || kind == OP_DETACH
               ? rule_of(OP_ON_SIGNAL)
               : rule_of(kind);
}

void words_event(struct words *words, const struct state *state, const struct event *event)
{
    int task = event->kind == EVENT_DID ? words->program->operations[event->which].task
               : event->instance        ? words->sighted[event->instance - 1].task
                                        : event->which;
    char *name = name_of(words, event->instance, task);

    switch (event->kind) {
    case EVENT_BEGIN:
        add(words, text_of("'begin %s %d' [%s]", name, event->domain,
                           rule_of_begin(words, state, event->unit)));
        break;
    case EVENT_END:
        add(words, text_of("'end %s' [R2.9]", name));
        break;
    case EVENT_PRINT:
        add(words, text_of("'print %s %s' [R1.21]", name,
                           program_name(words->program, NAME_WORD, event->which)));
        break;
    case EVENT_FINALISE:
        add(words,
            text_of("'finalise %s %s %d' [R5.6]", name,
                    program_name(words->program, NAME_RESOURCE, event->which), event->domain));
        break;
    case EVENT_DID:
        add(words, did_text(words, state, name, event));
        break;
    default:
        break;
    }
    free(name);
}

void words_end(struct words *words, const struct state *state)
{
    char outcome[OUTCOME_MAX];

    outcome_write(outcome, sizeof outcome, words->program, outcome_of(state->ending));
    add(words,
        text_of("'run %s' [%s]", outcome, rule_of_run((enum outcome_kind)state->ending.kind)));
}

/* NULL: the instance is not in the state. */
static const struct unit *find_unit(const struct state *state, int instance)
{
    for (int i = 0; state && i < state->units_used; i++)
        if (state->units[i].life != LIFE_NONE && state->units[i].instance == instance + 1)
            return &state->units[i];
    return NULL;
}

/* The rule of a task that goes on, which is that of what it was doing. */
static const char *rule_of_task(const struct words *words, const struct sight *sight,
                                const struct state *state)
{
    const struct unit *unit = find_unit(state, sight->instance);
    const struct sighted *who = &words->sighted[sight->instance];

    if (!unit && who->cause != CAUSE_SPAWN && who->operation >= 0)
        return rule_of(words->program->operations[who->operation].kind);
    if (!unit || unit->life == LIFE_ENDED)
        return "R2.9";
    if (unit->life == LIFE_SPAWNED)
        return unit->cancel == CANCEL_NO ? "R1.21" : "R2.22";
    if (sight->kind == SIGHT_DID)
        return rule_of(words->program->operations[sight->operation].kind);
    if (unit->life == LIFE_RETURNED)
        return "R2.9";
    if (unit->place == PLACE_WAITING && unit->at < words->program->tasks[unit->task].count)
        return rule_of(
            words->program->operations[words->program->tasks[unit->task].first + unit->at].kind);
    return "R1.21";
}

const char *words_rule(const struct words *words, const struct sight *sight,
                       const struct state *state)
{
    switch (sight->kind) {
    case SIGHT_DID:
        for (size_t i = 0; i < sight->outcomes.count; i++)
            if (sight->outcomes.of[i].kind == OUTCOME_STOPPED)
                return rule_of_stopping(state);
        return rule_of_task(words, sight, state);
    case SIGHT_FINALISE:
        return "R5.6";
    case SIGHT_RUN:
        return rule_of_run(sight->outcomes.of[0].kind);
    default:
        return rule_of_task(words, sight, state);
    }
}

/* ---- States ---- */

enum { TASKS_MAX = 12 }; /* that are told of */

static const char *wait_text(const struct unit *unit)
{
    static const char *const texts[] = {
        [WAIT_NOTHING] = "waits",
        [WAIT_CHILDREN] = "waits for children",
        [WAIT_END] = "has returned, but has not ended",
        [WAIT_START] = "is to be cancelled before it begins",
        [WAIT_PARENT] = "has broken a rule, and ends when its parent is cancelled or cancels it",
        [WAIT_SLEEP] = "sleeps",
        [WAIT_MUTEX] = "waits for a mutex",
        [WAIT_CONDITION] = "waits for a condition",
        [WAIT_LAZY] = "waits for a lazy value",
        [WAIT_RUN] = "waits for a run to end",
        [WAIT_TRIGGER] = "waits for a trigger",
        [WAIT_COMPUTATION] = "waits for a computation"};

    if (unit->life == LIFE_ENDED)
        return "has ended";
    if (unit->life == LIFE_SPAWNED)
        return unit->place == PLACE_COMING ? "is on its way to its domain" : "has not begun";
    switch (unit->place) {
    case PLACE_COMING:
        return "is ready, and its domain has not heard of it";
    case PLACE_READY:
        return "is ready";
    case PLACE_CURRENT:
        return unit->life == LIFE_RETURNED ? "has returned, and ends" : "goes on";
    default:
        return texts[unit->wait];
    }
}

/* A task, its innermost part and what it does. */
static void write_unit(FILE *stream, const struct words *words, const struct state *state,
                       uint8_t task)
{
    const struct unit *unit = &state->units[task], *frame = &state->units[innermost(state, task)];
    char *name = name_of(words, unit->instance, unit->task);

    fprintf(stream, "%s on domain %d %s", name, unit->domain, wait_text(unit));
    if (unit->life == LIFE_BEGUN && frame->at < words->program->tasks[frame->task].count)
        fprintf(
            stream, ", line %d",
            words->program->operations[words->program->tasks[frame->task].first + frame->at].line);
    if (unit->cancel != CANCEL_NO)
        fputs(unit->cancel == CANCEL_YES ? ", cancelled" : ", about to be cancelled", stream);
    for (int i = 0; i < state->resources_used; i++)
        if (state->resources[i].phase == RESOURCE_OWNED && state->resources[i].owner == task)
            fprintf(stream, ", owns %s",
                    program_name(words->program, NAME_RESOURCE, state->resources[i].name));
    free(name);
}

void words_state(struct words *words, const struct state *state)
{
    const char *between = "";
    int told = 0;
    size_t size;
    FILE *stream;

    free(words->state);
    stream = must(open_memstream(&words->state, &size));
    if (state->early) {
        char outcome[OUTCOME_MAX];

        outcome_write(outcome, sizeof outcome, words->program, outcome_of(state->ending));
        fprintf(stream, "the run ends with %s; ", outcome);
    }
    for (int i = 0; i < state->units_used; i++) {
        if (state->units[i].life == LIFE_NONE || state->units[i].outer != NO_ONE)
            continue;
        fputs(between, stream);
        if (told++ == TASKS_MAX) {
            fputs("...", stream);
            break;
        }
        write_unit(stream, words, state, (uint8_t)i);
        between = "; ";
    }
    fclose(stream);
    must(words->state);
}

void words_take(struct words *words, char **allowed, char **state)
{
    size_t size;
    FILE *stream = must(open_memstream(allowed, &size));

    for (int i = 0; i < words->count; i++) {
        fprintf(stream, "%s%s", i ? ", " : "", words->events[i]);
        free(words->events[i]);
    }
    if (words->more)
        fputs(", ...", stream);
    fclose(stream);
    must(*allowed);
    *state = words->state ? words->state : copy_of("");
}
