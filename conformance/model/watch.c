/* watch: each expectation is a small automaton over events; its memory is a few bytes of the state.
 */
#include "watch.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- Memory ---- */

enum { WRONG = 255, HISTORY = sizeof(uint32_t) };

/* How many bytes an expectation needs. */
static int memory_of(const struct expectation *expectation)
{
    switch (expectation->kind) {
    case EXPECT_EXACTLY:
        return 1; /* how many have come; WRONG: another one */
    case EXPECT_APART:
        return 2; /* on which domains tasks of each have begun, bits */
    case EXPECT_RUN:
    case EXPECT_NEVER:
        return 0;
    default:
        return expectation->happening_count; /* how often each has happened */
    }
}

int watch_lacks(const struct program *program)
{
    int size = HISTORY;

    for (int i = 0; i < program->expectation_count; i++) {
        size += memory_of(&program->expectations[i]);
        if (size > MODEL_WATCH_MAX || program->expectations[i].number >= WRONG - 1)
            return program->expectations[i].line;
    }
    return 0;
}

void watch_create(struct watch *watch, struct model *model)
{
    *watch = (struct watch){.model = model, .program = model->program};
    watch->operations = zeroed((size_t)watch->program->operation_count, sizeof(struct seen));
}

void watch_free(struct watch *watch)
{
    for (int i = 0; watch->operations && i < watch->program->operation_count; i++)
        free(watch->operations[i].lists);
    free(watch->operations);
    free(watch->run.lists);
    free(watch->prints.lists);
}

void watch_begin(const struct watch *watch, struct state *state)
{
    int size = HISTORY;

    for (int i = 0; i < watch->program->expectation_count; i++)
        size += memory_of(&watch->program->expectations[i]);
    state->watch_size = (uint16_t)size;
}

/* ---- What was seen ---- */

static void breach(struct watch *watch, int line, uint32_t list)
{
    for (int i = 0; i < watch->breach_count; i++)
        if (watch->breaches[i].line == line)
            return;
    if (watch->breach_count < BREACHES_MAX)
        watch->breaches[watch->breach_count++] = (struct breach){line, list, watch->node};
}

/* Whether it was not seen before. */
static bool add_seen(struct seen *seen, uint32_t list)
{
    for (int i = 0; i < seen->count; i++)
        if (seen->lists[i] == list)
            return false;
    seen->lists = grown(seen->lists, (size_t)seen->count, sizeof *seen->lists);
    seen->lists[seen->count++] = list;
    return true;
}

static bool equal_lists(struct outcomes a, struct outcomes b)
{
    for (size_t i = 0; i < a.count && a.count == b.count; i++)
        if (!outcome_equal(a.of[i], b.of[i]))
            return false;
    return a.count == b.count;
}

/* Whether a list meets the answers, as a whole or member by member; marks those that it meets. */
static bool meets(struct seen *seen, struct outcomes list, const struct outcomes *answers,
                  int count, bool by_member)
{
    bool met = false, all = by_member;

    for (int i = 0; i < count; i++)
        if (equal_lists(list, answers[i])) {
            seen->met |= (uint64_t)1 << i;
            met = true;
        }
    for (size_t m = 0; m < list.count && by_member; m++) {
        bool any = false;

        for (int i = 0; i < count; i++)
            if (answers[i].count == 1 && outcome_equal(answers[i].of[0], list.of[m])) {
                seen->met |= (uint64_t)1 << i;
                any = true;
            }
        all = all && any;
    }
    return met || all;
}

/* An operation without answers is ok or stopped if that is usual for it. */
static void check_outcome(struct watch *watch, int place, uint32_t list)
{
    static struct outcome plain[] = {{.kind = OUTCOME_OK}, {.kind = OUTCOME_STOPPED}};
    static const struct outcomes usual[] = {{&plain[0], 1}, {&plain[1], 1}};
    const struct operation *op = &watch->program->operations[place];
    struct outcomes outcomes;

    if (!add_seen(&watch->operations[place], list))
        return;
    if (op->answer_count == 0 && !operation_has(op->kind, OPERATION_PLAIN))
        return;
    outcomes = lists_outcomes(watch->model->lists, list, op->kind == OP_PARALLEL);
    if (!meets(&watch->operations[place], outcomes, op->answer_count ? op->answers : usual,
               op->answer_count ? op->answer_count : 2, op->kind != OP_PARALLEL))
        breach(watch, op->line, list);
    free(outcomes.of);
}

/* ---- Events ---- */

static bool is_happening(struct happening happening, const struct event *event)
{
    static const enum happening_kind kinds[] = {[EVENT_BEGIN] = HAPPENS_BEGIN,
                                                [EVENT_END] = HAPPENS_END,
                                                [EVENT_PRINT] = HAPPENS_PRINT,
                                                [EVENT_FINALISE] = HAPPENS_FINALISE,
                                                [EVENT_DID] = HAPPENS_DONE};

    return is_shown(event->kind) && happening.kind == kinds[event->kind] &&
           happening.which == event->which;
}

static bool is_exact(const struct event *event)
{
    return event->kind == EVENT_PRINT || event->kind == EVENT_FINALISE;
}

static void come(struct watch *watch, const struct expectation *expectation, uint8_t *memory,
                 const struct event *event)
{
    int most = expectation->kind == EXPECT_COUNT ? expectation->number + 1 : 2;

    for (int i = 0; i < expectation->happening_count; i++) {
        if (!is_happening(expectation->happenings[i], event))
            continue;
        if (expectation->kind == EXPECT_NEVER)
            breach(watch, expectation->line, 0);
        else if (expectation->kind == EXPECT_ON && event->domain != expectation->number)
            breach(watch, expectation->line, 0);
        else if (expectation->kind == EXPECT_ORDER && i + 1 < expectation->happening_count &&
                 memory[i + 1] > 0)
            breach(watch, expectation->line, 0);
        if (expectation->kind == EXPECT_NEVER)
            continue;
        if (expectation->kind != EXPECT_ONCE && expectation->kind != EXPECT_COUNT)
            most = 1;
        if (memory[i] < most)
            memory[i]++;
    }
}

static void remember(struct watch *watch, const struct expectation *expectation, uint8_t *memory,
                     const struct event *event)
{
    switch (expectation->kind) {
    case EXPECT_EXACTLY:
        if (!is_exact(event) || *memory == WRONG)
            return;
        if (*memory < expectation->happening_count &&
            is_happening(expectation->happenings[*memory], event)) {
            ++*memory;
            return;
        }
        *memory = WRONG;
        breach(watch, expectation->line, 0);
        return;
    case EXPECT_APART:
        if (event->kind != EVENT_BEGIN)
            return;
        for (int i = 0; i < 2; i++)
            if (event->which == expectation->tasks[i])
                memory[i] |= (uint8_t)(1u << event->domain);
        if (memory[0] & memory[1])
            breach(watch, expectation->line, 0);
        return;
    case EXPECT_RUN:
        return;
    default:
        come(watch, expectation, memory, event);
    }
}

static void remember_history(struct watch *watch, struct state *state, const struct event *event)
{
    uint32_t history;

    if (!watch->histories || !is_exact(event))
        return;
    memcpy(&history, state->watch, sizeof history);
    history = lists_append(
        watch->model->lists, history,
        (struct outcome){event->kind == EVENT_PRINT ? OUTCOME_OK : OUTCOME_FAILED, event->which});
    memcpy(state->watch, &history, sizeof history);
}

void watch_step(struct watch *watch, struct step *step)
{
    for (int e = 0; e < step->event_count; e++) {
        const struct event *event = &step->events[e];
        uint8_t *memory = step->state->watch + HISTORY;

        if (event->kind == EVENT_DID)
            check_outcome(watch, event->which, event->list);
        remember_history(watch, step->state, event);
        for (int i = 0; i < watch->program->expectation_count; i++) {
            remember(watch, &watch->program->expectations[i], memory, event);
            memory += memory_of(&watch->program->expectations[i]);
        }
    }
}

/* ---- The end ---- */

static bool is_met(const struct expectation *expectation, const uint8_t *memory)
{
    bool all = true;

    switch (expectation->kind) {
    case EXPECT_EXACTLY:
        return *memory == expectation->happening_count;
    case EXPECT_ON:
        for (int i = 0; i < expectation->happening_count; i++)
            all = all && memory[i] > 0;
        return all;
    case EXPECT_ORDER:
    case EXPECT_SEEN:
    case EXPECT_ONCE:
    case EXPECT_COUNT:
        for (int i = 0; i < expectation->happening_count; i++)
            all = all && (expectation->kind == EXPECT_ONCE    ? memory[i] == 1
                          : expectation->kind == EXPECT_COUNT ? memory[i] == expectation->number
                                                              : memory[i] > 0);
        return all;
    default:
        return true;
    }
}

void watch_end(struct watch *watch, const struct state *state)
{
    struct outcome ending = {(enum outcome_kind)state->ending.kind, state->ending.value};
    uint32_t list = lists_append(watch->model->lists, 0, ending), history;
    const uint8_t *memory = state->watch + HISTORY;

    add_seen(&watch->run, list);
    memcpy(&history, state->watch, sizeof history);
    if (watch->histories)
        add_seen(&watch->prints, history);
    for (int i = 0; i < watch->program->expectation_count; i++) {
        const struct expectation *expectation = &watch->program->expectations[i];
        struct outcomes outcomes = {&ending, 1};

        if (expectation->kind == EXPECT_RUN ? !meets(&watch->run, outcomes, expectation->answers,
                                                     expectation->answer_count, false)
                                            : !is_met(expectation, memory))
            breach(watch, expectation->line, expectation->kind == EXPECT_RUN ? list : 0);
        memory += memory_of(expectation);
    }
}

char *watch_history(const struct watch *watch, struct outcome event)
{
    if (event.kind == OUTCOME_OK)
        return copy_of(program_name(watch->program, NAME_WORD, event.value));
    return text_of("finalise:%s", program_name(watch->program, NAME_RESOURCE, event.value));
}
