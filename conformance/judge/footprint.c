/* footprint.c: a driver reports what operations did, but not when in between the runtime did it.
 *
 * A domain goes on in steps. Where one begins, the domain takes the news that others have sent to
 * it (a spawn, an end, a cancellation, a wake-up); then it lets one task go on until that suspends.
 * A step takes a turn for each call of the task. Where a turn goes on in the middle of a step, its
 * task is known, and the turn touches what the operation under way touches. Where a step begins,
 * the task is known only by its events; without any, the turn is taken to touch all that the
 * operations under way on the domain touch.
 *
 * Whoever sends news writes to a place of the domain that it is for, and the turn with which a step
 * begins reads it: the order matters in which tasks become ready. That of ends matters less; see
 * send_end. A domain with one task, which looks for a flag in vain, has done nothing. */
#include "footprint.h"

#include "scenario/memory.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

enum { DOMAINS = PROGRAM_DOMAINS_MAX + 1 };

/* Places, by their first. */
enum {
    NEWS = 0,                 /* for each domain */
    CANCELS = NEWS + DOMAINS, /* likewise */
    ENDS = CANCELS + DOMAINS, /* those of children; see send_end */
    ENDS_ORDER = ENDS + DOMAINS,
    FLAGS = ENDS_ORDER + DOMAINS,
    ORDER = FLAGS + PROGRAM_TASKS_MAX, /* of the events whose order is expected */
    CLOCK,
    NAMES, /* what shared names stand for */
    NAMES_COUNT = 80,
    OBJECTS = NAMES + NAMES_COUNT, /* what is behind them; those used by one operation are one */
    OBJECTS_COUNT = 80,
    PLACES = OBJECTS + OBJECTS_COUNT
};
_Static_assert(PLACES <= 64 * FOOTPRINT_WORDS, "a bit for each place");

/* An instance at some point of the trace. */
struct position {
    int domain;    /* -1: not known, or not begun */
    int operation; /* under way; -1: none */
    bool called;   /* which has been called before this turn */
    int child;     /* spawned last; -1: none */
    bool lingers;  /* has ended, and had children that had not */
    bool over;     /* has ended, */
    bool heard;    /* and its parent's domain has heard of it */
    bool told;     /* a cancellation may be on its way, which will be replied to */
};

struct walk {
    const struct program *program;
    const struct trace *trace;
    struct position *positions; /* by instance */
    int *alive;                 /* instances that have begun, but not ended, or linger */
    int alive_count;
    int *unborn; /* instances that were spawned, and never begin */
    int unborn_count;
    bool coarse;                               /* several calls of a task may be in one turn */
    bool breaks;                               /* the run ends because a rule was broken */
    int shared[NAME_KINDS][PROGRAM_TASKS_MAX]; /* by name: its place among NAMES; -1: not shared */
    int object[NAMES_COUNT];                   /* by that: its place among OBJECTS */
    bool transfers;                            /* some task does */
    int domain;                                /* whose turn it is */
    struct footprint *footprint;               /* of that turn */
    int running[DOMAINS]; /* by domain: the instance that its next turn goes on with, in the middle
                             of a step; -1: a step begins */
    struct footprint *step[DOMAINS]; /* by domain: of the turn in which its latest step began */
    int pending[DOMAINS + 1];        /* by domain: instances that will begin there; the last: it is
                                        not known where */
    int posted[PROGRAM_TASKS_MAX];   /* by flag: how often */
    struct footprint before;         /* of the turn before the first one of a domain */
};

/* ---- Footprints ---- */

static void read_place(struct footprint *footprint, int place)
{
    footprint->reads[place / 64] |= (uint64_t)1 << place % 64;
}

static void write_place(struct footprint *footprint, int place)
{
    read_place(footprint, place);
    footprint->writes[place / 64] |= (uint64_t)1 << place % 64;
}

static void await_place(struct footprint *footprint, int place)
{
    footprint->awaited[place / 64] |= (uint64_t)1 << place % 64;
}

void footprint_fill(struct footprint *footprint)
{
    memset(footprint->reads, 0xff, sizeof footprint->reads);
    memset(footprint->writes, 0xff, sizeof footprint->writes);
}

bool footprints_meet(const struct footprint *one, const struct footprint *other)
{
    uint64_t common = 0;

    for (int i = 0; i < FOOTPRINT_WORDS; i++)
        common |= (one->reads[i] & other->writes[i]) | (one->writes[i] & other->reads[i]);
    return common != 0;
}

bool footprints_race(const struct footprint *one, const struct footprint *later)
{
    uint64_t common = 0;

    for (int i = 0; i < FOOTPRINT_WORDS; i++)
        common |= (one->reads[i] & later->writes[i]) |
                  (one->writes[i] & later->reads[i] & ~later->awaited[i]);
    return common != 0;
}

int turn_taker(const struct trace *trace, int turn)
{
    const struct turn *which = &trace->turns[turn];
    int answer = which->count > 1 && which->choice < trace->choice_count
                     ? trace->choices[which->choice].answer
                     : 0;

    return trace->candidates[which->candidate + (answer < which->count ? answer : 0)];
}

/* ---- Names ---- */

static bool lists(const int *numbers, int count, int number)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Whether an operation has a name among its words. */
static bool has_name(const struct operation *operation, enum name_kind kind, int name)
{
    return (operation_names(operation->kind) == kind && operation->name == name) ||
           (operation_other_names(operation->kind) == kind &&
            (operation->other == name || operation->third == name)) ||
           (kind == NAME_PROMISE && (operation->bind == name ||
                                     lists(operation->promises, operation->promise_count, name))) ||
           (kind == NAME_RESOURCE && lists(operation->give, operation->give_count, name)) ||
           (kind == NAME_ORPHANAGE && operation->orphans == name);
}

/* The shared names of an operation, by their places among NAMES. Returns how many. */
static int names_of(const struct walk *walk, const struct operation *operation, int *places)
{
    int count = 0, kind, name;

    for (kind = NAME_PROMISE; kind <= NAME_HOOK; kind++)
        for (name = 0; name < walk->program->names[kind].count; name++)
            if (walk->shared[kind][name] >= 0 && has_name(operation, (enum name_kind)kind, name))
                places[count++] = walk->shared[kind][name];
    return count;
}

static bool binds(const struct program *program, const struct operation *operation)
{
    enum name_kind kind = operation_names(operation->kind);

    return operation->bind >= 0 || (names_objects(kind) && operation->name >= 0 &&
                                    binds_name(program, operation->task, kind, operation->name));
}

/* The objects that one operation uses may know each other from then on. */
static void join_objects(struct walk *walk, const int *places, int count)
{
    for (int i = 1; i < count; i++) {
        int from = walk->object[places[i]], to = walk->object[places[0]];

        for (int k = 0; k < NAMES_COUNT; k++)
            if (walk->object[k] == from)
                walk->object[k] = to;
    }
}

static void number_names(struct walk *walk)
{
    const struct program *program = walk->program;
    int places[NAMES_COUNT], count = 0, kind, i;

    memset(walk->shared, -1, sizeof walk->shared);
    for (kind = NAME_PROMISE; kind <= NAME_HOOK; kind++)
        for (i = 0; i < program->names[kind].count; i++)
            if (program->names[kind].of[i].shared)
                walk->shared[kind][i] = count++ % NAMES_COUNT;
    for (i = 0; i < NAMES_COUNT; i++)
        walk->object[i] = i;
    for (i = 0; i < program->operation_count; i++)
        walk->transfers |= program->operations[i].kind == OP_TRANSFER;
    for (i = 0; i < program->operation_count; i++)
        join_objects(walk, places, names_of(walk, &program->operations[i], places));
}

/* ---- News ---- */

/* News for a domain; -1: for any. */
static void send_news(struct walk *walk, int domain)
{
    for (int i = 0; i <= walk->program->domains; i++)
        if (domain < 0 || (i == domain && i != walk->domain)) {
            write_place(walk->footprint, NEWS + i);
            write_place(walk->footprint, ENDS + i);
            read_place(walk->footprint, CANCELS + i);
        }
}

/* A domain's tasks, or those of any domain, may be cancelled. */
static void send_cancel(struct walk *walk, int domain)
{
    for (int i = 0; i <= walk->program->domains; i++)
        if (domain < 0 || i == domain)
            write_place(walk->footprint, CANCELS + i);
}

static bool descends(const struct trace *trace, int instance, int from)
{
    while (instance >= 0 && instance != from)
        instance = trace->instances[instance].parent;
    return instance == from;
}

/* What is below an instance is cancelled, or may be: also what has ended, if that is not known. */
static void cancel_below(struct walk *walk, int instance)
{
    for (int i = 0; i < walk->trace->instance_count; i++) {
        struct position *below = &walk->positions[i];

        if (below->domain < 0 || below->heard || i == instance ||
            !descends(walk->trace, i, instance))
            continue;
        send_cancel(walk, below->domain);
        below->told |= below->domain != walk->domain;
    }
    for (int i = 0; i < walk->unborn_count; i++)
        if (descends(walk->trace, walk->unborn[i], instance))
            send_cancel(walk, -1);
}

/* An instance that is to begin may be cancelled instead. */
static bool has_unbegun(const struct walk *walk, int instance)
{
    const struct position *position = &walk->positions[instance];

    return position->child >= 0 && walk->positions[position->child].domain < 0;
}

/* Where a called task begins; -1: that is not known. */
static int target_of(const struct walk *walk, int child)
{
    int begun = walk->trace->instances[child].begun;
    int domain = begun >= 0 ? walk->trace->events[begun].domain : -1;

    return domain >= 0 && !is_unknown_domain(domain) && domain <= walk->program->domains ? domain
                                                                                         : -1;
}

static int *pending_of(struct walk *walk, int child)
{
    int target = target_of(walk, child);

    return &walk->pending[target >= 0 ? target : DOMAINS];
}

static int home_of(const struct walk *walk, int instance)
{
    return instance >= 0 ? walk->positions[instance].domain : -1;
}

/* ---- Operations ---- */

static bool waits_for_flag(enum operation_kind kind)
{
    return kind == OP_UNTIL || kind == OP_SPIN;
}

static bool waits_for_object(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SUSPENDS) && operation_names(kind) >= NAME_MUTEX &&
           operation_names(kind) <= NAME_COMPUTATION;
}

/* Tasks of other domains that wait for the same object may be woken. */
static void wake_others(struct walk *walk, const int *places, int count)
{
    int theirs[NAMES_COUNT];

    for (int i = 0; i < walk->alive_count; i++) {
        const struct position *other = &walk->positions[walk->alive[i]];
        const struct operation *operation;

        if (other->operation < 0 || other->domain == walk->domain)
            continue;
        operation = &walk->program->operations[other->operation];
        if (!waits_for_object(operation->kind) || names_of(walk, operation, theirs) == 0)
            continue;
        for (int k = 0; k < count; k++)
            if (walk->object[theirs[0]] == walk->object[places[k]])
                send_news(walk, other->domain);
    }
}

static void touch_names(struct walk *walk, const struct operation *operation)
{
    int places[NAMES_COUNT], count = names_of(walk, operation, places);

    for (int i = 0; i < count; i++) {
        write_place(walk->footprint, OBJECTS + walk->object[places[i]]);
        if (binds(walk->program, operation))
            write_place(walk->footprint, NAMES + places[i]);
    }
    if (operation_names(operation->kind) >= NAME_MUTEX)
        wake_others(walk, places, count);
}

/* How many tasks a domain has, or may have. */
static int population(const struct walk *walk, int domain)
{
    int count = walk->unborn_count + walk->pending[DOMAINS] + walk->pending[domain], i;

    for (i = 0; i < walk->alive_count; i++)
        count += walk->positions[walk->alive[i]].domain == domain;
    return count;
}

static bool asks_for_children(enum operation_kind kind)
{
    return kind == OP_AWAIT_ONE || kind == OP_AWAIT_FIRST || kind == OP_CARE || kind == OP_TAKE ||
           kind == OP_GET || kind == OP_STATE || kind == OP_LENGTH || kind == OP_CANCEL ||
           kind == OP_FREE || kind == OP_FREE_ORPHANS;
}

static bool asks_for_resources(enum operation_kind kind)
{
    return kind == OP_OWN || kind == OP_CHECK || kind == OP_DISOWN || kind == OP_RELEASE;
}

/* Whether a task asks in which order its children end. */
static bool task_asks(const struct program *program, int task)
{
    for (int i = 0; i < program->tasks[task].count; i++)
        if (asks_for_children(program->operations[program->tasks[task].first + i].kind))
            return true;
    return false;
}

/* The end of a child matters to what its parent's domain does next, which writes to ENDS, as do
 * other news for that domain; that of another child does not, if only the parent is there, and does
 * not ask. So the ends only read. */
static void send_end(struct walk *walk, int parent)
{
    int domain = home_of(walk, parent);

    if (domain < 0) {
        send_news(walk, -1);
        return;
    }
    if (domain == walk->domain)
        return;
    read_place(walk->footprint, CANCELS + domain);
    read_place(walk->footprint, ENDS + domain);
    if (population(walk, domain) > 1 ||
        task_asks(walk->program, walk->trace->instances[parent].task))
        write_place(walk->footprint, ENDS_ORDER + domain);
    else
        read_place(walk->footprint, ENDS_ORDER + domain);
}

/* What an operation notices was there when the step began: a domain takes its news only then. But
 * one that spawns notices at once that a task above its own is cancelled. */
static void ask_for_news(struct walk *walk, enum operation_kind kind)
{
    if (kind == OP_CALL || kind == OP_ASYNC || kind == OP_PARALLEL)
        read_place(walk->footprint, CANCELS + walk->domain);
    if (asks_for_children(kind) || (walk->transfers && asks_for_resources(kind)))
        write_place(walk->step[walk->domain], ENDS + walk->domain);
}

/* What an operation that is under way, or has just ended, may touch. */
static void touch(struct walk *walk, int instance, const struct operation *operation)
{
    const struct position *position = &walk->positions[instance];

    touch_names(walk, operation);
    ask_for_news(walk, operation->kind);
    switch (operation->kind) {
    case OP_CALL:
        if (position->child >= 0)
            send_news(walk, target_of(walk, position->child));
        return;
    case OP_PARALLEL:
        send_news(walk, -1);
        return;
    case OP_CANCEL:
        if (position->called && !walk->coarse)
            return;
        /* fall through */
    case OP_AWAIT_FIRST:
        cancel_below(walk, instance);
        if (has_unbegun(walk, instance))
            send_cancel(walk, -1);
        return;
    case OP_TRANSFER:
        send_news(walk, home_of(walk, walk->trace->instances[instance].parent));
        return;
    case OP_POST:
        walk->posted[operation->name]++;
        write_place(walk->footprint, FLAGS + operation->name);
        return;
    case OP_UNTIL:
    case OP_SPIN:
        read_place(walk->footprint, FLAGS + operation->name);
        return;
    case OP_SLEEP:
        write_place(walk->footprint, CLOCK);
        return;
    case OP_RUN:
    case OP_HANDLE:
    case OP_IGNORE:
    case OP_RESTORE:
    case OP_RAISE:
    case OP_HOOK:
    case OP_UNHOOK:
        footprint_fill(walk->footprint);
        return;
    default:
        if (operation_is_io(operation->kind))
            footprint_fill(walk->footprint);
    }
}

/* An instance goes on with the operation at that place of its task, and looks up its
 * names, or a flag. */
static void go_on(struct walk *walk, int instance, int operation)
{
    const struct program *program = walk->program;
    const struct task *task = &program->tasks[walk->trace->instances[instance].task];
    struct position *position = &walk->positions[instance];
    int places[NAMES_COUNT], count;

    position->operation = operation < task->first + task->count ? operation : -1;
    position->called = false;
    if (position->operation < 0)
        return;
    if (waits_for_flag(program->operations[operation].kind))
        read_place(walk->footprint, FLAGS + program->operations[operation].name);
    count = names_of(walk, &program->operations[operation], places);
    for (int i = 0; i < count; i++)
        read_place(walk->footprint, NAMES + places[i]);
}

/* ---- Events ---- */

/* Not forced or called back. */
static bool was_spawned(const struct trace *trace, int instance)
{
    int spawned = trace->instances[instance].spawned;

    return spawned >= 0 && trace->events[spawned].kind == EVENT_SPAWN;
}

static void begin(struct walk *walk, int instance)
{
    if (was_spawned(walk->trace, instance))
        (*pending_of(walk, instance))--;
    walk->positions[instance].domain = walk->domain;
    walk->alive[walk->alive_count++] = instance;
    go_on(walk, instance, walk->program->tasks[walk->trace->instances[instance].task].first);
}

static void end(struct walk *walk, int instance)
{
    const struct instance *which = &walk->trace->instances[instance];
    struct position *position = &walk->positions[instance];
    int i;

    position->over = true;
    position->operation = -1;
    if (which->forced)
        return;
    if (position->child >= 0)
        write_place(walk->step[walk->domain], ENDS + walk->domain);
    if (which->parent >= 0)
        send_end(walk, which->parent);
    cancel_below(walk, instance);
    position->lingers = has_unbegun(walk, instance) || walk->unborn_count > 0;
    for (i = 0; i < walk->alive_count; i++)
        position->lingers |= walk->alive[i] != instance && !walk->positions[walk->alive[i]].over &&
                             descends(walk->trace, walk->alive[i], instance);
    if (has_unbegun(walk, instance))
        send_cancel(walk, -1);
    if (walk->breaks)
        footprint_fill(walk->footprint);
}

static void spawn(struct walk *walk, const struct event *event)
{
    walk->positions[event->instance].child = event->child;
    if (walk->trace->instances[event->child].begun < 0)
        walk->unborn[walk->unborn_count++] = event->child;
    else
        (*pending_of(walk, event->child))++;
}

static void see(struct walk *walk, const struct event *event)
{
    if (program_has(walk->program, OP_DEADLINE) || program_has(walk->program, OP_BLOCKING))
        footprint_fill(walk->footprint); /* what others do may decide what expires */
    if (view_is_ordered(walk->program, walk->trace, event))
        write_place(walk->footprint, ORDER);
    switch (event->kind) {
    case EVENT_SPAWN:
        spawn(walk, event);
        return;
    case EVENT_BEGIN:
        begin(walk, event->instance);
        return;
    case EVENT_DID:
    case EVENT_ASIDE:
        touch(walk, event->instance, &walk->program->operations[event->operation]);
        go_on(walk, event->instance, event->operation + 1);
        return;
    case EVENT_END:
        end(walk, event->instance);
        return;
    case EVENT_OUTSIDE:
    case EVENT_PORT:
        footprint_fill(walk->footprint);
        return;
    default:
        return;
    }
}

/* ---- Turns ---- */

static bool is_blocked(const struct operation *operation)
{
    return operation->repeat == 1 && operation_has(operation->kind, OPERATION_SUSPENDS) &&
           operation->kind != OP_YIELD && operation->kind != OP_SLEEP;
}

/* Whether a turn is known to have been another task's than that. */
static bool is_others(const struct walk *walk, int instance, int from, int end)
{
    bool others = false;

    for (int i = from; i < end; i++) {
        if (walk->trace->events[i].instance == instance)
            return false;
        others |= walk->trace->events[i].instance >= 0;
    }
    return others;
}

/* The operation with which a task looks for a flag that has its domain for itself, so that nothing
 * else can happen there; NULL: the domain has no such task. */
static const struct operation *lone_look(const struct walk *walk)
{
    const struct operation *look = NULL;
    int i;

    if (population(walk, walk->domain) != 1)
        return NULL;
    for (i = 0; i < walk->alive_count; i++) {
        const struct position *position = &walk->positions[walk->alive[i]];

        if (position->domain != walk->domain)
            continue;
        if (position->lingers || position->operation < 0 || !position->called)
            return NULL;
        look = &walk->program->operations[position->operation];
    }
    for (i = 0; i < walk->trace->instance_count; i++)
        if (walk->positions[i].told && walk->positions[i].domain == walk->domain &&
            walk->positions[i].over)
            return NULL;
    return look && look->kind == OP_UNTIL ? look : NULL;
}

/* A lone task has found its flag, or is cancelled. Had the step begun before that, it would have
 * looked in vain, and nothing would be otherwise now. */
static void await_in_vain(struct walk *walk, const struct operation *look,
                          const struct event *event)
{
    if (event->kind != EVENT_DID)
        return;
    if (event->outcomes.of->kind == OUTCOME_OK)
        await_place(walk->footprint, FLAGS + look->name);
    else if (walk->posted[look->name] < look->value)
        await_place(walk->footprint, CANCELS + walk->domain);
}

/* The domain takes its news, and replies to cancellations. */
static void take_news(struct walk *walk)
{
    read_place(walk->footprint, NEWS + walk->domain);
    read_place(walk->footprint, CANCELS + walk->domain);
    if (population(walk, walk->domain) > 1)
        write_place(walk->footprint, ENDS + walk->domain);
    for (int i = 0; i < walk->trace->instance_count; i++) {
        struct position *position = &walk->positions[i];
        int parent = walk->trace->instances[i].parent;

        if (position->told && position->domain == walk->domain) {
            send_end(walk, parent);
            position->told = false;
        }
        position->heard |= position->over && !position->lingers &&
                           (parent < 0 || home_of(walk, parent) == walk->domain);
    }
}

/* What is under way on the domain when a step begins. The events of its first turn are those from
 * `from` up to `end`. */
static void touch_under_way(struct walk *walk, int from, int end)
{
    int i, polls = 0;
    bool idle = from == end;

    for (i = 0; i < walk->alive_count; i++) {
        struct position *position = &walk->positions[walk->alive[i]];
        const struct operation *operation =
            position->operation >= 0 ? &walk->program->operations[position->operation] : NULL;

        if (position->domain != walk->domain)
            continue;
        if (position->lingers) {
            write_place(walk->footprint, ENDS + walk->domain);
            send_end(walk, walk->trace->instances[walk->alive[i]].parent);
        }
        idle &= !position->lingers && operation && is_blocked(operation);
        polls += operation && operation->kind == OP_UNTIL;
        if (operation && !is_others(walk, walk->alive[i], from, end))
            touch(walk, walk->alive[i], operation);
        position->called = true;
    }
    for (i = 0; i < walk->unborn_count; i++)
        send_news(walk, home_of(walk, walk->trace->instances[walk->unborn[i]].parent));
    walk->footprint->polls = idle ? polls : 0;
}

static void begin_step(struct walk *walk, int from, int end)
{
    const struct operation *look = lone_look(walk);

    if (look && from == end)
        return; /* in vain */
    walk->step[walk->domain] = walk->footprint;
    take_news(walk);
    touch_under_way(walk, from, end);
    if (look)
        await_in_vain(walk, look, &walk->trace->events[from]);
}

static void forget_ended(struct walk *walk)
{
    int kept = 0;

    for (int i = 0; i < walk->alive_count; i++)
        if (!walk->positions[walk->alive[i]].over || walk->positions[walk->alive[i]].lingers)
            walk->alive[kept++] = walk->alive[i];
    walk->alive_count = kept;
}

/* The instance with which the domain's next turn goes on, between two of its calls; -1: the turn
 * begins a step. */
static int find_running(const struct walk *walk, int from, int end)
{
    int running = end > from ? walk->trace->events[end - 1].instance : walk->running[walk->domain];
    const struct position *position;

    if (running < 0 || walk->coarse)
        return -1;
    position = &walk->positions[running];
    if (position->over || position->operation < 0 || position->domain != walk->domain ||
        (position->called &&
         operation_has(walk->program->operations[position->operation].kind, OPERATION_SUSPENDS)))
        return -1;
    return running;
}

static void take_turn(struct walk *walk, int from, int end)
{
    int running = walk->running[walk->domain];

    if (running < 0) {
        begin_step(walk, from, end);
    } else {
        touch(walk, running, &walk->program->operations[walk->positions[running].operation]);
        walk->positions[running].called = true;
    }
}

static void walk_turn(struct walk *walk, int turn, int end)
{
    const struct trace *trace = walk->trace;
    int from = turn > 0 ? trace->turns[turn].event : 0, i;

    walk->domain = turn_taker(trace, turn);
    if (walk->domain == TURN_TIME)
        footprint_fill(walk->footprint);
    else
        take_turn(walk, from, end);
    for (i = from; i < end; i++)
        see(walk, &trace->events[i]);
    for (i = 0; i < walk->alive_count && walk->coarse; i++) {
        const struct position *position = &walk->positions[walk->alive[i]];

        if (position->operation >= 0 && position->domain == walk->domain)
            touch(walk, walk->alive[i], &walk->program->operations[position->operation]);
    }
    if (walk->domain != TURN_TIME)
        walk->running[walk->domain] = find_running(walk, from, end);
    forget_ended(walk);
}

/* Whether some call that does not suspend is known to be in one turn with an earlier event of its
 * task, or no call is known not to be. */
static bool is_coarse(const struct program *program, const struct trace *trace)
{
    bool fine = false;
    int turn, i;

    for (turn = 0; turn < trace->turn_count; turn++) {
        int end = turn + 1 < trace->turn_count ? trace->turns[turn + 1].event : trace->event_count;

        for (i = trace->turns[turn].event; i < end; i++) {
            const struct event *event = &trace->events[i];
            enum operation_kind kind =
                event->operation >= 0 ? program->operations[event->operation].kind : OP_PRINT;

            if (event->kind != EVENT_DID || !operation_function(kind) || kind == OP_SELF ||
                kind == OP_AVAILABLE || operation_has(kind, OPERATION_SUSPENDS) ||
                program->operations[event->operation].repeat > 1)
                continue;
            if (i > trace->turns[turn].event && trace->events[i - 1].kind != EVENT_FINALISE)
                return true;
            fine = true;
        }
    }
    return !fine;
}

/* Whether the run ended, or may have, because some task broke a rule. */
static bool has_broken(const struct trace *trace)
{
    const struct event *last = trace->event_count ? &trace->events[trace->event_count - 1] : NULL;
    enum outcome_kind kind;

    if (!last || last->kind != EVENT_RUN)
        return true;
    kind = last->outcomes.of->kind;
    return kind != OUTCOME_OK && kind != OUTCOME_FAILED;
}

struct footprint *footprints_of(const struct program *program, const struct trace *trace)
{
    struct footprint *footprints = zeroed((size_t)trace->turn_count, sizeof *footprints);
    size_t instances = (size_t)trace->instance_count;
    struct walk walk = {.program = program,
                        .trace = trace,
                        .coarse = is_coarse(program, trace),
                        .breaks = has_broken(trace)};
    int i;

    walk.positions = zeroed(instances, sizeof *walk.positions);
    walk.alive = zeroed(instances, sizeof *walk.alive);
    walk.unborn = zeroed(instances, sizeof *walk.unborn);
    for (i = 0; i < trace->instance_count; i++)
        walk.positions[i] = (struct position){.domain = -1, .operation = -1, .child = -1};
    for (i = 0; i < DOMAINS; i++) {
        walk.running[i] = -1;
        walk.step[i] = &walk.before;
    }
    number_names(&walk);
    for (i = 0; i < trace->turn_count; i++) {
        walk.footprint = &footprints[i];
        walk_turn(&walk, i,
                  i + 1 < trace->turn_count ? trace->turns[i + 1].event : trace->event_count);
    }
    free(walk.positions);
    free(walk.alive);
    free(walk.unborn);
    return footprints;
}
