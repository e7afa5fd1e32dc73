/* invariants of chapter 9: mutexes, lazy values, triggers and computations. A name that is made
 * once stands for one object, and for none before; little is concluded from other names.
 *
 * An operation takes effect at some moment between its task's event before, from where the task
 * goes on without pause, and the event with its outcome. So of two operations of different tasks,
 * one was surely first only if its outcome was written before the other began: a `did lock` of one
 * task behind a `did lock` of another, and before that one's `did unlock`, breaks no rule. */
#include "invariants.h"

#include "findings.h"

#include <stdlib.h>

/* What was done with a name. */
struct object {
    int made;  /* times */
    int begun; /* the event after which it was first being made */
    int since; /* the event by which it was last made */
    int freed; /* the event from which on it was surely gone; NEVER */
};

struct sharing {
    struct inquiry *inquiry;
    struct object objects[NAME_KINDS][PROGRAM_TASKS_MAX];
};

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
           kind == OP_COMPUTATION;
}

static bool frees(enum operation_kind kind)
{
    return kind == OP_FREE_MUTEX || kind == OP_FREE_CONDITION || kind == OP_FREE_LAZY ||
           kind == OP_FREE_TRIGGER || kind == OP_FREE_COMPUTATION;
}

static bool is_shared(enum name_kind kind)
{
    return kind == NAME_MUTEX || kind == NAME_CONDITION || kind == NAME_LAZY ||
           kind == NAME_TRIGGER || kind == NAME_COMPUTATION;
}

/* The kind of an operation's second name. NAME_KINDS: none that is shared. */
static enum name_kind other_names(enum operation_kind kind)
{
    return kind == OP_WAIT                          ? NAME_MUTEX
           : kind == OP_ATTACH || kind == OP_DETACH ? NAME_TRIGGER
                                                    : NAME_KINDS;
}

static void count_objects(struct sharing *sharing)
{
    struct inquiry *inquiry = sharing->inquiry;

    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct operation *operation;
        struct object *object;

        if (!is_did(inquiry, i) || times_ok(inquiry, i) == 0)
            continue;
        operation = operation_of(inquiry, i);
        if (!makes(operation->kind) && !frees(operation->kind))
            continue;
        object = &sharing->objects[operation_names(operation->kind)][operation->name];
        if (makes(operation->kind)) {
            object->begun = object->made > 0 ? object->begun : inquiry->before[i];
            object->since = i;
            object->made += times_ok(inquiry, i);
        } else if (object->freed == NEVER) {
            object->freed = i;
        }
    }
}

/* Whether the object is there during the whole of an operation. */
static bool is_there(const struct inquiry *inquiry, const struct object *object, int did)
{
    return object->made == 1 && object->since <= inquiry->before[did] && object->freed == NEVER;
}

static void check_presence(struct sharing *sharing, int did, enum name_kind kind, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    const struct object *object = &sharing->objects[kind][name];
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
        second = other_names(operation->kind);
        if (is_shared(first) && !makes(operation->kind))
            check_presence(sharing, i, first, operation->name);
        if (second != NAME_KINDS)
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
    int name;
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

static bool is_of_mutex(const struct inquiry *inquiry, int event, int name)
{
    const struct operation *operation;

    if (!is_did(inquiry, event))
        return false;
    operation = operation_of(inquiry, event);
    return operation->kind == OP_WAIT
               ? operation->other == name
               : operation_names(operation->kind) == NAME_MUTEX && operation->name == name;
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

    for (int i = 0; i < inquiry->trace->event_count; i++) {
        if (!is_of_mutex(inquiry, i, mutex->name))
            continue;
        if (is_did_of(inquiry, i, OP_TRY_LOCK) && last_of(inquiry, i).kind == OUTCOME_BUSY &&
            operation_of(inquiry, i)->repeat == 1 && is_there(inquiry, mutex->object, i) &&
            !meets(inquiry, &mutex->maybe, i))
            report_did(inquiry, "R9.5", i, text_of("ok: no task holds the mutex"));
        if (is_did_of(inquiry, i, OP_FREE_MUTEX) && times_ok(inquiry, i) > 0 &&
            latest_before(&mutex->surely, inquiry->before[i] + 1) >= i)
            report_did(inquiry, "R9.10", i, text_of("busy: a task holds the mutex"));
    }
}

static void check_mutex(struct sharing *sharing, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    struct mutex mutex = {
        .inquiry = inquiry, .name = name, .object = &sharing->objects[NAME_MUTEX][name]};
    size_t count = (size_t)inquiry->trace->instance_count;

    if (mutex.object->made != 1)
        return;
    mutex.held = zeroed(count, sizeof *mutex.held);
    mutex.perhaps = zeroed(count, sizeof *mutex.perhaps);
    for (size_t i = 0; i < count; i++)
        mutex.held[i] = FREE;
    for (int i = 0; i <= PROGRAM_DOMAINS_MAX; i++)
        mutex.latest[i] = -1;
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (is_of_mutex(inquiry, i, name))
            follow_mutex(&mutex, i);
    for (int i = 0; i < (int)count; i++)
        let_go(&mutex, i, NEVER);
    sort_spans(&mutex.surely);
    sort_spans(&mutex.maybe);
    check_exclusion(&mutex);
    check_refusals(&mutex);
    free_spans(&mutex.surely);
    free_spans(&mutex.maybe);
    free(mutex.held);
    free(mutex.perhaps);
}

/* ---- Lazy values ---- */

/* A lazy value is computed on the domain of the task that forces it. */
static void check_parts(struct inquiry *inquiry)
{
    for (int i = 1; i < inquiry->trace->instance_count; i++) {
        const struct instance *part = &inquiry->trace->instances[i];
        int domain = inquiry->lives[part->parent].domain;

        if (part->forced && part->begun >= 0 && inquiry->lives[i].domain != domain)
            report_finding(inquiry, "R9.17", operation_of(inquiry, part->spawned)->line,
                           text_of("a lazy value is computed by the task that forces it"),
                           text_of("%s; its parent %s is on domain %d",
                                   event_phrase(inquiry, part->begun).text,
                                   task_phrase(inquiry, part->parent).text, domain));
    }
}

/* Whether an instance is computing the value: as its part, or as a part of that. */
static bool computes(const struct inquiry *inquiry, int instance, int name)
{
    const struct instance *instances = inquiry->trace->instances;

    for (; instances[instance].forced; instance = instances[instance].parent)
        if (operation_of(inquiry, instances[instance].spawned)->name == name)
            return true;
    return false;
}

/* Where the computations of one value are in the trace. */
struct lazy {
    struct inquiry *inquiry;
    int name;
    int *parts; /* instances, in the order in which they began */
    int count;
    int counted; /* the last of them whose force was not refused; -1 */
};

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
    bool within = computes(inquiry, event->instance, lazy->name);

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

static void check_lazy(struct sharing *sharing, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    struct lazy lazy = {.inquiry = inquiry, .name = name, .counted = -1};

    if (sharing->objects[NAME_LAZY][name].made != 1)
        return;
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct event *event = &inquiry->trace->events[i];

        if ((event->kind != EVENT_FORCE && !is_did_of(inquiry, i, OP_FORCE)) ||
            operation_of(inquiry, i)->name != name)
            continue;
        if (event->kind == EVENT_FORCE)
            add_part(&lazy, i);
        else
            check_force(&lazy, i);
    }
    free(lazy.parts);
}

/* ---- Triggers ---- */

/* Whether it is an operation that signals a trigger, or may make something signal it later. */
static bool may_signal(const struct inquiry *inquiry, int event, int name)
{
    const struct operation *operation;

    if (!is_did(inquiry, event) || times_ok(inquiry, event) == 0)
        return false;
    operation = operation_of(inquiry, event);
    return operation->kind == OP_SIGNAL_TRIGGER
               ? operation->name == name
               : other_names(operation->kind) == NAME_TRIGGER && operation->other == name;
}

static void check_trigger(struct sharing *sharing, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    const struct object *object = &sharing->objects[NAME_TRIGGER][name];
    int earliest = NEVER, surely = NEVER; /* a signal had begun; had been given */
    struct spans awaits = {.of = NULL};

    if (object->made != 1)
        return;
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        if (may_signal(inquiry, i, name)) {
            if (inquiry->before[i] < earliest)
                earliest = inquiry->before[i];
            if (is_did_of(inquiry, i, OP_SIGNAL_TRIGGER) && surely == NEVER)
                surely = i;
        }
        if (is_did_of(inquiry, i, OP_AWAIT_TRIGGER) && operation_of(inquiry, i)->name == name &&
            (inquiry->trace->events[i].outcomes.count > 1 ||
             last_of(inquiry, i).kind != OUTCOME_BUSY))
            add_span(&awaits, (struct span){inquiry->before[i], i, actor(inquiry, i)});
    }
    sort_spans(&awaits);
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        bool ok, busy;

        if (!is_did_of(inquiry, i, OP_AWAIT_TRIGGER) || operation_of(inquiry, i)->name != name)
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
    int name;
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

static void check_computation(struct sharing *sharing, int name)
{
    struct inquiry *inquiry = sharing->inquiry;
    struct computation computation = {inquiry, &sharing->objects[NAME_COMPUTATION][name], name, -1};

    if (computation.object->made != 1)
        return;
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        int times;

        if (!is_did_of(inquiry, i, OP_COMPLETE) || operation_of(inquiry, i)->name != name)
            continue;
        times = times_ok(inquiry, i);
        if (times > 1 || (times > 0 && computation.completed >= 0))
            report_did(inquiry, "R9.25", i, text_of("already: the computation has been completed"));
        else if (times > 0)
            computation.completed = i;
    }
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        struct outcomes list = inquiry->trace->events[i].outcomes;

        if (is_did(inquiry, i) &&
            operation_names(operation_of(inquiry, i)->kind) == NAME_COMPUTATION &&
            operation_of(inquiry, i)->name == name)
            for (size_t k = 0; k < list.count; k++)
                check_use(&computation, i, list.of[k]);
    }
}

/* ---- All kinds ---- */

void check_shared(struct inquiry *inquiry)
{
    static const struct {
        enum name_kind kind;
        void (*check)(struct sharing *sharing, int name);
    } checks[] = {{NAME_MUTEX, check_mutex},
                  {NAME_LAZY, check_lazy},
                  {NAME_TRIGGER, check_trigger},
                  {NAME_COMPUTATION, check_computation}};
    struct sharing *sharing = zeroed(1, sizeof *sharing);

    sharing->inquiry = inquiry;
    for (int kind = 0; kind < NAME_KINDS; kind++)
        for (int name = 0; name < PROGRAM_TASKS_MAX; name++)
            sharing->objects[kind][name].freed = NEVER;
    check_parts(inquiry);
    count_objects(sharing);
    check_presences(sharing);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        for (int name = 0; name < inquiry->program->names[checks[i].kind].count; name++)
            checks[i].check(sharing, name);
    free(sharing);
}
