/* driver: executes one scenario on a runtime library and says what happens, as spec/scenario.md has
 * it. Nothing that the runtime does is relied on: what it hands out may be missing, what it returns
 * may be nonsense, and it may close, print and exit as it likes.
 *
 *     driver LIBRARY < scenario
 *
 * Exit status: 0 all was said, 2 there is nothing to execute, 3 the output is gone. */
#include "program.h"
#include "trampolines.h"

#include "miou.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAID = 0, NOTHING_TO_DO = 2, OUTPUT_GONE = 3 };

enum {
    TEXT_MAX = 1 << 20,                     /* bytes of a scenario */
    LINE_SIZE = 128 + 2 * PROGRAM_LINE_MAX, /* bytes of a line without a list */
    CHUNK = 4096,                           /* instances */
    CHUNKS = 4096,
    FAILURES = MIOU_LAST - 1 /* the scenario's errors are this and below, one a name */
};

static struct program *program;

static void die(int status, const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    _exit(status);
}

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (!memory)
        die(NOTHING_TO_DO, "out of memory");
    return memory;
}

/* ---- What is said ---- */

static int output;
static atomic_flag talking = ATOMIC_FLAG_INIT;

/* Lines from several domains must not mix. The lock is relaxed, which is enough for that: it keeps
 * writes apart, whose order the system keeps, and no memory. A stronger one would put the domains
 * in an order that the runtime may have failed to, and hide that from a race detector. */
static void begin_talking(void)
{
    while (atomic_flag_test_and_set_explicit(&talking, memory_order_relaxed))
        sched_yield();
}

static void stop_talking(void)
{
    atomic_flag_clear_explicit(&talking, memory_order_relaxed);
}

static void put(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(output, text, size);

        if (n < 0 && errno != EINTR)
            _exit(OUTPUT_GONE);
        if (n > 0) {
            text += n;
            size -= (size_t)n;
        }
    }
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    begin_talking();
    put(line, (size_t)size);
    stop_talking();
}

static void say_absent(const char *function)
{
    say("absent %s\n", function);
    _exit(SAID);
}

/* ---- Instances of tasks ---- */

struct instance {
    int task;
    int number;
    char name[PROGRAM_NAME_MAX + 16];
};

/* Instances stay until the process ends: a runtime may run a task twice, or too late. They are
 * known to it by number and not by address, so that one which invents an argument is found out. */
static _Atomic(struct instance *) chunks[CHUNKS];
static atomic_uint instance_count;
static atomic_int spawned[PROGRAM_TASKS_MAX];

static struct instance *instance_at(unsigned index)
{
    return &atomic_load(&chunks[index / CHUNK])[index % CHUNK];
}

static void *instance_create(int task)
{
    unsigned index = atomic_fetch_add_explicit(&instance_count, 1, memory_order_relaxed);
    struct instance *none = NULL;

    if (index >= CHUNK * CHUNKS)
        die(NOTHING_TO_DO, "too many tasks");
    if (!atomic_load(&chunks[index / CHUNK])) {
        struct instance *fresh = allocate(NULL, CHUNK * sizeof *fresh);

        if (!atomic_compare_exchange_strong(&chunks[index / CHUNK], &none, fresh))
            free(fresh);
    }
    instance_at(index)->task = task;
    return (void *)(uintptr_t)(index + 1);
}

/* The instance that a runtime passes to a task; NULL: no such. */
static struct instance *instance_of(void *arg)
{
    uintptr_t index = (uintptr_t)arg - 1;

    return index < atomic_load_explicit(&instance_count, memory_order_relaxed)
               ? instance_at((unsigned)index)
               : NULL;
}

static void give_name(struct instance *instance)
{
    const char *task = program_name(program, NAME_TASK, instance->task);

    instance->number =
        atomic_fetch_add_explicit(&spawned[instance->task], 1, memory_order_relaxed) + 1;
    snprintf(instance->name, sizeof instance->name, instance->number == 1 ? "%s" : "%s#%d", task,
             instance->number);
}

/* The child gets its number while nobody else talks, so that the lines have the numbers' order. */
static void *spawn(const struct instance *parent, const struct operation *op, int task)
{
    void *arg = instance_create(task);
    char line[LINE_SIZE];
    int size;

    begin_talking();
    give_name(instance_of(arg));
    size = snprintf(line, sizeof line, "spawn %s %d %s\n", parent->name, op->line,
                    instance_of(arg)->name);
    put(line, (size_t)size);
    stop_talking();
    return arg;
}

/* ---- What the names stand for ---- */

struct promises {
    struct promises *before; /* what the name stood for until then; another task may use it yet */
    size_t count;
    miou_promise *of[];
};

static _Atomic(struct promises *) promises[PROGRAM_TASKS_MAX];
static _Atomic(miou_orphans *) orphanages[PROGRAM_TASKS_MAX];
static _Atomic(miou_resource *) resources[PROGRAM_TASKS_MAX];
static atomic_bool flags[PROGRAM_TASKS_MAX];

static void bind(int name, struct promises *list)
{
    list->before = atomic_load(&promises[name]);
    while (!atomic_compare_exchange_weak(&promises[name], &list->before, list))
        ;
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
        {-EINVAL, OUTCOME_INVALID},
        {-EBUSY, OUTCOME_BUSY},
        {-ENOMEM, OUTCOME_NO_MEMORY},
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return plain(known[i].kind);
    return unknown(error);
}

/* How a child or a run ended. */
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

static void say_did(const struct instance *self, const struct operation *op, struct list *list)
{
    bool once = op->kind != OP_PARALLEL && all_equal(list);
    size_t count, size, i;
    char *line;

    if (!list->count)
        add(list, plain(OUTCOME_NONE));
    count = once ? 1 : list->count;
    line = allocate(NULL, LINE_SIZE + count * (OUTCOME_MAX + 2));
    size = (size_t)sprintf(line, "did %s %d ", self->name, op->line);
    for (i = 0; i < count; i++) {
        size += (size_t)sprintf(line + size, i ? ", " : "");
        size += (size_t)outcome_write(line + size, OUTCOME_MAX, program, list->of[i]);
    }
    line[size++] = '\n';
    begin_talking();
    put(line, size);
    stop_talking();
    free(line);
}

/* ---- Operations ---- */

/* An operation while it is executed. */
struct execution {
    const struct operation *op;
    const struct instance *self;
    struct list outcomes;
    struct promises *bound; /* what `p =` will stand for, with room for room */
    size_t room;
    bool stopped; /* the runtime has refused it, because the task is cancelled */
};

static int run_task(void *arg);

static void came_to(struct execution *e, struct outcome outcome)
{
    add(&e->outcomes, outcome);
    e->stopped = outcome.kind == OUTCOME_STOPPED;
}

static void handed_out(struct execution *e, miou_promise *promise)
{
    size_t count = e->bound ? e->bound->count : 0;

    if (!e->bound || count == e->room) {
        e->room = count ? 2 * count : 1;
        e->bound = allocate(e->bound, sizeof *e->bound + e->room * sizeof promise);
    }
    e->bound->of[count] = promise;
    e->bound->count = count + 1;
}

static void do_spawn(struct execution *e)
{
    const struct operation *op = e->op;
    miou_resource *give[PROGRAM_TASKS_MAX];
    miou_promise *promise = NULL;
    miou_spawn options = {0};
    int result, pin, i;

    for (i = 0; i < op->give_count; i++)
        give[i] = atomic_load(&resources[op->give[i]]);
    if (op->give_count) {
        options.give = give;
        options.give_count = (size_t)op->give_count;
    }
    if (op->orphans >= 0)
        options.orphans = atomic_load(&orphanages[op->orphans]);
    if (op->pin != PIN_NONE) {
        pin = op->pin == PIN_SELF ? miou_domain_self() : op->pin;
        options.pin = &pin;
    }
    result = (op->kind == OP_ASYNC ? miou_async : miou_call)(
        op->bind < 0 ? NULL : &promise, &options, run_task, spawn(e->self, op, op->tasks[0]));
    came_to(e, from_call(result, 0));
    if (result == 0 && op->bind >= 0)
        handed_out(e, promise);
}

static void do_parallel(struct execution *e)
{
    size_t count = (size_t)e->op->task_count, i;
    int *ends = allocate(NULL, (count + 1) * sizeof *ends);
    void **args = allocate(NULL, (count + 1) * sizeof *args);
    int result;

    for (i = 0; i < count; i++) {
        args[i] = spawn(e->self, e->op, e->op->tasks[i]);
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

static struct outcome do_await(miou_promise *promise)
{
    int end = INT_MIN;
    int result = miou_await(promise, &end);

    return result ? from_call(result, 0) : from_end(end);
}

static void do_to_promises(struct execution *e)
{
    const struct promises *list = atomic_load(&promises[e->op->name]);
    size_t count = list ? list->count : 0, i;

    for (i = 0; (i == 0 || i < count) && !e->stopped; i++) {
        miou_promise *promise = count ? list->of[i] : NULL;

        if (e->op->kind == OP_AWAIT)
            came_to(e, do_await(promise));
        else if (e->op->kind == OP_CANCEL)
            came_to(e, from_call(miou_cancel(promise), 0));
        else
            came_to(e, from_call(miou_promise_free(promise), 0));
    }
}

static void do_care(struct execution *e)
{
    miou_promise *promise = NULL;
    int result = miou_care(&promise, atomic_load(&orphanages[e->op->name]));

    if (result == MIOU_CARE_EMPTY)
        came_to(e, plain(OUTCOME_EMPTY));
    else if (result == MIOU_CARE_RUNNING)
        came_to(e, plain(OUTCOME_RUNNING));
    else if (result == MIOU_CARE_ENDED)
        came_to(e, plain(OUTCOME_ENDED));
    else
        came_to(e, from_call(result, 0));
    if (result == MIOU_CARE_ENDED && e->op->bind >= 0)
        handed_out(e, promise);
}

static void do_orphanage(struct execution *e)
{
    miou_orphans *orphans = NULL;

    if (e->op->kind == OP_FREE_ORPHANS) {
        came_to(e, from_call(miou_orphans_free(atomic_load(&orphanages[e->op->name])), 0));
        return;
    }
    came_to(e, from_call(miou_orphans_create(&orphans), 0));
    if (orphans)
        atomic_store(&orphanages[e->op->name], orphans);
}

/* The value is the resource's number from 1, so that one which the runtime invents is found out. */
static void finalise(void *value)
{
    uintptr_t name = (uintptr_t)value - 1;

    say("finalise %s %d\n",
        name < (uintptr_t)program->names[NAME_RESOURCE].count
            ? program_name(program, NAME_RESOURCE, (int)name)
            : "?",
        miou_domain_self());
}

static void do_resource(struct execution *e)
{
    static int (*const calls[OPERATION_KINDS])(miou_resource *) = {
        [OP_OWN] = miou_own,         [OP_CHECK] = miou_check,       [OP_DISOWN] = miou_disown,
        [OP_RELEASE] = miou_release, [OP_TRANSFER] = miou_transfer,
    };
    _Atomic(miou_resource *) *place = &resources[e->op->name];
    miou_resource *resource = NULL;

    if (e->op->kind != OP_CREATE) {
        came_to(e, from_call(calls[e->op->kind](atomic_load(place)), 0));
        return;
    }
    came_to(
        e, from_call(
               miou_resource_create(&resource, finalise, (void *)(uintptr_t)(e->op->name + 1)), 0));
    if (resource)
        atomic_store(place, resource);
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
    int result = miou_run(&options, run_task, spawn(e->self, e->op, e->op->tasks[0]));

    came_to(e, result == MIOU_CANCELLED ? plain(OUTCOME_STOPPED) : from_end(result));
}

static void execute_once(struct execution *e)
{
    switch (e->op->kind) {
    case OP_ASYNC:
    case OP_CALL:
        do_spawn(e);
        break;
    case OP_PARALLEL:
        do_parallel(e);
        break;
    case OP_AWAIT:
    case OP_CANCEL:
    case OP_FREE:
        do_to_promises(e);
        break;
    case OP_YIELD:
        came_to(e, from_call(miou_yield(), 0));
        break;
    case OP_ORPHANS:
    case OP_FREE_ORPHANS:
        do_orphanage(e);
        break;
    case OP_CARE:
        do_care(e);
        break;
    case OP_CREATE:
    case OP_OWN:
    case OP_CHECK:
    case OP_DISOWN:
    case OP_RELEASE:
    case OP_TRANSFER:
        do_resource(e);
        break;
    case OP_SELF:
        came_to(e, from_call(miou_domain_self(), INT_MAX));
        break;
    case OP_AVAILABLE:
        came_to(e, from_call(miou_domain_available(), INT_MAX));
        break;
    case OP_UNTIL:
        do_until(e);
        break;
    case OP_RUN:
        do_run(e);
        break;
    case OP_PRINT:
        say("print %s %s\n", e->self->name, program_name(program, NAME_WORD, e->op->name));
        came_to(e, plain(OUTCOME_OK));
        break;
    case OP_POST:
        atomic_store(&flags[e->op->name], true);
        came_to(e, plain(OUTCOME_OK));
        break;
    case OP_RETURN:
    case OP_FAIL:
    case OPERATION_KINDS:
        break;
    }
}

/* Execute an operation as often as it says, and say what it came to. Returns whether the task goes
 * on. */
static bool execute(const struct instance *self, const struct operation *op)
{
    struct execution e = {.op = op, .self = self};
    int i;

    for (i = 0; i < op->repeat && !e.stopped; i++)
        execute_once(&e);
    if (op->bind >= 0) {
        if (!e.bound)
            e.bound = allocate(NULL, sizeof *e.bound), e.bound->count = 0;
        bind(op->bind, e.bound);
    }
    say_did(self, op, &e.outcomes);
    free(e.outcomes.of);
    return !e.stopped;
}

static int run_operations(const struct instance *self)
{
    const struct task *task = &program->tasks[self->task];
    const struct operation *op = program->operations + task->first;
    const struct operation *end = op + task->count;

    for (; op < end; op++) {
        if (op->kind == OP_RETURN)
            return op->value;
        if (op->kind == OP_FAIL)
            return FAILURES - op->name;
        if (!execute(self, op))
            break;
    }
    return 0;
}

static int run_task(void *arg)
{
    const struct instance *self = instance_of(arg);
    int result = 0;

    say("begin %s %d\n", self ? self->name : "?", miou_domain_self());
    if (self) {
        result = run_operations(self);
        say("end %s\n", self->name);
    }
    return result;
}

/* ---- The driver ---- */

static void complain(void *to, int line, const char *text)
{
    (void)to;
    if (line)
        fprintf(stderr, "driver: line %d: %s\n", line, text);
    else
        fprintf(stderr, "driver: %s\n", text);
}

static size_t read_all(char *text)
{
    size_t size = 0;
    ssize_t n;

    while ((n = read(STDIN_FILENO, text + size, TEXT_MAX - size)) != 0) {
        if (n < 0 && errno != EINTR)
            die(NOTHING_TO_DO, "cannot read the scenario");
        if (n > 0)
            size += (size_t)n;
        if (size == TEXT_MAX)
            die(NOTHING_TO_DO, "the scenario is too long");
    }
    return size;
}

/* Read the program, and answer with the scenario's number. */
static void read_program(void)
{
    char *text = allocate(NULL, TEXT_MAX);
    size_t size = read_all(text);
    char *end = memchr(text, '\n', size);
    char rest[2] = "";
    unsigned id;

    if (end)
        *end = '\0';
    if (!end || sscanf(text, "scenario %u%1s", &id, rest) != 1)
        die(NOTHING_TO_DO, "the first line is not `scenario` and a number");
    program =
        program_parse(end + 1, size - (size_t)(end + 1 - text), PROGRAM_STRIPPED, complain, NULL);
    free(text);
    if (!program)
        exit(NOTHING_TO_DO);
    say("scenario %u\n", id);
}

static void say_end(int result)
{
    char text[OUTCOME_MAX];

    outcome_write(text, sizeof text, program, from_end(result));
    say("run %s\n", text);
}

int main(int argc, char **argv)
{
    miou_options options = {0};
    const char *error;
    void *first;

    if (argc != 2)
        die(NOTHING_TO_DO, "usage: driver LIBRARY < scenario");
    /* What the runtime prints must not be taken for what is said here. */
    output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        die(NOTHING_TO_DO, "no standard output or error");
    read_program();
    error = trampolines_open(argv[1], say_absent);
    if (error) {
        fprintf(stderr, "driver: cannot open %s: %s\n", argv[1], error);
        return NOTHING_TO_DO;
    }
    options.domains = program->domains;
    first = instance_create(program->main_task);
    give_name(instance_of(first));
    say_end(miou_run(&options, run_task, first));
    close(output); /* but the program stays: a runtime may not have ended what it runs */
    return SAID;
}
