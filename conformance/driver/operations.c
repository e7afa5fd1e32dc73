/* operations.c: executes the operations of a task. Each is a row of a table: the function of the
 * interface that is called, and what its result means. */
#include "driver.h"

#include "miou_server.h"
#include "miou_sync.h"
#include "scenario/memory.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- What names stand for ---- */

/* A name of promises stands for all that its last execution bound. */
struct promises {
    struct kept kept;
    size_t count;
    miou_promise *of[];
};

struct lazy {
    struct kept kept;
    miou_lazy *of;
    void *argument; /* of its function */
};

/* ---- Outcomes ---- */

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
        {MIOU_ON_CANCELLATION_FAILED, OUTCOME_ON_CANCELLATION_FAILED},
        {-EBADF, OUTCOME_BAD_DESCRIPTOR},
        {-ECONNREFUSED, OUTCOME_REFUSED},
        {-ECONNRESET, OUTCOME_RESET},
        {-EPIPE, OUTCOME_BROKEN_PIPE},
        {-EADDRINUSE, OUTCOME_ADDRESS_IN_USE},
        {-EISCONN, OUTCOME_CONNECTED},
        {-EMSGSIZE, OUTCOME_TOO_LONG},
        {-EMFILE, OUTCOME_NO_DESCRIPTORS},
        {MIOU_END_OF_FILE, OUTCOME_END_OF_FILE},
        {MIOU_EXPIRED, OUTCOME_EXPIRED},
        {-EOPNOTSUPP, OUTCOME_NOT_SUPPORTED},
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

/* From the result of a call that can return 0 to most. More is nonsense. */
static struct outcome from_call(int result, int most)
{
    if (result == MIOU_CANCELLED)
        return plain(OUTCOME_STOPPED);
    if (result == -ENOSYS)
        return plain(OUTCOME_ABSENT);
    if (result > most)
        return unknown(result);
    if (result < 0)
        return from_error(result);
    return (struct outcome){.kind = OUTCOME_OK, .value = result};
}

enum { FEW = 8 }; /* outcomes that need no allocation */

static void say_did(const struct self *self, const struct operation *op, struct outcomes *list)
{
    char few[LINE_SIZE + FEW * (OUTCOME_MAX + 2)], *line = few;
    size_t size, i;

    if (!list->count)
        outcomes_add(list, plain(OUTCOME_NONE));
    if (op->kind != OP_PARALLEL)
        outcomes_fold(list);
    if (list->count > FEW)
        line = resized(NULL, LINE_SIZE + list->count * (OUTCOME_MAX + 2));
    size = (size_t)sprintf(line, "did %s %d ", name_of(self), op->line);
    for (i = 0; i < list->count; i++) {
        if (i)
            size += (size_t)sprintf(line + size, ", ");
        size += (size_t)outcome_write(line + size, OUTCOME_MAX, program, list->of[i]);
    }
    line[size++] = '\n';
    say_bytes(line, size);
    if (line != few)
        free(line);
}

/* ---- Operations ---- */

struct step;

/* How an operation is executed. Its object is what its first name stands for. */
struct method {
    void (*execute)(struct step *step);
    int (*call)(void *object, void *other); /* do_call, do_tell */
    int most;                               /* do_call: results up to this are values */
    enum outcome_kind tells[3];             /* do_tell, do_ask, do_hand_out: by result */
    int (*make)(void **object);
    int (*ask)(void *object, int *end);
    int ended; /* do_ask: the result with which there is an outcome */
    int (*hand_out)(miou_promise **promise, miou_orphans *orphans);
    int (*await_some)(size_t *which, int *end, miou_promise *const *promises, size_t count);
};

/* An operation while a task executes it. */
struct step {
    const struct operation *op;
    const struct method *method;
    const struct self *self;
    void *object;
    const struct lazy *lazy; /* if the object is a lazy value */
    struct outcomes outcomes;
    struct promises *bound; /* what `p =` will stand for, with room for room */
    size_t room;
    bool stopped; /* the runtime has refused it because the task is cancelled */
    bool absent;  /* the runtime does not have it */
};

static void note_outcome(struct step *step, struct outcome outcome)
{
    outcomes_add(&step->outcomes, outcome);
    step->stopped = outcome.kind == OUTCOME_STOPPED;
    step->absent = outcome.kind == OUTCOME_ABSENT;
}

static void note_promise(struct step *step, miou_promise *promise)
{
    size_t count = step->bound ? step->bound->count : 0;

    if (step->op->bind < 0)
        return;
    if (!step->bound || count == step->room) {
        step->room = count ? 2 * count : 1;
        step->bound = resized(step->bound, sizeof *step->bound + step->room * sizeof promise);
    }
    step->bound->of[count] = promise;
    step->bound->count = count + 1;
}

static int run_task(void *arg);

static void do_spawn(struct step *step)
{
    const struct operation *op = step->op;
    miou_resource *give[PROGRAM_TASKS_MAX];
    miou_promise *promise = NULL;
    miou_spawn options = {0};
    int result, pin, i;

    for (i = 0; i < op->give_count; i++)
        give[i] = look_up(step->self->instance, NAME_RESOURCE, op->give[i]);
    if (op->give_count) {
        options.give = give;
        options.give_count = (size_t)op->give_count;
    }
    if (op->orphans >= 0)
        options.orphans = look_up(step->self->instance, NAME_ORPHANAGE, op->orphans);
    if (op->pin != PIN_NONE) {
        pin = op->pin == PIN_SELF ? miou_domain_self() : op->pin;
        options.pin = &pin;
    }
    result = (op->kind == OP_ASYNC ? miou_async : miou_call)(
        op->bind < 0 ? NULL : &promise, &options, run_task,
        spawn_instance("spawn", step->self, op, op->tasks[0]));
    note_outcome(step, from_call(result, 0));
    if (result == 0)
        note_promise(step, promise);
}

static void do_parallel(struct step *step)
{
    size_t count = (size_t)step->op->task_count, i;
    int *ends = zeroed(count, sizeof *ends);
    void **args = zeroed(count, sizeof *args);
    int result;

    for (i = 0; i < count; i++) {
        args[i] = spawn_instance("spawn", step->self, step->op, step->op->tasks[i]);
        ends[i] = INT_MIN;
    }
    result = miou_parallel(ends, run_task, args, count);
    if (result != 0)
        note_outcome(step, from_call(result, 0));
    for (i = 0; result == 0 && i < count; i++)
        note_outcome(step, from_end(ends[i]));
    free(ends);
    free(args);
}

static void do_call(struct step *step)
{
    enum name_kind names = operation_other_names(step->op->kind);
    void *other = names < NAME_KINDS ? look_up(step->self->instance, names, step->op->other) : NULL;

    note_outcome(step, from_call(step->method->call(step->object, other), step->method->most));
}

/* The method has an outcome for each result that tells something, up to the first OUTCOME_OK. */
static struct outcome from_table(const struct step *step, int result)
{
    int count = 0;

    while (count < 3 && step->method->tells[count] != OUTCOME_OK)
        count++;
    return result >= 0 && result < count ? plain(step->method->tells[result])
                                         : from_call(result, -1);
}

static void do_tell(struct step *step)
{
    note_outcome(step, from_table(step, step->method->call(step->object, NULL)));
}

static void do_ask(struct step *step)
{
    int end = INT_MIN;
    int result = step->method->ask(step->object, &end);

    note_outcome(step, result == step->method->ended ? from_end(end) : from_table(step, result));
}

static void do_hand_out(struct step *step)
{
    miou_promise *promise = NULL;
    struct outcome outcome = from_table(step, step->method->hand_out(&promise, step->object));

    note_outcome(step, outcome);
    if (outcome.kind == OUTCOME_ENDED || outcome.kind == OUTCOME_TAKEN)
        note_promise(step, promise);
}

static void do_make(struct step *step)
{
    void *object = NULL;

    note_outcome(step, from_call(step->method->make(&object), 0));
    if (object)
        bind_thing(step->self->instance, operation_names(step->op->kind), step->op->name, object);
}

enum { DOMAIN_SIZE = 16 };

/* A domain as it is said; the runtime may not be able to say it. */
static const char *domain_text(char text[DOMAIN_SIZE], int domain)
{
    snprintf(text, DOMAIN_SIZE, "%d", domain);
    return domain == -ENOSYS ? "?" : text;
}

static int run_instance(struct self self, int domain);

/* What an operation of an instance has set is called. A hook is on no domain that it could tell. */
static int call_back(const struct self *self, const struct operation *op)
{
    return run_instance(self_of(spawn_instance("callback", self, op, op->tasks[0])),
                        op->kind == OP_HOOK ? -ENOSYS : miou_domain_self());
}

static void finalise(void *value)
{
    const struct operation *op;
    struct self creator = resource_creator(value, &op);
    char text[DOMAIN_SIZE];

    say("finalise %s %s %s\n", name_of(&creator),
        op ? program_name(program, NAME_RESOURCE, op->name) : "?",
        domain_text(text, miou_domain_self()));
    if (op && op->task_count > 0)
        call_back(&creator, op);
}

static void do_create(struct step *step)
{
    struct instance *instance = step->self->instance;
    miou_resource *resource = NULL;
    void *value = resource_value(instance, step->op->name);

    note_outcome(step, from_call(miou_resource_create(&resource, finalise, value), 0));
    if (resource)
        bind_thing(instance, NAME_RESOURCE, step->op->name, resource);
}

/* ---- Functions that the runtime calls ---- */

/* The function that an operation has passed is one that it executes as a part of its own. */
static int call_part_on(void *arg, int part, int domain)
{
    const struct operation *op;
    struct self self = callback_of(arg, &op);

    if (op)
        self = self_of(spawn_instance("force", &self, op, op->tasks[part]));
    return run_instance(self, domain);
}

static int call_part(void *arg, int part)
{
    return call_part_on(arg, part, miou_domain_self());
}

static int call_first(void *arg)
{
    return call_part(arg, 0);
}

static int call_finally(void *arg, int cancelled)
{
    (void)cancelled;
    return call_part(arg, 1);
}

static int call_on_cancellation(void *arg)
{
    return call_part(arg, 2);
}

static void note_end(struct step *step, int end)
{
    note_outcome(step, end == MIOU_CANCELLED || end == -ENOSYS ? from_call(end, 0) : from_end(end));
}

static void do_protect(struct step *step)
{
    note_end(step, miou_protect(call_first, callback_argument(step->self, step->op), call_finally,
                                step->op->task_count > 2 ? call_on_cancellation : NULL));
}

static void do_protect_mutex(struct step *step)
{
    note_end(step,
             miou_mutex_protect(step->object, call_first, callback_argument(step->self, step->op)));
}

static int64_t nanoseconds(const struct operation *op)
{
    return op->value == SLEEP_LONGEST ? INT64_MAX : (int64_t)op->value * 1000000;
}

static void do_deadline(struct step *step)
{
    note_end(step, miou_deadline(nanoseconds(step->op), call_first,
                                 callback_argument(step->self, step->op)));
}

/* On no domain. */
static int call_blocking(void *arg)
{
    return call_part_on(arg, 0, -ENOSYS);
}

static void do_blocking(struct step *step)
{
    note_end(step, miou_blocking(call_blocking, callback_argument(step->self, step->op)));
}

/* Call back what the argument stands for. */
static int call_set(void *arg)
{
    const struct operation *op;
    struct self self = callback_of(arg, &op);

    return op ? call_back(&self, op) : run_instance(self, miou_domain_self());
}

static void do_hook(struct step *step)
{
    miou_hook *hook = NULL;
    int result = miou_hook_add(&hook, call_set, callback_argument(step->self, step->op));

    note_outcome(step, from_call(result, 0));
    if (hook)
        bind_thing(step->self->instance, NAME_HOOK, step->op->name, hook);
}

static void act(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    call_set(arg);
}

static void do_on_signal(struct step *step)
{
    int result = miou_trigger_on_signal(step->object, act, callback_argument(step->self, step->op));

    note_outcome(step, from_call(result, 0));
}

static void do_canceller(struct step *step)
{
    struct instance *instance = step->self->instance;
    miou_trigger *trigger = NULL;
    int result =
        miou_computation_canceller(&trigger, look_up(instance, NAME_COMPUTATION, step->op->other),
                                   look_up(instance, NAME_COMPUTATION, step->op->third));

    note_outcome(step, from_call(result, 0));
    if (trigger)
        bind_thing(instance, NAME_TRIGGER, step->op->name, trigger);
}

/* ---- Signals of the system ---- */

static const int signals[SIGNAL_KINDS] = {
    [SIGNAL_HUP] = SIGHUP,   [SIGNAL_INT] = SIGINT,   [SIGNAL_TERM] = SIGTERM,
    [SIGNAL_USR1] = SIGUSR1, [SIGNAL_USR2] = SIGUSR2, [SIGNAL_WINCH] = SIGWINCH,
    [SIGNAL_KILL] = SIGKILL, [SIGNAL_STOP] = SIGSTOP,
};

static void handle(int number, void *arg)
{
    (void)number;
    call_set(arg);
}

static void do_handle(struct step *step)
{
    miou_signal_handler *handler = step->op->kind == OP_HANDLE   ? handle
                                   : step->op->kind == OP_IGNORE ? MIOU_SIGNAL_IGNORE
                                                                 : MIOU_SIGNAL_DEFAULT;

    note_outcome(step, from_call(miou_signal_handle(signals[step->op->value], handler,
                                                    callback_argument(step->self, step->op)),
                                 0));
}

static void do_raise(struct step *step)
{
    kill(getpid(), signals[step->op->value]);
    note_outcome(step, plain(OUTCOME_OK));
}

/* ---- Descriptors ---- */

static struct descriptor *descriptor_named(const struct step *step, int name)
{
    return name < 0 ? NULL : look_up(step->self->instance, NAME_DESCRIPTOR, name);
}

static void bind_descriptor(const struct step *step, int name, struct descriptor *descriptor)
{
    if (descriptor)
        bind_thing(step->self->instance, NAME_DESCRIPTOR, name, descriptor);
}

static void do_socket(struct step *step)
{
    struct descriptor *made = NULL;
    int result = make_socket(&made, (enum socket_kind)step->op->value, step->op->owned);

    note_outcome(step, from_call(result, 0));
    bind_descriptor(step, step->op->name, made);
}

static void do_pipe(struct step *step)
{
    struct descriptor *ends[2] = {NULL, NULL};

    note_outcome(step, from_call(make_pipe(ends, step->op->owned), 0));
    bind_descriptor(step, step->op->name, ends[0]);
    bind_descriptor(step, step->op->other, ends[1]);
}

/* No peer connects to a steered run, which is the same each time. */
static bool is_steered;

static void do_listen(struct step *step)
{
    int port, result = listen_at(step->object, descriptor_named(step, step->op->other), &port);

    if (result == 0 && port > 0 && !is_steered)
        say("port %s %d %d\n", name_of(step->self), step->op->line, port);
    note_outcome(step, from_call(result, 0));
}

static void do_accept(struct step *step)
{
    struct descriptor *made = NULL;
    int result = make_connection(&made, descriptor_named(step, step->op->other));

    note_outcome(step, from_call(result, 0));
    bind_descriptor(step, step->op->name, made);
}

static void do_split(struct step *step)
{
    struct descriptor *made = NULL;
    int result = split_descriptor(&made, descriptor_named(step, step->op->other));

    note_outcome(step, from_call(result, 0));
    bind_descriptor(step, step->op->name, made);
}

static void do_wait_ready(struct step *step)
{
    int result = await_ready(step->object, step->op->kind == OP_WAIT_WRITABLE);

    note_outcome(step, from_call(result, 0));
}

static void do_connect(struct step *step)
{
    note_outcome(step, from_call(connect_to(step->object, descriptor_named(step, step->op->other),
                                            step->op->peer),
                                 0));
}

/* Note how many bytes were moved. */
static void note_bytes(struct step *step, ssize_t n, bool garbled)
{
    int result = n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;

    note_outcome(step, garbled ? plain(OUTCOME_GARBLED) : from_call(result, step->op->value));
}

static void do_read(struct step *step)
{
    bool garbled;
    ssize_t n = read_bytes(step->object, (size_t)step->op->value, step->op->kind == OP_READ_EXACTLY,
                           &garbled);

    note_bytes(step, n, garbled);
}

static void do_write(struct step *step)
{
    note_bytes(step, write_bytes(step->object, (size_t)step->op->value), false);
}

static void do_receive(struct step *step)
{
    bool garbled;
    ssize_t n = receive_datagram(step->object, (size_t)step->op->value, &garbled);

    note_bytes(step, n, garbled);
}

static void do_send(struct step *step)
{
    note_bytes(step,
               send_datagram(step->object, (size_t)step->op->value,
                             descriptor_named(step, step->op->third)),
               false);
}

static void do_shutdown(struct step *step)
{
    note_outcome(step, from_call(half_close(step->object), 0));
}

static void do_close(struct step *step)
{
    note_outcome(step, from_call(close_descriptor(step->object), 0));
}

static void do_resource(struct step *step)
{
    miou_resource *resource = resource_of_descriptor(descriptor_named(step, step->op->other));

    note_outcome(step, plain(resource ? OUTCOME_OK : OUTCOME_EMPTY));
    bind_thing(step->self->instance, NAME_RESOURCE, step->op->name, resource);
}

/* ---- Lazy values ---- */

static int run_lazy(void *arg);

static void do_lazy(struct step *step)
{
    struct lazy *lazy = keep(zeroed(1, sizeof *lazy));

    lazy->argument = lazy_argument(step->op->tasks[0]);
    note_outcome(step, from_call(miou_lazy_create(&lazy->of, run_lazy, lazy->argument), 0));
    if (lazy->of)
        bind_thing(step->self->instance, NAME_LAZY, step->op->name, lazy);
}

static void do_force(struct step *step)
{
    struct instance *instance = step->self->instance;

    if (step->lazy)
        begin_force(instance, step->op, step->lazy->argument);
    do_ask(step);
    end_force(instance);
}

/* The promises of all the names in a list; a name that stands for none gives a NULL. */
static miou_promise **listed(const struct step *step, size_t *count)
{
    const struct operation *op = step->op;
    miou_promise **all = NULL;
    int i;

    *count = 0;
    for (i = 0; i < op->promise_count; i++) {
        const struct promises *list = look_up(step->self->instance, NAME_PROMISE, op->promises[i]);
        size_t size = list && list->count ? list->count : 1, j;

        all = resized(all, (*count + size) * sizeof *all);
        for (j = 0; j < size; j++)
            all[(*count)++] = list && list->count ? list->of[j] : NULL;
    }
    return all;
}

static void do_await_all(struct step *step)
{
    size_t count, i;
    miou_promise **all = listed(step, &count);
    int *ends = zeroed(count, sizeof *ends);
    int result;

    for (i = 0; i < count; i++)
        ends[i] = INT_MIN;
    result = miou_await_all(ends, all, count);
    if (result != 0)
        note_outcome(step, from_call(result, 0));
    for (i = 0; result == 0 && i < count; i++)
        note_outcome(step, from_end(ends[i]));
    free(ends);
    free(all);
}

static void do_await_some(struct step *step)
{
    size_t count, which = SIZE_MAX;
    miou_promise **all = listed(step, &count);
    int end = INT_MIN;
    int result = step->method->await_some(&which, &end, all, count);

    note_outcome(step,
                 result != 0 ? from_call(result, 0) : from_end(which < count ? end : INT_MIN));
    free(all);
}

static void do_complete(struct step *step)
{
    int end = step->op->other < 0 ? step->op->value : FAILURES - step->op->other;

    note_outcome(step, from_call(miou_computation_complete(step->object, end), 0));
}

static void do_sleep(struct step *step)
{
    note_outcome(step, from_call(miou_sleep(nanoseconds(step->op)), 0));
}

/* A task that looks for a flag again and again rests for a moment now and then, to leave the
 * processor to others. It does so rarely, since other tasks of its domain may need many turns, and
 * only some thousand times, since a task that looks in vain is to be seen at work. */
static void rest_after_looks(unsigned looks)
{
    enum { LOOKS = 256, RESTS = 5000 };
    static atomic_int rests;

    if (looks % LOOKS == 0 && !is_steered &&
        atomic_fetch_add_explicit(&rests, 1, memory_order_relaxed) < RESTS)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static void do_until(struct step *step)
{
    unsigned looks = 0;
    int result = 0;

    while (result == 0 && !is_posted(step->op->name, step->op->value)) {
        rest_after_looks(++looks);
        result = miou_yield();
    }
    note_outcome(step, from_call(result, 0));
}

static void do_spin(struct step *step)
{
    unsigned looks = 0;

    while (!is_posted(step->op->name, step->op->value))
        rest_after_looks(++looks);
    note_outcome(step, plain(OUTCOME_OK));
}

/* How the program is run; a run inside it is asked for in the same way. */
static int (*run)(const miou_options *options, miou_task *fn, void *arg);
static miou_options run_options;

static void do_run(struct step *step)
{
    int result = run(&run_options, run_task,
                     spawn_instance("spawn", step->self, step->op, step->op->tasks[0]));

    note_outcome(step, result == MIOU_CANCELLED || result == -ENOSYS ? from_call(result, 0)
                                                                     : from_end(result));
}

static void do_print(struct step *step)
{
    say("print %s %s\n", name_of(step->self), program_name(program, NAME_WORD, step->op->name));
    note_outcome(step, plain(OUTCOME_OK));
}

static void do_post(struct step *step)
{
    post(step->op->name);
    note_outcome(step, plain(OUTCOME_OK));
}

/* ---- The table ---- */

/* The functions of the interface in the form that do_call, do_make and do_ask call. */
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
CALL_1(hook_remove)
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

static const struct method methods[OPERATION_KINDS] = {
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
    [OP_WAIT] = {do_call, .call = call_condition_wait},
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
    [OP_ATTACH] = {do_call, .call = call_computation_attach},
    [OP_DETACH] = {do_call, .call = call_computation_detach},
    [OP_FREE_COMPUTATION] = {do_call, .call = call_computation_free},
    [OP_SELF] = {do_call, .call = call_domain_self, .most = INT_MAX},
    [OP_AVAILABLE] = {do_call, .call = call_domain_available, .most = INT_MAX},
    [OP_PRINT] = {do_print},
    [OP_POST] = {do_post},
    [OP_UNTIL] = {do_until},
    [OP_RUN] = {do_run},
    [OP_PROTECT] = {do_protect},
    [OP_PROTECT_MUTEX] = {do_protect_mutex},
    [OP_ON_SIGNAL] = {do_on_signal},
    [OP_CANCELLER] = {do_canceller},
    [OP_HANDLE] = {do_handle},
    [OP_IGNORE] = {do_handle},
    [OP_RESTORE] = {do_handle},
    [OP_RAISE] = {do_raise},
    [OP_SPIN] = {do_spin},
    [OP_SOCKET] = {do_socket},
    [OP_PIPE] = {do_pipe},
    [OP_LISTEN] = {do_listen},
    [OP_ACCEPT] = {do_accept},
    [OP_CONNECT] = {do_connect},
    [OP_READ] = {do_read},
    [OP_READ_EXACTLY] = {do_read},
    [OP_WRITE] = {do_write},
    [OP_RECEIVE] = {do_receive},
    [OP_SEND] = {do_send},
    [OP_SHUTDOWN] = {do_shutdown},
    [OP_CLOSE] = {do_close},
    [OP_RESOURCE] = {do_resource},
    [OP_HOOK] = {do_hook},
    [OP_UNHOOK] = {do_call, .call = call_hook_remove},
    [OP_DEADLINE] = {do_deadline},
    [OP_BLOCKING] = {do_blocking},
    [OP_SPLIT] = {do_split},
    [OP_WAIT_READABLE] = {do_wait_ready},
    [OP_WAIT_WRITABLE] = {do_wait_ready},
};

/* ---- Tasks ---- */

static void execute_once(struct step *step)
{
    const struct operation *op = step->op;
    enum name_kind names = operation_names(op->kind);
    const struct promises *list;
    size_t i = 0;

    if (!operation_has(op->kind, OPERATION_EACH)) {
        step->object = names_objects(names) && op->name >= 0
                           ? look_up(step->self->instance, names, op->name)
                           : NULL;
        if (names == NAME_LAZY) {
            step->lazy = step->object;
            step->object = step->lazy ? step->lazy->of : NULL;
        }
        step->method->execute(step);
        return;
    }
    list = look_up(step->self->instance, NAME_PROMISE, op->name);
    do {
        step->object = list && list->count ? list->of[i] : NULL;
        step->method->execute(step);
    } while (list && ++i < list->count && !step->stopped && !step->absent);
}

/* Execute an operation as often as it says, and say its outcomes. Returns whether the task goes on.
 * If the runtime lacks what the program needs, the whole execution ends. */
static bool execute(const struct self *self, const struct operation *op)
{
    struct step step = {.op = op, .method = &methods[op->kind], .self = self};
    int i;

    for (i = 0; i < op->repeat && !step.stopped && !step.absent; i++)
        execute_once(&step);
    if (op->bind >= 0) {
        if (!step.bound)
            step.bound = zeroed(1, sizeof *step.bound);
        bind_thing(self->instance, NAME_PROMISE, op->bind, keep(&step.bound->kept));
    }
    say_did(self, op, &step.outcomes);
    if (step.absent && !program_can_lack(program, op))
        _exit(SAID); /* nothing that could be said has a meaning */
    free(step.outcomes.of);
    return !step.stopped;
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

static int run_instance(struct self self, int domain)
{
    char text[DOMAIN_SIZE];
    int result = 0;

    say("begin %s %s\n", name_of(&self), domain_text(text, domain));
    if (self.instance) {
        atomic_store_explicit(&self.instance->domain, domain, memory_order_relaxed);
        result = run_operations(&self, &program->tasks[self.instance->task]);
        say("end %s\n", name_of(&self));
    }
    return result;
}

/* The function of every task. */
static int run_task(void *arg)
{
    return run_instance(self_of(arg), miou_domain_self());
}

/* The function of every lazy value: its task is a part of the instance that forces the value. */
static int run_lazy(void *arg)
{
    int domain = miou_domain_self(), task = lazy_task(arg);
    struct self parent = forcer_of(arg, domain);

    if (!parent.instance || task < 0 || task >= program->names[NAME_TASK].count)
        return run_instance((struct self){NULL, parent.run}, domain);
    return run_instance(
        self_of(spawn_instance("force", &parent, atomic_load(&parent.instance->forcing), task)),
        domain);
}

/* ---- The run ---- */

static bool waits_for_system(void)
{
    int i;

    for (i = 0; i < program->operation_count; i++)
        switch (program->operations[i].kind) {
        case OP_SLEEP:
        case OP_DEADLINE:
        case OP_BLOCKING:
            return true;
        default:
            if (operation_is_io(program->operations[i].kind))
                return true;
        }
    return false;
}

/* What the program does before its run, outside it. */
static void execute_outside(void)
{
    struct self self = self_of(spawn_instance("spawn", NULL, NULL, program->outside_task));

    say("outside %s\n", name_of(&self));
    run_instance(self, -ENOSYS); /* on none */
}

void execute_program(miou_options options)
{
    void *first = spawn_instance("spawn", NULL, NULL, program->main_task);
    char text[OUTCOME_MAX];
    bool posix = !program->bare && waits_for_system();
    int result;

    is_steered = options.choose != NULL;
    run = posix ? miou_unix_run : miou_run;
    run_options = options;
    run_options.domains = program->domains;
    if (is_steered && program_has(program, OP_SPIN)) { /* a steered run has one thread */
        say("absent spin\n");
        return;
    }
    if (program->outside_task >= 0)
        execute_outside();
    result = run(&run_options, run_task, first);
    if (result == -ENOSYS) { /* no task of a program returns it */
        say("absent %s\n", posix ? "miou_unix_run" : "miou_run");
        return;
    }
    outcome_write(text, sizeof text, program, from_end(result));
    say("run %s\n", text);
}

void forget_execution(void)
{
    forget_callbacks();
    forget_names();
    next_run();
}
