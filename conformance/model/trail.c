/* trail: looks for a way of the model that shows what was seen, depth first. A step that shows
 * nothing is taken; one that shows an event must show the next one of its domain. */
#include "trail.h"

#include "ends.h"
#include "guess.h"
#include "model.h"
#include "moves.h"
#include "scenario/memory.h"
#include "states.h"
#include "trail_words.h"
#include "turns.h"

#include <stdlib.h>
#include <string.h>

/* A spawn that was seen, to be found by its operation. */
struct spawn {
    int instance;
    int operation;
    int at;
};

/* The events of a domain. */
struct lane {
    int *at;
    int count;
    int *before; /* how many of them are before each event of the run */
};

/* What a step leads to, in the order in which it is to be looked at. */
enum urgency { SHOWS_IT, TELLS_IT, ON_ITS_DOMAIN, ELSEWHERE, DOUBTFUL, UNLIKELY, URGENCIES };

enum { SEEN_MAX = 100 }; /* states before the wrong event that are told of */

struct follower {
    struct model *model;
    const struct program *program;
    const struct sight *sights;
    int count;
    const struct sighted *sighted;
    int sighted_count;
    int *domains; /* of each instance: where it began; -1: it never did */
    int *begun;   /* and by which event */
    struct spawn *spawns;
    int spawn_count;
    struct lane lanes[MODEL_DOMAINS_MAX];
    struct guess guess;
    int beyond; /* as in struct manner */
    bool ends;
    bool guided;          /* a called task goes where it will be seen to begin */
    struct moment moment; /* of the state that is looked at */
    int its_lane;         /* that of the next event; -1: it has none */
    struct states states;
    struct state *from;   /* what is looked at */
    struct state *to;     /* where a step of it leads */
    struct state *next;   /* where the most urgent leads, which need not be executed again */
    struct state *room;   /* for these three, in any order */
    unsigned char *bytes; /* room for a packed state */
    struct fresh {        /* what its steps lead to */
        struct way way;
        enum urgency urgency;
    } * fresh;
    size_t fresh_count;
    int next_fresh; /* which of them is the most urgent; -1: none is more than UNLIKELY */
    struct moment next_moment;
    struct seen_state { /* before the last event that was reached */
        struct state state;
        struct moment moment;
    } * seen;
    int seen_count;
    uint64_t most; /* steps that are tried */
    struct trail trail;
};

/* ---- What was seen ---- */

static int compare_spawns(const void *a, const void *b)
{
    const struct spawn *x = a, *y = b;

    if (x->instance != y->instance)
        return x->instance < y->instance ? -1 : 1;
    if (x->operation != y->operation)
        return x->operation < y->operation ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static int domain_of(const struct follower *follower, const struct sight *sight)
{
    switch (sight->kind) {
    case SIGHT_BEGIN:
    case SIGHT_FINALISE:
        return sight->domain;
    case SIGHT_DID:
    case SIGHT_PRINT:
    case SIGHT_END:
        return follower->domains[sight->instance];
    default:
        return -1;
    }
}

static void add_to_lane(struct follower *follower, int at)
{
    int domain = domain_of(follower, &follower->sights[at]);
    struct lane *lane = &follower->lanes[domain < 0 ? 0 : domain];

    if (domain < 0 || domain > follower->program->domains)
        return;
    lane->at = grown(lane->at, (size_t)lane->count, sizeof *lane->at);
    lane->at[lane->count++] = at;
}

static void count_before(struct follower *follower, struct lane *lane)
{
    int next = 0;

    lane->before = zeroed((size_t)follower->count + 1, sizeof *lane->before);
    for (int i = 0; i <= follower->count; i++) {
        lane->before[i] = next;
        next += next < lane->count && lane->at[next] == i;
    }
}

static void look(struct follower *follower)
{
    follower->domains = zeroed((size_t)follower->sighted_count, sizeof *follower->domains);
    follower->begun = zeroed((size_t)follower->sighted_count, sizeof *follower->begun);
    for (int i = 0; i < follower->sighted_count; i++)
        follower->domains[i] = follower->begun[i] = -1;
    for (int i = 0; i < follower->count; i++) {
        const struct sight *sight = &follower->sights[i];

        if (sight->kind == SIGHT_BEGIN && follower->begun[sight->instance] < 0) {
            follower->domains[sight->instance] = sight->domain;
            follower->begun[sight->instance] = i;
        }
        if (sight->kind == SIGHT_SPAWN) {
            follower->spawns =
                grown(follower->spawns, (size_t)follower->spawn_count, sizeof *follower->spawns);
            follower->spawns[follower->spawn_count++] =
                (struct spawn){sight->instance, sight->operation, i};
        }
        add_to_lane(follower, i);
    }
    for (int d = 0; d <= follower->program->domains; d++)
        count_before(follower, &follower->lanes[d]);
    if (follower->spawns)
        qsort(follower->spawns, (size_t)follower->spawn_count, sizeof *follower->spawns,
              compare_spawns);
}

/* The n-th spawn, from 0, of an operation; NULL: it was not seen. */
static const struct sight *spawn_seen(const struct follower *follower, int instance, int operation,
                                      uint32_t n)
{
    int low = 0, high = follower->spawn_count;
    struct spawn key = {instance, operation, -1};

    while (low < high) {
        int middle = (low + high) / 2;

        if (compare_spawns(&follower->spawns[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (n >= (uint32_t)(follower->spawn_count - low) ||
        follower->spawns[low + (int)n].instance != instance ||
        follower->spawns[low + (int)n].operation != operation ||
        follower->spawns[low + (int)n].at >= follower->moment.now)
        return NULL;
    return &follower->sights[follower->spawns[low + (int)n].at];
}

/* ---- Whether a step shows what was seen ---- */

/* The child of a step that spawns gets its instance. */
static bool names_child(struct follower *follower, struct step *step, const struct event *event)
{
    const struct sight *sight =
        spawn_seen(follower, event->instance - 1, event->which, event->list);
    struct unit *child = &step->state->units[event->unit];

    if (!sight || follower->sighted[sight->child].task != child->task)
        return false;
    child->instance = (uint16_t)(sight->child + 1);
    return !follower->guided || follower->domains[sight->child] < 0 ||
           follower->domains[sight->child] == child->domain;
}

/* Whether a task that will not begin was not seen to begin, if nothing else is wrong. */
static bool may_never_begin(const struct follower *follower, const struct event *event)
{
    return !follower->guided || follower->begun[event->instance - 1] < 0;
}

/* A part or a callback begins, whose instance was not known. */
static bool names_part(struct follower *follower, struct step *step, const struct event *event,
                       const struct sight *sight)
{
    const struct sighted *who = &follower->sighted[sight->instance];
    struct unit *part = &step->state->units[event->unit];
    const struct unit *outer = &step->state->units[part->outer];

    if (who->task != event->which || who->cause == CAUSE_SPAWN)
        return false;
    if (who->cause == CAUSE_PART &&
        (who->parent + 1 != outer->instance ||
         who->operation != follower->program->tasks[outer->task].first + outer->at))
        return false;
    part->instance = (uint16_t)(sight->instance + 1);
    return true;
}

static bool shows(struct follower *follower, struct step *step, const struct event *event,
                  const struct sight *sight)
{
    bool its = event->instance == sight->instance + 1;

    switch (event->kind) {
    case EVENT_BEGIN:
        if (sight->kind != SIGHT_BEGIN)
            return false;
        return its || (!event->instance && names_part(follower, step, event, sight));
    case EVENT_END:
        return sight->kind == SIGHT_END && its;
    case EVENT_PRINT:
        return sight->kind == SIGHT_PRINT && its && sight->name == event->which;
    case EVENT_FINALISE:
        return sight->kind == SIGHT_FINALISE && its && sight->name == event->which;
    case EVENT_DID:
        return sight->kind == SIGHT_DID && its && sight->operation == event->which &&
               lists_are(follower->model->lists, event->list, sight->outcomes,
                         follower->program->operations[event->which].kind == OP_PARALLEL);
    default:
        return false;
    }
}

/* Whether an event may have happened before it was reported: what an operation does, and that a
 * resource has ended, can be seen elsewhere. */
static bool precedes_report(const struct follower *follower, const struct event *event)
{
    if (event->kind == EVENT_FINALISE)
        return true;
    if (event->kind != EVENT_DID)
        return false;
    switch (follower->program->operations[event->which].kind) {
    case OP_PRINT:
    case OP_SELF:
    case OP_AVAILABLE:
        return false;
    default:
        return true;
    }
}

/* Whether what is to happen next is an answer that is out of range. */
static bool awaits_answer(const struct follower *follower)
{
    return follower->moment.now == follower->beyond && !follower->from->beyond;
}

static unsigned ahead_of(const struct moment *moment, int domain)
{
    return (unsigned)(moment->ahead >> 8 * domain & 255);
}

/* The events of a step are the next ones of its domain. Returns whether the first is the one that
 * is looked for; `shown` becomes how many there are, -1 if they are others. */
static bool compare_events(struct follower *follower, struct step *step, int *shown)
{
    bool found = false;
    int now = follower->moment.now, next = awaits_answer(follower) ? -1 : now;

    *shown = 0;
    for (int i = 0; i < step->event_count; i++) {
        const struct event *event = &step->events[i];
        const struct lane *lane = &follower->lanes[event->domain];
        int place = lane->before[now] + (int)ahead_of(&follower->moment, event->domain) + *shown;

        if (!is_shown(event->kind)) {
            if (event->kind == EVENT_SPAWN ? names_child(follower, step, event)
                                           : may_never_begin(follower, event))
                continue;
            *shown = -1;
            return false;
        }
        if (place >= lane->count ||
            !shows(follower, step, event, &follower->sights[lane->at[place]]) ||
            (*shown == 0 && lane->at[place] != next && !precedes_report(follower, event))) {
            *shown = -1;
            return false;
        }
        found |= *shown == 0 && lane->at[place] == next;
        ++*shown;
    }
    return found;
}

/* ---- What need not be tried ---- */

static int ready_on(const struct state *state, int domain)
{
    int count = 0;

    for (int i = 0; i < state->units_used; i++)
        count += state->units[i].place == PLACE_READY && state->units[i].domain == domain;
    return count;
}

/* What a domain hears, and no other can tell, it may as well hear just before the next thing that
 * it does; that a task is ready, before the next thing that it does to its queue. */
static bool is_needless(const struct follower *follower, const struct step *step)
{
    const struct moment *moment = &follower->moment;
    int domain = moment->focus - 1;

    return moment->focus && moment->pushed && !step->heard &&
           follower->from->current[domain] != NO_ONE &&
           ready_on(follower->from, domain) == ready_on(step->state, domain);
}

/* ---- Steps ---- */

static unsigned held_by(const struct moment *moment)
{
    unsigned held = 0;

    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        if (ahead_of(moment, d))
            held |= 1u << d;
    return held;
}

/* The next event of the domain that has made a step. */
static int next_event(const struct follower *follower, const struct step *step,
                      const struct moment *moment)
{
    const struct lane *lane = &follower->lanes[step->domain];
    int next = lane->before[moment->now] + (int)ahead_of(moment, step->domain);

    return next < lane->count ? lane->at[next] : follower->count;
}

static bool has_ended_unbegun(const struct step *step)
{
    for (int i = 0; i < step->event_count; i++)
        if (ends_unbegun(step->state, &step->events[i]))
            return true;
    return false;
}

static enum urgency urgency_of(const struct follower *follower, const struct step *step,
                               const struct moment *moment)
{
    int next = next_event(follower, step, moment);

    enum belief belief = guess_believes(&follower->guess, follower->program, follower->from,
                                        follower->to, step->domain, next);

    if (belief != BELIEF_LIKELY)
        return belief == BELIEF_DOUBTFUL ? DOUBTFUL : UNLIKELY;
    if (moment->now > follower->moment.now)
        return SHOWS_IT;
    if (step->cancelled &&
        guess_is_next(&follower->guess, &follower->to->units[step->cancelled - 1], next))
        return TELLS_IT;
    return step->domain == follower->its_lane ? ON_ITS_DOMAIN : ELSEWHERE;
}

/* The moment of the state that a step has led to. Returns whether the step shows what was seen. */
static bool find_moment(struct follower *follower, struct step *step, struct moment *moment)
{
    int shown;
    bool found = compare_events(follower, step, &shown);

    if (shown < 0 || is_needless(follower, step))
        return false;
    *moment = follower->moment;
    if (shown > 0)
        moment->ahead += (uint64_t)(shown - found)
                         << 8 * step->events[step->event_count - 1].domain;
    if (shown > found && has_ended_unbegun(step))
        moment->mute |= (uint8_t)(1u << step->events[step->event_count - 1].domain);
    moment->now += found;
    moment->taken |= step->taken;
    moment->pushed = step->ready && (!moment->focus || moment->pushed);
    moment->focus = step->heard;
    moment->told = step->heard ? step->cancelled : 0;
    return true;
}

static void swap(struct state **a, struct state **b)
{
    struct state *c = *a;

    *a = *b;
    *b = c;
}

static void arrive(struct follower *follower, struct step *step)
{
    struct moment moment;
    struct fresh fresh = {.way = {.count = step->pick_count}};

    if (!find_moment(follower, step, &moment) ||
        !states_is_new(&follower->states, follower->bytes,
                       state_pack(follower->to, follower->bytes), &moment))
        return;
    memcpy(fresh.way.picks, step->picks, (size_t)step->pick_count * sizeof *step->picks);
    fresh.urgency = urgency_of(follower, step, &moment);
    if (fresh.urgency <
        (follower->next_fresh < 0 ? UNLIKELY : follower->fresh[follower->next_fresh].urgency)) {
        swap(&follower->next, &follower->to);
        step->state = follower->to;
        follower->next_moment = moment;
        follower->next_fresh = (int)follower->fresh_count;
    }
    follower->fresh = grown(follower->fresh, follower->fresh_count, sizeof *follower->fresh);
    follower->fresh[follower->fresh_count++] = fresh;
}

static struct step step_from(struct follower *follower)
{
    return (struct step){.state = follower->to,
                         .held = held_by(&follower->moment),
                         .mute = follower->moment.mute,
                         .begun = follower->begun,
                         .never = follower->guided && follower->ends,
                         .beyond = awaits_answer(follower),
                         .focus = follower->moment.focus,
                         .told = follower->moment.told};
}

/* Take all steps of the state. What is most urgent is looked at first. */
static void expand(struct follower *follower)
{
    struct step step = step_from(follower);
    bool stuck;

    follower->fresh_count = 0;
    while (follower->trail.steps <= follower->most && follower->trail.end == TRAIL_WRONG &&
           model_step(follower->model, follower->from, &step, &stuck)) {
        follower->trail.steps += follower->from->units_used;
        if (!stuck && follower->to->full)
            follower->trail.end = TRAIL_FULL;
        else if (!stuck)
            arrive(follower, &step);
    }
    states_lead_from(&follower->states, follower->from, &follower->moment);
    for (int urgency = URGENCIES - 1; urgency >= 0; urgency--)
        for (size_t i = follower->fresh_count; i-- > 0;)
            if ((int)follower->fresh[i].urgency == urgency && (int)i != follower->next_fresh)
                states_push(&follower->states, &follower->fresh[i].way, urgency == UNLIKELY);
}

/* Go to the state that is to be looked at next. Returns false if there is none. */
static bool go_to_next(struct follower *follower)
{
    struct way way;
    struct step step;

    if (follower->next_fresh >= 0) {
        swap(&follower->from, &follower->next);
        follower->moment = follower->next_moment;
        follower->next_fresh = -1;
        return true;
    }
    if (!states_pop(&follower->states, follower->from, &follower->moment, &way))
        return false;
    step = step_from(follower);
    model_step_again(follower->model, follower->from, &step, way.picks, way.count);
    find_moment(follower, &step, &follower->moment);
    swap(&follower->from, &follower->to);
    return true;
}

/* ---- The search ---- */

/* Go on to the next event that is still to happen; what has happened ahead of its report is only
 * reported now. */
static void pass(struct follower *follower)
{
    struct moment *moment = &follower->moment;

    for (; moment->now < follower->count; moment->now++) {
        const struct sight *sight = &follower->sights[moment->now];
        int domain = domain_of(follower, sight);

        follower->its_lane = domain >= 0 && domain <= follower->program->domains ? domain : -1;
        if (awaits_answer(follower))
            return;
        if (sight->kind == SIGHT_SPAWN || sight->kind == SIGHT_OTHER ||
            (sight->kind == SIGHT_PART && follower->begun[sight->child] >= 0))
            continue;
        if (follower->its_lane < 0 || !ahead_of(moment, follower->its_lane))
            return;
        moment->ahead -= (uint64_t)1 << 8 * follower->its_lane;
        if (!ahead_of(moment, follower->its_lane))
            moment->mute &= (uint8_t) ~(1u << follower->its_lane);
    }
}

/* The run cannot go on: it may have come to its end. */
static void look_at_end(struct follower *follower)
{
    const struct sight *sight = &follower->sights[follower->moment.now];
    struct outcome ending = {(enum outcome_kind)follower->from->ending.kind,
                             follower->from->ending.value};

    if (sight->kind == SIGHT_RUN && outcome_equal(ending, sight->outcomes.of[0]))
        follower->moment.now++;
}

/* Remember a state before the last event that was reached. */
static void note_seen(struct follower *follower)
{
    if (follower->moment.now > follower->trail.at) {
        follower->trail.at = follower->moment.now;
        follower->seen_count = 0;
    }
    if (follower->guided || follower->moment.now < follower->trail.at ||
        follower->seen_count == SEEN_MAX)
        return;
    if (!follower->seen)
        follower->seen = zeroed(SEEN_MAX, sizeof *follower->seen);
    state_copy(&follower->seen[follower->seen_count].state, follower->from);
    follower->seen[follower->seen_count++].moment = follower->moment;
}

/* That of main, or of what is executed before it. */
static uint16_t first_instance(const struct follower *follower)
{
    for (int i = 1; i < follower->sighted_count && follower->program->outside_task >= 0; i++)
        if (follower->sighted[i].task == follower->program->outside_task &&
            follower->sighted[i].parent < 0)
            return (uint16_t)(i + 1);
    return 1;
}

static void begin(struct follower *follower)
{
    follower->trail = (struct trail){.end = TRAIL_WRONG};
    follower->seen_count = 0;
    follower->next_fresh = -1;
    states_clear(&follower->states);
    model_begin(follower->model, follower->from);
    follower->from->units[follower->from->main].instance = first_instance(follower);
    follower->moment = (struct moment){0};
}

static void follow(struct follower *follower)
{
    begin(follower);
    for (bool more = true; follower->trail.end == TRAIL_WRONG && more;
         more = go_to_next(follower)) {
        pass(follower);
        if (follower->from->over && follower->moment.now < follower->count)
            look_at_end(follower);
        if (follower->moment.now == follower->count) {
            follower->trail.end = TRAIL_ALLOWED;
            follower->trail.taken = follower->moment.taken;
            return;
        }
        note_seen(follower);
        if (!follower->from->over)
            expand(follower);
        if (follower->trail.end == TRAIL_WRONG &&
            (follower->trail.steps > follower->most ||
             states_size(&follower->states) > TRAIL_BYTES_MAX))
            follower->trail.end = TRAIL_LOST;
    }
}

/* ---- What it means ---- */

/* What could have happened in place of the event, and in which state. */
static void explain(struct follower *follower)
{
    struct words words = words_create(follower->program, follower->model->lists, follower->sighted,
                                      follower->sighted_count);
    struct step step;
    bool stuck;
    int lane = -1;

    if (follower->trail.at < follower->count)
        lane = domain_of(follower, &follower->sights[follower->trail.at]);
    for (int i = 0; i < follower->seen_count; i++) {
        const struct state *state = &follower->seen[i].state;

        if (i + 1 == follower->seen_count)
            words_state(&words, state);
        if (state->over) {
            words_end(&words, state);
            continue;
        }
        step = (struct step){.state = follower->to,
                             .held = held_by(&follower->seen[i].moment),
                             .mute = follower->seen[i].moment.mute};
        while (model_step(follower->model, state, &step, &stuck))
            for (int e = 0; e < step.event_count && !stuck; e++)
                if (is_shown(step.events[e].kind) && (lane < 0 || step.events[e].domain == lane)) {
                    words_event(&words, follower->to, &step.events[e]);
                    break;
                }
    }
    follower->trail.rule =
        words_rule(&words, &follower->sights[follower->trail.at],
                   follower->seen_count ? &follower->seen[follower->seen_count - 1].state : NULL);
    words_take(&words, &follower->trail.allowed, &follower->trail.state);
}

static void forget(struct follower *follower)
{
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++) {
        free(follower->lanes[d].at);
        free(follower->lanes[d].before);
    }
    states_free(&follower->states);
    guess_free(&follower->guess);
    free(follower->room);
    free(follower->bytes);
    free(follower->fresh);
    free(follower->seen);
    free(follower->spawns);
    free(follower->domains);
    free(follower->begun);
    model_free(follower->model);
    free(follower);
}

/* No way shows what was seen. Perhaps that was noticed early, since something later is wrong: look
 * for the first event that is not reached although called tasks go anywhere, as far as that can be
 * found. */
static void find_wrong(struct follower *follower)
{
    follower->guided = false;
    follow(follower);
    if (follower->trail.end != TRAIL_ALLOWED)
        follower->trail.end = TRAIL_WRONG;
}

/* No more than a second passes by one choice while a task can go on [R13.9]. Without choices nobody
 * can tell how long a sleep took, or waits for one that is this long. */
static enum long_sleeps long_sleeps_of(struct manner manner)
{
    if (manner.choices >= 0)
        return manner.choices < LONG_SLEEP / 1000 ? LONG_AT_REST : LONG_ANY_TIME;
    return manner.ends ? LONG_ANY_TIME : LONG_NEVER;
}

struct trail trail_follow(const struct program *program, struct manner manner,
                          const struct sight *sights, int count, const struct sighted *sighted,
                          int sighted_count)
{
    struct follower *follower = zeroed(1, sizeof *follower);
    struct trail trail;

    follower->program = program;
    follower->sights = sights;
    follower->count = count;
    follower->sighted = sighted;
    follower->sighted_count = sighted_count;
    follower->beyond = manner.beyond;
    follower->ends = manner.ends;
    follower->guided = true;
    follower->most = manner.steps;
    follower->model = model_create(program);
    model_be_observed(follower->model);
    follower->model->long_sleeps = long_sleeps_of(manner);
    follower->room = resized(NULL, 3 * sizeof *follower->room);
    follower->from = &follower->room[0];
    follower->to = &follower->room[1];
    follower->next = &follower->room[2];
    follower->bytes = resized(NULL, STATE_BYTES_MAX);
    states_create(&follower->states);
    guess_create(&follower->guess, sights, count, sighted, sighted_count);
    look(follower);
    follow(follower);
    if (follower->trail.end == TRAIL_WRONG) {
        find_wrong(follower);
        if (follower->trail.end == TRAIL_WRONG)
            explain(follower);
    }
    for (int f = 0; f < FREEDOM_KINDS; f++)
        if (follower->model->used[f])
            follower->trail.offered |= 1u << f;
    trail = follower->trail;
    forget(follower);
    return trail;
}

void trail_free(struct trail *trail)
{
    free(trail->allowed);
    free(trail->state);
}

const char *trail_lacks(const struct program *program)
{
    return model_lacks(program);
}
