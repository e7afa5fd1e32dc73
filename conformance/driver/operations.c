/* driver_operations.c: executes the operations of a task, each a row of a table: what of the
 * interface is called, and what its result means. */
#include "driver.h"

#include "miou_sync.h"
#include "miou_unix.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- What the names stand for ---- */

struct promises {
    struct promises *before; /* what the name stood for until then; another task may use it yet */
    size_t count;
    miou_promise *of[];
};

static _Atomic(struct promises *) promises[PROGRAM_TASKS_MAX];
static _Atomic(void *) objects[NAME_KINDS][PROGRAM_TASKS_MAX];
static atomic_bool flags[PROGRAM_TASKS_MAX];

static void bind_name(int name, struct promises *list)
{
    list->before = atomic_load(&promises[name]);
    while (!atomic_compare_exchange_weak(&promises[name], &list->before, list))
        ;
}

static void forget_names(void)
{
    int name, kind;

    for (name = 0; name < PROGRAM_TASKS_MAX; name++) {
        struct promises *list = atomic_exchange(&promises[name], NULL), *before;

        for (; list; list = before) {
            before = list->before;
            free(list);
        }
        for (kind = 0; kind < NAME_KINDS; kind++)
            atomic_store(&objects[kind][name], NULL);
        atomic_store(&flags[name], false);
    }
}

/* ---- What an operation came to ---- */

struct list {
    struct outcome *of;
    size_t count;
    size_t room;
};

static void add(struct list *list, struct outcome outcome)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 4;
        list->of = allocate(list->of, list->room * sizeof *list->of);
    }
    list->of[list->count++] = outcome;
}

static struct outcome plain(enum outcome_kind kind)
{
    return (struct outcome){.kind = kind};
}

static struct outcome unknown(int code)
{
    if (code == INT_MIN)
        code = INT_MAX;
    return (struct outcome){.kind = OUTCOME_ERROR, .value = code < 0 ? -code : code};
}

static struct outcome from_error(int error)
{
    static const struct {
        int error;
        enum outcome_kind kind;
    } known[] = {
        {MIOU_STILL_HAS_CHILDREN, OUTCOME_STILL_HAS_CHILDREN},
        {MIOU_RESOURCE_LEAKED, OUTCOME_RESOURCE_LEAKED},
        {MIOU_NOT_A_CHILD, OUTCOME_NOT_A_CHILD},
        {MIOU_NOT_OWNER, OUTCOME_NOT_OWNER},
        {MIOU_NO_DOMAIN_AVAILABLE, OUTCOME_NO_DOMAIN_AVAILABLE},
        {MIOU_IN_FINALISER, OUTCOME_IN_FINALISER},
        {MIOU_NOT_RUNNING, OUTCOME_NOT_RUNNING},
        {MIOU_NO_MONITOR, OUTCOME_NO_MONITOR},
        {MIOU_DEADLOCK, OUTCOME_DEADLOCK},
        {MIOU_UNDEFINED, OUTCOME_UNDEFINED},
        {-EINVAL, OUTCOME_INVALID},
        {-EBUSY, OUTCOME_BUSY},
        {-ENOMEM, OUTCOME_NO_MEMORY},
        {-EPERM, OUTCOME_NOT_PERMITTED},
        {-EDEADLK, OUTCOME_WOULD_DEADLOCK},
        {-EALREADY, OUTCOME_ALREADY},
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return plain(known[i].kind);
    return unknown(error);
}

static struct outcome from_end(int end)
{
    if (end >= 0)
        return (struct outcome){.kind = OUTCOME_OK, .value = end};
    if (end == MIOU_CANCELLED)
        return plain(OUTCOME_CANCELLED);
    if (end <= FAILURES && end > FAILURES - program->names[NAME_ERROR].count)
        return (struct outcome){.kind = OUTCOME_FAILED, .value = FAILURES - end};
    return from_error(end);
}

/* What a call returned that can return 0 to most. More is nonsense. */
static struct outcome from_call(int result, int most)
{
    if (result == MIOU_CANCELLED)
        return plain(OUTCOME_STOPPED);
    if (result > most)
        return unknown(result);
    if (result < 0)
        return from_error(result);
    return (struct outcome){.kind = OUTCOME_OK, .value = result};
}

static bool all_equal(const struct list *list)
{
    size_t i;

    for (i = 1; i < list->count; i++)
        if (!outcome_equal(list->of[i], list->of[0]))
            return false;
    return true;
}

static void say_did(const struct self *self, const struct operation *op, struct list *list)
{
    bool once = op->kind != OP_PARALLEL && all_equal(list);
    size_t count, size, i;
    char *line;

    if (!list->count)
        add(list, plain(OUTCOME_NONE));
    count = once ? 1 : list->count;
    line = allocate(NULL, LINE_SIZE + count * (OUTCOME_MAX + 2));
    size = (size_t)sprintf(line, "did %s %d ", name_of(self), op->line);
    for (i = 0; i < count; i++) {
        size += (size_t)sprintf(line + size, i ? ", " : "");
        size += (size_t)outcome_write(line + size, OUTCOME_MAX, program, list->of[i]);
    }
    line[size++] = '\n';
    say_bytes(line, size);
    free(line);
}

/* ---- Operations ---- */

struct execution;

/* How an operation is executed. Its object is what the first name behind its word stands for. */
struct deed {
    void (*execute)(struct execution *e);
    int (*call)(void *object, void *other); /* do_call, do_tell */
    enum name_kind other;                   /* what the second name stands for, if there is one */
    int most;                               /* do_call: results up to this are values */
    enum outcome_kind tells[3];             /* do_tell, do_ask, do_hand_out: by result */
    int (*make)(void **object);
    int (*ask)(void *object, int *end);
    int ended; /* do_ask: the result with which there is an outcome */
    int (*hand_out)(miou_promise **promise, miou_orphans *orphans);
    int (*await_some)(size_t *which, int *end, miou_promise *const *promises, size_t count);
};

/* An operation while it is executed. */
struct execution {
    const struct operation *op;
    const struct deed *deed;
    const struct self *self;
    void *object;
    struct list outcomes;
    struct promises *bound; /* what `p =` will stand for, with room for room */
    size_t room;
    bool stopped; /* the runtime has refused it, because the task is cancelled */
};

static void came_to(struct execution *e, struct outcome outcome)
{
    add(&e->outcomes, outcome);
    e->stopped = outcome.kind == OUTCOME_STOPPED;
}

static void handed_out(struct execution *e, miou_promise *promise)
{
    size_t count = e->bound ? e->bound->count : 0;

    if (e->op->bind < 0)
        return;
    if (!e->bound || count == e->room) {
        e->room = count ? 2 * count : 1;
        e->bound = allocate(e->bound, sizeof *e->bound + e->room * sizeof promise);
    }
    e->bound->of[count] = promise;
    e->bound->count = count + 1;
}

static int run_task(void *arg);

static void do_spawn(struct execution *e)
{
    const struct operation *op = e->op;
    miou_resource *give[PROGRAM_TASKS_MAX];
    miou_promise *promise = NULL;
    miou_spawn options = {0};
    int result, pin, i;

    for (i = 0; i < op->give_count; i++)
        give[i] = atomic_load(&objects[NAME_RESOURCE][op->give[i]]);
    if (op->give_count) {
        options.give = give;
        options.give_count = (size_t)op->give_count;
    }
    if (op->orphans >= 0)
        options.orphans = atomic_load(&objects[NAME_ORPHANAGE][op->orphans]);
    if (op->pin != PIN_NONE) {
        pin = op->pin == PIN_SELF ? miou_domain_self() : op->pin;
        options.pin = &pin;
    }
    result = (op->kind == OP_ASYNC ? miou_async
                                   : miou_call)(op->bind < 0 ? NULL : &promise, &options, run_task,
                                                spawn("spawn", e->self, op, op->tasks[0]));
    came_to(e, from_call(result, 0));
    if (result == 0)
        handed_out(e, promise);
}

static void do_parallel(struct execution *e)
{
    size_t count = (size_t)e->op->task_count, i;
    int *ends = allocate(NULL, (count + 1) * sizeof *ends);
    void **args = allocate(NULL, (count + 1) * sizeof *args);
    int result;

    for (i = 0; i < count; i++) {
        args[i] = spawn("spawn", e->self, e->op, e->op->tasks[i]);
        ends[i] = INT_MIN;
    }
    result = miou_parallel(ends, run_task, args, count);
    if (result != 0)
        came_to(e, from_call(result, 0));
    for (i = 0; result == 0 && i < count; i++)
        came_to(e, from_end(ends[i]));
    free(ends);
    free(args);
}

static void do_call(struct execution *e)
{
    void *other = e->deed->other ? atomic_load(&objects[e->deed->other][e->op->other]) : NULL;

    came_to(e, from_call(e->deed->call(e->object, other), e->deed->most));
}

/* An outcome for each of the results that tell something; 0, which is ok, ends the table. */
static struct outcome from_tale(const struct execution *e, int result)
{
    int count = 0;

    while (count < 3 && e->deed->tells[count] != OUTCOME_OK)
        count++;
    return result >= 0 && result < count ? plain(e->deed->tells[result]) : from_call(result, -1);
}

static void do_tell(struct execution *e)
{
    came_to(e, from_tale(e, e->deed->call(e->object, NULL)));
}

static void do_ask(struct execution *e)
{
    int end = INT_MIN;
    int result = e->deed->ask(e->object, &end);

    came_to(e, result == e->deed->ended ? from_end(end) : from_tale(e, result));
}

static void do_hand_out(struct execution *e)
{
    miou_promise *promise = NULL;
    struct outcome outcome = from_tale(e, e->deed->hand_out(&promise, e->object));

    came_to(e, outcome);
    if (outcome.kind == OUTCOME_ENDED || outcome.kind == OUTCOME_TAKEN)
        handed_out(e, promise);
}

static void do_make(struct execution *e)
{
    void *object = NULL;

    came_to(e, from_call(e->deed->make(&object), 0));
    if (object)
        atomic_store(&objects[operation_names(e->op->kind)][e->op->name], object);
}

/* The value is the resource's number, so that one which the runtime invents is found out. */
static void finalise(void *value)
{
    unsigned name = number_of(value);

    say("finalise %s %d\n",
        name < (unsigned)program->names[NAME_RESOURCE].count
            ? program_name(program, NAME_RESOURCE, (int)name)
            : "?",
        miou_domain_self());
}

static void do_create(struct execution *e)
{
    miou_resource *resource = NULL;

    came_to(e, from_call(miou_resource_create(&resource, finalise, numbered((unsigned)e->op->name)),
                         0));
    if (resource)
        atomic_store(&objects[NAME_RESOURCE][e->op->name], resource);
}

static int run_lazy(void *arg);

static void do_lazy(struct execution *e)
{
    miou_lazy *lazy = NULL;
    unsigned task = (unsigned)e->op->tasks[0];

    came_to(e, from_call(miou_lazy_create(&lazy, run_lazy, numbered(task)), 0));
    if (lazy)
        atomic_store(&objects[NAME_LAZY][e->op->name], lazy);
}

static void do_force(struct execution *e)
{
    struct instance *instance = e->self->instance;

    atomic_store(&instance->forcing, e->op);
    atomic_store(&instance->frame, (uintptr_t)__builtin_frame_address(0));
    do_ask(e);
    atomic_store(&instance->frame, 0);
}

/* The promises of all the names that are listed; a name that stands for none is a NULL. */
static miou_promise **listed(const struct operation *op, size_t *count)
{
    miou_promise **all = NULL;
    int i;

    *count = 0;
    for (i = 0; i < op->promise_count; i++) {
        const struct promises *list = atomic_load(&promises[op->promises[i]]);
        size_t size = list && list->count ? list->count : 1, j;

        all = allocate(all, (*count + size) * sizeof *all);
        for (j = 0; j < size; j++)
            all[(*count)++] = list && list->count ? list->of[j] : NULL;
    }
    return all;
}

static void do_await_all(struct execution *e)
{
    size_t count, i;
    miou_promise **all = listed(e->op, &count);
    int *ends = allocate(NULL, (count + 1) * sizeof *ends);
    int result;

    for (i = 0; i < count; i++)
        ends[i] = INT_MIN;
    result = miou_await_all(ends, all, count);
    if (result != 0)
        came_to(e, from_call(result, 0));
    for (i = 0; result == 0 && i < count; i++)
        came_to(e, from_end(ends[i]));
    free(ends);
    free(all);
}

static void do_await_some(struct execution *e)
{
    size_t count, which = SIZE_MAX;
    miou_promise **all = listed(e->op, &count);
    int end = INT_MIN;
    int result = e->deed->await_some(&which, &end, all, count);

    came_to(e, result != 0 ? from_call(result, 0) : from_end(which < count ? end : INT_MIN));
    free(all);
}

static void do_complete(struct execution *e)
{
    int end = e->op->other < 0 ? e->op->value : FAILURES - e->op->other;

    came_to(e, from_call(miou_computation_complete(e->object, end), 0));
}

static void do_sleep(struct execution *e)
{
    came_to(e, from_call(miou_sleep((int64_t)e->op->value * 1000000), 0));
}

static void do_until(struct execution *e)
{
    int result = 0;

    while (result == 0 && !atomic_load(&flags[e->op->name]))
        result = miou_yield();
    came_to(e, from_call(result, 0));
}

static void do_run(struct execution *e)
{
    miou_options options = {.domains = program->domains};
    int result = miou_run(&options, run_task, spawn("spawn", e->self, e->op, e->op->tasks[0]));

    came_to(e, result == MIOU_CANCELLED ? plain(OUTCOME_STOPPED) : from_end(result));
}

static void do_print(struct execution *e)
{
    say("print %s %s\n", name_of(e->self), program_name(program, NAME_WORD, e->op->name));
    came_to(e, plain(OUTCOME_OK));
}

static void do_post(struct execution *e)
{
    atomic_store(&flags[e->op->name], true);
    came_to(e, plain(OUTCOME_OK));
}

/* ---- The table ---- */

/* The functions of the interface as do_call, do_make and do_ask know them. */
#define CALL_0(name)                                                                               \
    static int call_##name(void *object, void *other)                                              \
    {                                                                                              \
        (void)object, (void)other;                                                                 \
        return miou_##name();                                                                      \
    }
#define CALL_1(name)                                                                               \
    static int call_##name(void *object, void *other)                                              \
    {                                                                                              \
        (void)other;                                                                               \
        return miou_##name(object);                                                                \
    }
#define CALL_2(name)                                                                               \
    static int call_##name(void *object, void *other)                                              \
    {                                                                                              \
        return miou_##name(object, other);                                                         \
    }
#define MAKE(name)                                                                                 \
    static int make_##name(void **object)                                                          \
    {                                                                                              \
        miou_##name *made = NULL;                                                                  \
        int result = miou_##name##_create(&made);                                                  \
                                                                                                   \
        *object = made;                                                                            \
        return result;                                                                             \
    }
#define ASK(name)                                                                                  \
    static int ask_##name(void *object, int *end)                                                  \
    {                                                                                              \
        return miou_##name(object, end);                                                           \
    }

CALL_0(yield)
CALL_0(domain_self)
CALL_0(domain_available)
CALL_1(cancel)
CALL_1(promise_free)
CALL_1(promise_state)
CALL_1(orphans_length)
CALL_1(orphans_free)
CALL_1(own)
CALL_1(check)
CALL_1(disown)
CALL_1(release)
CALL_1(transfer)
CALL_1(mutex_lock)
CALL_1(mutex_try_lock)
CALL_1(mutex_unlock)
CALL_1(mutex_free)
CALL_2(condition_wait)
CALL_1(condition_signal)
CALL_1(condition_broadcast)
CALL_1(condition_free)
CALL_1(lazy_free)
CALL_1(trigger_await)
CALL_1(trigger_signal)
CALL_1(trigger_free)
CALL_2(computation_attach)
CALL_2(computation_detach)
CALL_1(computation_free)
MAKE(orphans)
MAKE(mutex)
MAKE(condition)
MAKE(trigger)
MAKE(computation)
ASK(await)
ASK(lazy_force)
ASK(computation_await)
ASK(computation_peek)

static int ask_orphans_get(void *object, int *end)
{
    return miou_orphans_get(end, object);
}

static const struct deed deeds[OPERATION_KINDS] = {
    [OP_ASYNC] = {do_spawn},
    [OP_CALL] = {do_spawn},
    [OP_PARALLEL] = {do_parallel},
    [OP_AWAIT] = {do_ask, .ask = ask_await},
    [OP_CANCEL] = {do_call, .call = call_cancel},
    [OP_FREE] = {do_call, .call = call_promise_free},
    [OP_AWAIT_ALL] = {do_await_all},
    [OP_AWAIT_ONE] = {do_await_some, .await_some = miou_await_one},
    [OP_AWAIT_FIRST] = {do_await_some, .await_some = miou_await_first},
    [OP_STATE] = {do_tell, .call = call_promise_state,
                  .tells = {OUTCOME_RUNNING, OUTCOME_FINISHED, OUTCOME_EXITED}},
    [OP_YIELD] = {do_call, .call = call_yield},
    [OP_ORPHANS] = {do_make, .make = make_orphans},
    [OP_CARE] = {do_hand_out, .hand_out = miou_care,
                 .tells = {OUTCOME_EMPTY, OUTCOME_RUNNING, OUTCOME_ENDED}},
    [OP_TAKE] = {do_hand_out, .hand_out = miou_orphans_take,
                 .tells = {OUTCOME_EMPTY, OUTCOME_TAKEN}},
    [OP_GET] = {do_ask, .ask = ask_orphans_get, .ended = 1, .tells = {OUTCOME_EMPTY}},
    [OP_LENGTH] = {do_call, .call = call_orphans_length, .most = INT_MAX},
    [OP_FREE_ORPHANS] = {do_call, .call = call_orphans_free},
    [OP_CREATE] = {do_create},
    [OP_OWN] = {do_call, .call = call_own},
    [OP_CHECK] = {do_call, .call = call_check},
    [OP_DISOWN] = {do_call, .call = call_disown},
    [OP_RELEASE] = {do_call, .call = call_release},
    [OP_TRANSFER] = {do_call, .call = call_transfer},
    [OP_SLEEP] = {do_sleep},
    [OP_MUTEX] = {do_make, .make = make_mutex},
    [OP_LOCK] = {do_call, .call = call_mutex_lock},
    [OP_TRY_LOCK] = {do_call, .call = call_mutex_try_lock},
    [OP_UNLOCK] = {do_call, .call = call_mutex_unlock},
    [OP_FREE_MUTEX] = {do_call, .call = call_mutex_free},
    [OP_CONDITION] = {do_make, .make = make_condition},
    [OP_WAIT] = {do_call, .call = call_condition_wait, .other = NAME_MUTEX},
    [OP_SIGNAL] = {do_call, .call = call_condition_signal},
    [OP_BROADCAST] = {do_call, .call = call_condition_broadcast},
    [OP_FREE_CONDITION] = {do_call, .call = call_condition_free},
    [OP_LAZY] = {do_lazy},
    [OP_FORCE] = {do_force, .ask = ask_lazy_force},
    [OP_FREE_LAZY] = {do_call, .call = call_lazy_free},
    [OP_TRIGGER] = {do_make, .make = make_trigger},
    [OP_AWAIT_TRIGGER] = {do_call, .call = call_trigger_await},
    [OP_SIGNAL_TRIGGER] = {do_call, .call = call_trigger_signal},
    [OP_FREE_TRIGGER] = {do_call, .call = call_trigger_free},
    [OP_COMPUTATION] = {do_make, .make = make_computation},
    [OP_COMPLETE] = {do_complete},
    [OP_AWAIT_COMPUTATION] = {do_ask, .ask = ask_computation_await},
    [OP_PEEK] = {do_ask, .ask = ask_computation_peek, .ended = 1, .tells = {OUTCOME_RUNNING}},
    [OP_ATTACH] = {do_call, .call = call_computation_attach, .other = NAME_TRIGGER},
    [OP_DETACH] = {do_call, .call = call_computation_detach, .other = NAME_TRIGGER},
    [OP_FREE_COMPUTATION] = {do_call, .call = call_computation_free},
    [OP_SELF] = {do_call, .call = call_domain_self, .most = INT_MAX},
    [OP_AVAILABLE] = {do_call, .call = call_domain_available, .most = INT_MAX},
    [OP_PRINT] = {do_print},
    [OP_POST] = {do_post},
    [OP_UNTIL] = {do_until},
    [OP_RUN] = {do_run},
};

/* ---- Tasks ---- */

static void execute_once(struct execution *e)
{
    const struct operation *op = e->op;
    enum name_kind names = operation_names(op->kind);
    const struct promises *list;
    size_t i = 0;

    if (!operation_has(op->kind, OPERATION_EACH)) {
        e->object =
            names < NAME_KINDS && op->name >= 0 ? atomic_load(&objects[names][op->name]) : NULL;
        e->deed->execute(e);
        return;
    }
    list = atomic_load(&promises[op->name]);
    do {
        e->object = list && list->count ? list->of[i] : NULL;
        e->deed->execute(e);
    } while (list && ++i < list->count && !e->stopped);
}

/* Execute an operation as often as it says, and say what it came to. Returns whether the task goes
 * on. */
static bool execute(const struct self *self, const struct operation *op)
{
    struct execution e = {.op = op, .deed = &deeds[op->kind], .self = self};
    int i;

    for (i = 0; i < op->repeat && !e.stopped; i++)
        execute_once(&e);
    if (op->bind >= 0) {
        if (!e.bound)
            e.bound = allocate(NULL, sizeof *e.bound), e.bound->count = 0;
        bind_name(op->bind, e.bound);
    }
    say_did(self, op, &e.outcomes);
    free(e.outcomes.of);
    return !e.stopped;
}

static int run_operations(const struct self *self, const struct task *task)
{
    int i;

    for (i = task->first; i < task->first + task->count; i++) {
        const struct operation *op = &program->operations[i];

        if (op->kind == OP_RETURN)
            return op->value;
        if (op->kind == OP_FAIL)
            return FAILURES - op->name;
        if (!execute(self, op))
            break;
    }
    return 0;
}

static int run_instance(struct self self)
{
    int result = 0;

    say("begin %s %d\n", name_of(&self), miou_domain_self());
    if (self.instance) {
        result = run_operations(&self, &program->tasks[self.instance->task]);
        say("end %s\n", name_of(&self));
    }
    return result;
}

/* The function of every task. */
static int run_task(void *arg)
{
    return run_instance(self_of(arg));
}

/* The function of every lazy value: its task is a part of the one that forces it. */
static int run_lazy(void *arg)
{
    struct self parent = forcer_at((uintptr_t)__builtin_frame_address(0));
    unsigned task = number_of(arg);

    if (!parent.instance || task >= (unsigned)program->names[NAME_TASK].count)
        return run_instance((struct self){NULL, parent.run});
    return run_instance(
        self_of(spawn("force", &parent, atomic_load(&parent.instance->forcing), (int)task)));
}

/* ---- The run ---- */

static bool sleeps(void)
{
    int i;

    for (i = 0; i < program->operation_count; i++)
        if (program->operations[i].kind == OP_SLEEP)
            return true;
    return false;
}

void execute_program(miou_options options)
{
    void *first = spawn("spawn", NULL, NULL, program->main_task);
    char text[OUTCOME_MAX];
    int result;

    options.domains = program->domains;
    result = (sleeps() ? miou_unix_run : miou_run)(&options, run_task, first);
    outcome_write(text, sizeof text, program, from_end(result));
    say("run %s\n", text);
}

void forget_execution(void)
{
    forget_names();
    next_run();
}
