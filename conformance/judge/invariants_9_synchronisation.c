/* invariants of chapter 9: mutexes, lazy values, triggers and computations. A name under which one
 * object is made stands for it, and for none before; little is concluded from other names.
 *
 * An operation takes effect at some moment between its task's event before, from where the task
 * goes on without pause, and the event with its outcome. So of two operations of different tasks,
 * one was surely first only if its outcome was written before the other began: a `did lock` of one
 * task behind a `did lock` of another, and before that one's `did unlock`, breaks no rule. */
#include "invariants.h"

#include "findings.h"
#include "variables.h"

#include <stdlib.h>

/* What was done with a name. */
struct object {
    bool shared;
    int made;  /* times */
    int begun; /* the event after which it was first being made */
    int since; /* the event by which it was last made */
    int freed; /* the event from which on it was surely gone; NEVER */
    int *uses; /* the outcomes of operations on it, and the forces: events, in order */
    int use_count;
};

struct sharing {
    struct inquiry *inquiry;
    struct variables *variables[NAME_KINDS]; /* NULL: of no kind that is looked at here */
    struct object *objects[NAME_KINDS];      /* by variable */
    int *held, *perhaps;                     /* by instance: see struct mutex */
};

/* What a name stands for in the instance of an event. */
static struct object *object_of(const struct sharing *sharing, int event, enum name_kind kind,
                                int name)
{
    int instance = sharing->inquiry->trace->events[event].instance;

    return &sharing->objects[kind][variable_of(sharing->variables[kind], instance, name)];
}

static void report_did(struct inquiry *inquiry, const char *rule, int did, char *expected)
{
    report_finding(inquiry, rule, operation_of(inquiry, did)->line, expected,
                   text_of("%s", event_phrase(inquiry, did).text));
}

static bool is_did(const struct inquiry *inquiry, int event)
{
    return inquiry->trace->events[event].kind == EVENT_DID;
}

static bool is_did_of(const struct inquiry *inquiry, int event, enum operation_kind kind)
{
    return is_did(inquiry, event) && operation_of(inquiry, event)->kind == kind;
}

/* Whether it is an outcome that an operation cannot have on an object that is not there. */
static bool has_effect(struct outcome outcome)
{
    return outcome.kind == OUTCOME_OK || outcome.kind == OUTCOME_FAILED ||
           outcome.kind == OUTCOME_RUNNING;
}

/* The number of turns of a repeated operation to look at; in a folded list the second is like the
 * rest. */
static int turns_of(const struct inquiry *inquiry, int did)
{
    int repeat = operation_of(inquiry, did)->repeat;
    size_t count = inquiry->trace->events[did].outcomes.count;

    return count > 1 ? (int)count : repeat < 2 ? repeat : 2;
}

static struct outcome last_of(const struct inquiry *inquiry, int did)
{
    struct outcomes list = inquiry->trace->events[did].outcomes;

    return list.of[list.count - 1];
}

static bool has_member(struct outcomes list, enum outcome_kind kind)
{
    for (size_t i = 0; i < list.count; i++)
        if (list.of[i].kind == kind)
            return true;
    return false;
}

/* ---- Objects that are not there ---- */

static bool makes(enum operation_kind kind)
{
    return kind == OP_MUTEX || kind == OP_CONDITION || kind == OP_LAZY || kind == OP_TRIGGER ||
           kind == OP_COMPUTATION || kind == OP_CANCELLER;
}

static bool frees(enum operation_kind kind)
{
    return kind == OP_FREE_MUTEX || kind == OP_FREE_CONDITION || kind == OP_FREE_LAZY ||
           kind == OP_FREE_TRIGGER || kind == OP_FREE_COMPUTATION;
}

/* Whether an operation may do more to an object than its outcome tells, or by a task that is not
 * known. */
static bool is_obscure(const struct inquiry *inquiry, int event)
{
    enum operation_kind kind = operation_of(inquiry, event)->kind;

    return inquiry->trace->events[event].kind == EVENT_ASIDE || kind == OP_PROTECT_MUTEX ||
           kind == OP_ON_SIGNAL || kind == OP_CANCELLER;
}

static void count_use(struct inquiry *inquiry, struct object *object, int event)
{
    enum operation_kind kind = operation_of(inquiry, event)->kind;

    if (is_obscure(inquiry, event))
        object->made += 2; /* as if there were several: little is concluded */
    object->uses = grown(object->uses, (size_t)object->use_count, sizeof *object->uses);
    object->uses[object->use_count++] = event;
    if (!is_did(inquiry, event) || times_ok(inquiry, event) == 0)
        return;
    if (makes(kind)) {
        object->begun = object->made > 0 ? object->begun : inquiry->before[event];
        object->since = event;
        object->made += times_ok(inquiry, event);
    } else if (frees(kind) && object->freed == NEVER) {
        object->freed = event;
    }
}

static void count_uses(struct sharing *sharing)
{
    struct inquiry *inquiry = sharing->inquiry;

    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct operation *operation;
        enum name_kind first, second;

        if (!is_did(inquiry, i) && inquiry->trace->events[i].kind != EVENT_ASIDE &&
            inquiry->trace->events[i].kind != EVENT_FORCE)
            continue;
        operation = operation_of(inquiry, i);
        first = operation_names(operation->kind);
        second = operation_other_names(operation->kind);
        if (first < NAME_KINDS && sharing->variables[first] != NULL)
            count_use(inquiry, object_of(sharing, i, first, operation->name), i);
        if (second < NAME_KINDS && sharing->variables[second] != NULL)
            count_use(inquiry, object_of(sharing, i, second, operation->other), i);
        if (operation->kind == OP_CANCELLER)
            count_use(inquiry, object_of(sharing, i, NAME_COMPUTATION, operation->third), i);
    }
}

/* Whether the object is there during the whole of an operation. Another task may have freed it
 * before the event that says so. */
static bool is_there(const struct inquiry *inquiry, const struct object *object, int did)
{
    return object->made == 1 && object->since <= inquiry->before[did] &&
           (object->freed == NEVER || (!object->shared && did < object->freed));
}

static void check_presence(struct sharing *sharing, int did, enum name_kind kind, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    const struct object *object = object_of(sharing, did, kind, name);
    const char *what = program_name(inquiry->program, kind, name);

    if (object->made == 0 || did <= object->begun)
        report_did(inquiry, "R9.29", did, text_of("invalid: %s is not made yet", what));
    else if (object->made == 1 && object->freed <= inquiry->before[did])
        report_did(inquiry, "R9.29", did, text_of("invalid: %s has been freed", what));
}

static void check_presences(struct sharing *sharing)
{
    struct inquiry *inquiry = sharing->inquiry;

    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct operation *operation;
        enum name_kind first, second;

        if (!is_did(inquiry, i) || !has_effect(inquiry->trace->events[i].outcomes.of[0]))
            continue;
        operation = operation_of(inquiry, i);
        first = operation_names(operation->kind);
        second = operation_other_names(operation->kind);
        if (first < NAME_KINDS && sharing->variables[first] != NULL && !makes(operation->kind))
            check_presence(sharing, i, first, operation->name);
        if (second < NAME_KINDS && sharing->variables[second] != NULL)
            check_presence(sharing, i, second, operation->other);
    }
}

/* ---- Spans of time ---- */

/* From one event to another. */
struct span {
    int from;
    int to;
    int task;
};

struct spans {
    struct span *of; /* sorted by from */
    int *latest;     /* the latest `to` up to each */
    int count;
};

static void add_span(struct spans *spans, struct span span)
{
    spans->of = grown(spans->of, (size_t)spans->count, sizeof *spans->of);
    spans->of[spans->count++] = span;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *first = a, *second = b;

    return first->from < second->from ? -1 : first->from > second->from;
}

static void sort_spans(struct spans *spans)
{
    spans->latest = zeroed((size_t)spans->count, sizeof *spans->latest);
    if (spans->count > 0)
        qsort(spans->of, (size_t)spans->count, sizeof *spans->of, compare_spans);
    for (int i = 0; i < spans->count; i++)
        spans->latest[i] = i > 0 && spans->latest[i - 1] > spans->of[i].to ? spans->latest[i - 1]
                                                                           : spans->of[i].to;
}

/* The latest end of the spans that began before an event; -1: none did. */
static int latest_before(const struct spans *spans, int event)
{
    int low = 0, high = spans->count;

    while (low < high) {
        int middle = (low + high) / 2;

        if (spans->of[middle].from < event)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? spans->latest[low - 1] : -1;
}

/* Whether any span overlaps with the time that an operation takes. */
static bool meets(const struct inquiry *inquiry, const struct spans *spans, int did)
{
    return latest_before(spans, did) > inquiry->before[did];
}

static void free_spans(struct spans *spans)
{
    free(spans->of);
    free(spans->latest);
}

/* ---- Mutexes ---- */

enum { FREE = -1 };

struct mutex {
    struct inquiry *inquiry;
    const struct object *object;
    int *held;           /* by task: the event since which it surely holds the mutex; FREE */
    int *perhaps;        /* by task: the event since which it may hold the mutex */
    struct spans surely; /* when some task surely held it */
    struct spans maybe;  /* when some task may have held it */
    int latest[PROGRAM_DOMAINS_MAX + 1]; /* by domain: when the last lock that was ok began */
};

/* The task has let go of the mutex at some moment during an operation. If one turn of the operation
 * got hold of the mutex and the next let go, there is no event at which the task surely held it. */
static void let_go(struct mutex *mutex, int task, int did)
{
    struct inquiry *inquiry = mutex->inquiry;
    int to = did == NEVER ? NEVER : inquiry->before[did];

    if (mutex->held[task] >= 0) {
        if (mutex->held[task] <= to)
            add_span(&mutex->surely, (struct span){mutex->held[task], to, task});
        add_span(&mutex->maybe, (struct span){mutex->perhaps[task], did, task});
    }
    mutex->held[task] = FREE;
}

static void get_hold(struct mutex *mutex, int task, int did)
{
    mutex->held[task] = did;
    mutex->perhaps[task] = mutex->inquiry->before[did];
}

/* The task that calls lock first on a domain holds the mutex first: each went straight from its
 * event before to its call. */
static void check_turn(struct mutex *mutex, int task, int did)
{
    struct inquiry *inquiry = mutex->inquiry;
    int domain = inquiry->lives[task].domain, *latest;

    if (domain < 0 || domain > PROGRAM_DOMAINS_MAX || operation_of(inquiry, did)->repeat > 1)
        return;
    latest = &mutex->latest[domain];
    if (inquiry->before[did] < *latest)
        report_did(inquiry, "R9.2", did,
                   text_of("before the lock that began on this domain after %s",
                           event_phrase(inquiry, *latest).text));
    else
        *latest = inquiry->before[did];
}

static void check_lock(struct mutex *mutex, int task, int did, struct outcome outcome)
{
    bool tries = operation_of(mutex->inquiry, did)->kind == OP_TRY_LOCK;

    if (is_ok(outcome)) {
        if (mutex->held[task] >= 0)
            report_did(mutex->inquiry, tries ? "R9.5" : "R9.3", did,
                       text_of("%s: the task holds the mutex", tries ? "busy" : "would-deadlock"));
        if (mutex->held[task] < 0)
            get_hold(mutex, task, did);
        if (!tries)
            check_turn(mutex, task, did);
    } else if (outcome.kind == OUTCOME_WOULD_DEADLOCK) {
        if (mutex->held[task] == FREE)
            report_did(mutex->inquiry, "R9.3", did,
                       text_of("not would-deadlock: the task does not hold it"));
    } else if (outcome.kind == OUTCOME_STOPPED) {
        add_span(&mutex->maybe, (struct span){mutex->inquiry->before[did], did, task});
    }
}

static void check_unlock(struct mutex *mutex, int task, int did, struct outcome outcome)
{
    if (is_ok(outcome)) {
        if (mutex->held[task] == FREE)
            report_did(mutex->inquiry, "R9.4", did,
                       text_of("not-permitted: the task does not hold the mutex"));
        let_go(mutex, task, did);
    } else if (outcome.kind == OUTCOME_NOT_PERMITTED && mutex->held[task] >= 0) {
        report_did(mutex->inquiry, "R9.4", did, text_of("ok: the task holds the mutex"));
    }
}

/* After a wait that is not ok the task does not hold the mutex. */
static void check_wait(struct mutex *mutex, int task, int did, struct outcome outcome)
{
    if (outcome.kind == OUTCOME_NOT_PERMITTED && mutex->held[task] >= 0)
        report_did(mutex->inquiry, "R9.14", did,
                   text_of("not not-permitted: the task holds the mutex"));
    else if (is_ok(outcome) && mutex->held[task] == FREE)
        report_did(mutex->inquiry, "R9.14", did,
                   text_of("not-permitted: the task does not hold the mutex"));
    let_go(mutex, task, did);
    if (is_ok(outcome))
        get_hold(mutex, task, did);
    else if (outcome.kind == OUTCOME_STOPPED)
        add_span(&mutex->maybe, (struct span){mutex->inquiry->before[did], did, task});
}

static void follow_mutex(struct mutex *mutex, int did)
{
    struct inquiry *inquiry = mutex->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    int task = actor(inquiry, did);

    for (int k = 0; k < turns_of(inquiry, did); k++) {
        struct outcome outcome = member(inquiry->trace->events[did].outcomes, k);

        if (operation->kind == OP_WAIT)
            check_wait(mutex, task, did, outcome);
        else if (operation->kind == OP_UNLOCK)
            check_unlock(mutex, task, did, outcome);
        else if (operation->kind == OP_LOCK || operation->kind == OP_TRY_LOCK)
            check_lock(mutex, task, did, outcome);
    }
}

/* Report two tasks that surely held the mutex at one time. */
static void check_exclusion(struct mutex *mutex)
{
    struct inquiry *inquiry = mutex->inquiry;
    const struct span *last = NULL;

    for (int i = 0; i < mutex->surely.count; i++) {
        const struct span *span = &mutex->surely.of[i];

        if (last != NULL && span->from <= last->to && span->task != last->task) {
            report_did(inquiry, "R9.1", span->from,
                       text_of("task %s does not hold the mutex while task %s does, since %s",
                               task_phrase(inquiry, span->task).text,
                               task_phrase(inquiry, last->task).text,
                               event_phrase(inquiry, last->from).text));
            return;
        }
        if (last == NULL || span->to > last->to)
            last = span;
    }
}

/* Report a try-lock that was refused although no task held the mutex, and a free although one did.
 */
static void check_refusals(struct mutex *mutex)
{
    struct inquiry *inquiry = mutex->inquiry;

    for (int k = 0; k < mutex->object->use_count; k++) {
        int i = mutex->object->uses[k];

        if (is_did_of(inquiry, i, OP_TRY_LOCK) && last_of(inquiry, i).kind == OUTCOME_BUSY &&
            operation_of(inquiry, i)->repeat == 1 && is_there(inquiry, mutex->object, i) &&
            !meets(inquiry, &mutex->maybe, i))
            report_did(inquiry, "R9.5", i, text_of("ok: no task holds the mutex"));
        if (is_did_of(inquiry, i, OP_FREE_MUTEX) && times_ok(inquiry, i) > 0 &&
            latest_before(&mutex->surely, inquiry->before[i] + 1) >= i)
            report_did(inquiry, "R9.10", i, text_of("busy: a task holds the mutex"));
    }
}

static void check_mutex(struct sharing *sharing, const struct object *object)
{
    struct inquiry *inquiry = sharing->inquiry;
    struct mutex mutex = {
        .inquiry = inquiry, .object = object, .held = sharing->held, .perhaps = sharing->perhaps};

    for (int i = 0; i < object->use_count; i++)
        mutex.held[actor(inquiry, object->uses[i])] = FREE;
    for (int i = 0; i <= PROGRAM_DOMAINS_MAX; i++)
        mutex.latest[i] = -1;
    for (int i = 0; i < object->use_count; i++)
        follow_mutex(&mutex, object->uses[i]);
    for (int i = 0; i < object->use_count; i++)
        let_go(&mutex, actor(inquiry, object->uses[i]), NEVER);
    sort_spans(&mutex.surely);
    sort_spans(&mutex.maybe);
    check_exclusion(&mutex);
    check_refusals(&mutex);
    free_spans(&mutex.surely);
    free_spans(&mutex.maybe);
}

/* ---- Lazy values ---- */

/* A part of a task runs where the task does; but a function that blocks, on no domain. */
static void check_parts(struct inquiry *inquiry)
{
    static const struct {
        const char *rule, *sentence;
    } parts[OPERATION_KINDS] = {
        [OP_FORCE] = {"R9.17", "a lazy value is computed by the task that forces it"},
        [OP_PROTECT] = {"R8.14", "what is protected is executed by the task itself"},
        [OP_PROTECT_MUTEX] = {"R9.9", "what is protected is executed by the task itself"},
        [OP_DEADLINE] = {"R14.1", "what is under a deadline is executed by the task itself"},
    };

    for (int i = 1; i < inquiry->trace->instance_count && inquiry->trace->says_domains; i++) {
        const struct instance *part = &inquiry->trace->instances[i];
        const struct operation *operation;
        int domain;

        if (!part->forced || part->begun < 0)
            continue;
        operation = operation_of(inquiry, part->spawned);
        domain = inquiry->lives[part->parent].domain;
        if (parts[operation->kind].rule != NULL && inquiry->lives[i].domain != domain)
            report_finding(inquiry, parts[operation->kind].rule, operation->line,
                           text_of("%s", parts[operation->kind].sentence),
                           text_of("%s; its parent %s is on domain %d",
                                   event_phrase(inquiry, part->begun).text,
                                   task_phrase(inquiry, part->parent).text, domain));
    }
}

/* Where the computations of one value are in the trace. */
struct lazy {
    const struct sharing *sharing;
    struct inquiry *inquiry;
    const struct object *object;
    int *parts; /* instances, in the order in which they began */
    int count;
    int counted; /* the last of them whose force was not refused; -1 */
};

/* Whether an instance is computing the value: as its part, or as a part of that. */
static bool computes(const struct lazy *lazy, int instance)
{
    const struct instance *instances = lazy->inquiry->trace->instances;

    for (; instances[instance].forced; instance = instances[instance].parent) {
        int force = instances[instance].spawned;

        if (operation_of(lazy->inquiry, force)->kind == OP_FORCE &&
            object_of(lazy->sharing, force, NAME_LAZY, operation_of(lazy->inquiry, force)->name) ==
                lazy->object)
            return true;
    }
    return false;
}

/* The event that the force has returned which an instance was a part of; -1: it never did. */
static int force_of(const struct inquiry *inquiry, int part)
{
    const struct instance *instance = &inquiry->trace->instances[part];
    const struct event *events = inquiry->trace->events;

    for (int i = instance->spawned; i < inquiry->trace->event_count; i++)
        if (events[i].kind == EVENT_DID && events[i].instance == instance->parent)
            return i;
    return -1;
}

static void add_part(struct lazy *lazy, int event)
{
    struct inquiry *inquiry = lazy->inquiry;
    const struct instance *instances = inquiry->trace->instances;
    int part = inquiry->trace->events[event].child, did = force_of(inquiry, part);

    if (lazy->count > 0) {
        int last = lazy->parts[lazy->count - 1];

        if (instances[last].ended < 0 || instances[last].ended > event)
            report_finding(
                inquiry, "R9.20", operation_of(inquiry, event)->line,
                text_of("task %s waits: %s still computes the value",
                        task_phrase(inquiry, inquiry->trace->events[event].instance).text,
                        task_phrase(inquiry, last).text),
                text_of("%s", event_phrase(inquiry, event).text));
    }
    if (did >= 0 && last_of(inquiry, did).kind != OUTCOME_STOPPED) {
        if (lazy->counted >= 0)
            report_finding(inquiry, "R9.17", operation_of(inquiry, event)->line,
                           text_of("the value is computed once, as %s",
                                   task_phrase(inquiry, lazy->counted).text),
                           text_of("%s", event_phrase(inquiry, event).text));
        lazy->counted = part;
    }
    lazy->parts = grown(lazy->parts, (size_t)lazy->count, sizeof *lazy->parts);
    lazy->parts[lazy->count++] = part;
}

/* Whether a computation that had ended by then has that outcome. */
static bool is_computed(const struct lazy *lazy, int did, struct outcome outcome)
{
    for (int i = lazy->count - 1; i >= 0; i--) {
        int ended = lazy->inquiry->trace->instances[lazy->parts[i]].ended;

        if (ended >= 0 && ended < did &&
            lazy->inquiry->lives[lazy->parts[i]].ending != ENDING_STOPPED &&
            outcome_equal(lazy->inquiry->lives[lazy->parts[i]].result, outcome))
            return true;
    }
    return false;
}

static void check_force(struct lazy *lazy, int did)
{
    struct inquiry *inquiry = lazy->inquiry;
    const struct event *event = &inquiry->trace->events[did];
    bool within = computes(lazy, event->instance);

    for (size_t i = 0; i < event->outcomes.count; i++) {
        struct outcome outcome = event->outcomes.of[i];

        if (outcome.kind == OUTCOME_UNDEFINED && !within)
            report_did(inquiry, "R9.19", did,
                       text_of("not undefined: the task does not compute the value"));
        else if ((is_ok(outcome) || outcome.kind == OUTCOME_FAILED) && within)
            report_did(inquiry, "R9.19", did, text_of("undefined: the task computes the value"));
        else if ((is_ok(outcome) || outcome.kind == OUTCOME_FAILED) &&
                 !is_computed(lazy, did, outcome))
            report_did(inquiry, "R9.18", did, text_of("what the value's task returned"));
    }
}

static void check_lazy(struct sharing *sharing, const struct object *object)
{
    struct lazy lazy = {
        .sharing = sharing, .inquiry = sharing->inquiry, .object = object, .counted = -1};

    for (int i = 0; i < object->use_count; i++) {
        if (sharing->inquiry->trace->events[object->uses[i]].kind == EVENT_FORCE)
            add_part(&lazy, object->uses[i]);
        else if (is_did_of(sharing->inquiry, object->uses[i], OP_FORCE))
            check_force(&lazy, object->uses[i]);
    }
    free(lazy.parts);
}

/* ---- Triggers ---- */

/* Whether it is an operation that signals its trigger, or may make something signal it later. */
static bool may_signal(const struct inquiry *inquiry, int event)
{
    enum operation_kind kind = operation_of(inquiry, event)->kind;

    return times_ok(inquiry, event) > 0 &&
           (kind == OP_SIGNAL_TRIGGER || kind == OP_ATTACH || kind == OP_DETACH);
}

static void check_trigger(struct sharing *sharing, const struct object *object)
{
    struct inquiry *inquiry = sharing->inquiry;
    int earliest = NEVER, surely = NEVER; /* a signal had begun; had been given */
    struct spans awaits = {.of = NULL};

    for (int k = 0; k < object->use_count; k++) {
        int i = object->uses[k];

        if (may_signal(inquiry, i)) {
            if (inquiry->before[i] < earliest)
                earliest = inquiry->before[i];
            if (is_did_of(inquiry, i, OP_SIGNAL_TRIGGER) && surely == NEVER)
                surely = i;
        }
        if (is_did_of(inquiry, i, OP_AWAIT_TRIGGER) &&
            (inquiry->trace->events[i].outcomes.count > 1 ||
             last_of(inquiry, i).kind != OUTCOME_BUSY))
            add_span(&awaits, (struct span){inquiry->before[i], i, actor(inquiry, i)});
    }
    sort_spans(&awaits);
    for (int k = 0; k < object->use_count; k++) {
        int i = object->uses[k];
        bool ok, busy;

        if (!is_did_of(inquiry, i, OP_AWAIT_TRIGGER))
            continue;
        ok = times_ok(inquiry, i) > 0;
        busy = has_member(inquiry->trace->events[i].outcomes, OUTCOME_BUSY);
        if (ok && earliest >= i)
            report_did(inquiry, "R9.22", i,
                       text_of("nothing yet: no task has signalled the trigger"));
        else if (busy && is_there(inquiry, object, i) && surely <= inquiry->before[i])
            report_did(inquiry, "R9.22", i, text_of("ok: the trigger has been signalled"));
        else if (busy && operation_of(inquiry, i)->repeat == 1 && !meets(inquiry, &awaits, i))
            report_did(inquiry, "R9.23", i, text_of("not busy: no other task awaits the trigger"));
    }
    free_spans(&awaits);
}

/* ---- Computations ---- */

struct computation {
    struct inquiry *inquiry;
    const struct object *object;
    int completed; /* the complete that was ok; -1: none */
};

static struct outcome completed_with(const struct operation *operation)
{
    return operation->other >= 0 ? (struct outcome){OUTCOME_FAILED, operation->other}
                                 : (struct outcome){OUTCOME_OK, operation->value};
}

/* Whether the computation may have been completed before an operation ended, and whether it surely
 * was before the operation began. */
static bool may_be_complete(const struct computation *computation, int did)
{
    return computation->completed >= 0 &&
           computation->inquiry->before[computation->completed] < did;
}

static bool is_complete(const struct computation *computation, int did)
{
    return computation->completed >= 0 &&
           computation->completed <= computation->inquiry->before[did];
}

/* An outcome that peek or await gave. */
static void check_seen(struct computation *computation, int did, struct outcome outcome)
{
    struct inquiry *inquiry = computation->inquiry;
    struct outcome value;

    if (!may_be_complete(computation, did)) {
        report_did(inquiry, "R9.25", did, text_of("no outcome: the computation is not complete"));
        return;
    }
    value = completed_with(operation_of(inquiry, computation->completed));
    if (!outcome_equal(outcome, value))
        report_did(inquiry, "R9.25", did,
                   text_of("%s, with which it was completed", outcome_phrase(inquiry, value).text));
}

static void check_use(struct computation *computation, int did, struct outcome outcome)
{
    struct inquiry *inquiry = computation->inquiry;
    enum operation_kind kind = operation_of(inquiry, did)->kind;
    bool there = is_there(inquiry, computation->object, did);

    if (kind == OP_PEEK || kind == OP_AWAIT_COMPUTATION) {
        if (is_ok(outcome) || outcome.kind == OUTCOME_FAILED)
            check_seen(computation, did, outcome);
        else if (outcome.kind == OUTCOME_RUNNING && there && is_complete(computation, did))
            report_did(inquiry, "R9.25", did, text_of("not running: the computation is complete"));
    } else if (kind == OP_COMPLETE && outcome.kind == OUTCOME_ALREADY) {
        if (!may_be_complete(computation, did))
            report_did(inquiry, "R9.25", did, text_of("ok: the computation is not complete"));
    } else if (kind == OP_ATTACH && is_ok(outcome) && there && is_complete(computation, did)) {
        report_did(inquiry, "R9.27", did, text_of("already: the computation is complete"));
    }
}

static void check_computation(struct sharing *sharing, const struct object *object)
{
    struct inquiry *inquiry = sharing->inquiry;
    struct computation computation = {inquiry, object, -1};

    for (int k = 0; k < object->use_count; k++) {
        int i = object->uses[k], times;

        if (!is_did_of(inquiry, i, OP_COMPLETE))
            continue;
        times = times_ok(inquiry, i);
        if (times > 1 || (times > 0 && computation.completed >= 0))
            report_did(inquiry, "R9.25", i, text_of("already: the computation has been completed"));
        else if (times > 0)
            computation.completed = i;
    }
    for (int k = 0; k < object->use_count; k++) {
        struct outcomes list = inquiry->trace->events[object->uses[k]].outcomes;

        for (size_t i = 0; i < list.count; i++)
            check_use(&computation, object->uses[k], list.of[i]);
    }
}

/* ---- All kinds ---- */

static const struct {
    enum name_kind kind;
    void (*check)(struct sharing *sharing, const struct object *object); /* NULL: only presence */
} checks[] = {{NAME_MUTEX, check_mutex},
              {NAME_CONDITION, NULL},
              {NAME_LAZY, check_lazy},
              {NAME_TRIGGER, check_trigger},
              {NAME_COMPUTATION, check_computation}};
enum { CHECKS = sizeof checks / sizeof *checks };

static void begin_sharing(struct sharing *sharing)
{
    size_t instances = (size_t)sharing->inquiry->trace->instance_count;

    sharing->held = zeroed(instances, sizeof *sharing->held);
    sharing->perhaps = zeroed(instances, sizeof *sharing->perhaps);
    for (int i = 0; i < CHECKS; i++) {
        enum name_kind kind = checks[i].kind;
        struct variables *variables = variables_create(sharing->inquiry, kind);

        sharing->variables[kind] = variables;
        sharing->objects[kind] = zeroed((size_t)variables->count, sizeof(struct object));
        for (int k = 0; k < variables->count; k++)
            sharing->objects[kind][k] =
                (struct object){.shared = is_shared_variable(variables, k), .freed = NEVER};
    }
}

static void end_sharing(struct sharing *sharing)
{
    for (int i = 0; i < CHECKS; i++) {
        enum name_kind kind = checks[i].kind;

        for (int k = 0; k < sharing->variables[kind]->count; k++)
            free(sharing->objects[kind][k].uses);
        free(sharing->objects[kind]);
        variables_free(sharing->variables[kind]);
    }
    free(sharing->held);
    free(sharing->perhaps);
}

void check_shared(struct inquiry *inquiry)
{
    struct sharing sharing = {.inquiry = inquiry};

    begin_sharing(&sharing);
    check_parts(inquiry);
    count_uses(&sharing);
    check_presences(&sharing);
    for (int i = 0; i < CHECKS; i++)
        for (int k = 0; k < sharing.variables[checks[i].kind]->count; k++) {
            const struct object *object = &sharing.objects[checks[i].kind][k];

            if (checks[i].check != NULL && object->made == 1)
                checks[i].check(&sharing, object);
        }
    end_sharing(&sharing);
}
