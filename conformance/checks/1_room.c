/* Rules R1.11, R1.12, R1.14 and R1.20: stacks, and runs that have too little memory. */
#include "machine/machine.h"
#include "tasks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED false
#endif

static int run_stack(int domains, size_t stack_size, miou_task *fn, void *arg)
{
    return miou_run(&(miou_options){.domains = domains, .stack_size = stack_size}, fn, arg);
}

/* ---- R1.11: the stack asked for ---- */

enum {
    FRAME = 1 << 10, /* what a check's own functions take beside the bytes they fill */
    CALL = 8 << 10   /* the same where they call others in between */
};

struct filler {
    size_t size;
    unsigned char mark;
    _Atomic int *spoilt; /* marks that have changed */
    _Atomic int *filled; /* stacks that were filled to the end */
};

static unsigned char mark_at(const struct filler *t, size_t place)
{
    return (unsigned char)(t->mark + place / 64);
}

/* Fill the whole stack, calling nothing. */
static __attribute__((noinline)) int fill(const struct filler *t)
{
    volatile unsigned char bytes[t->size - FRAME];
    size_t i;

    for (i = 0; i < sizeof bytes; i += 64)
        bytes[i] = mark_at(t, i);
    for (i = 0; i < sizeof bytes; i += 64)
        *t->spoilt += bytes[i] != mark_at(t, i);
    return 0;
}

/* Leave marks in almost all of it while others do the same. */
static __attribute__((noinline)) int fill_in_turns(const struct filler *t)
{
    volatile unsigned char bytes[t->size - CALL];
    size_t i;

    for (i = 0; i < sizeof bytes; i += 64)
        bytes[i] = mark_at(t, i);
    TRY(miou_yield());
    TRY(miou_yield());
    for (i = 0; i < sizeof bytes; i += 64)
        *t->spoilt += bytes[i] != mark_at(t, i);
    return 0;
}

static int fill_stack(void *arg)
{
    TRY(fill(arg));
    TRY(fill_in_turns(arg));
    TRY(fill(arg));
    atomic_fetch_add(((const struct filler *)arg)->filled, 1);
    return 0;
}

enum { FILLERS = 8 };

static int spawn_fillers(void *arg)
{
    const struct filler *shared = arg;
    struct filler fillers[FILLERS];
    miou_promise *promises[FILLERS];
    int i, outcome;

    for (i = 0; i < FILLERS; i++) {
        fillers[i] = *shared;
        fillers[i].mark = (unsigned char)(31 * i + 1);
        TRY(miou_async(&promises[i], NULL, fill_stack, &fillers[i]));
    }
    TRY(fill_stack(arg));
    for (i = 0; i < FILLERS; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
    }
    return 0;
}

static int spawn_fillers_everywhere(void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_call(&promise, NULL, spawn_fillers, arg));
    TRY(spawn_fillers(arg));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static void assert_stack(check_runner *run, size_t asked, size_t usable)
{
    _Atomic int spoilt = 0, filled = 0;
    struct filler t = {.size = usable, .mark = 99, .spoilt = &spoilt, .filled = &filled};

    expect_code(run_by(run, &(miou_options){.domains = 1, .stack_size = asked},
                       spawn_fillers_everywhere, &t),
                0);
    expect_number(filled, 2 * (FILLERS + 1));
    expect_number(spoilt, 0);
}
#define assert_stack(...) IN_HELPER(assert_stack, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.11", default_stack)
{
    assert_stack(miou_run, 0, 64 << 10);
}

CHECK("R1.11", stacks_of_several_sizes)
{
    assert_stack(miou_run, 16 << 10, 16 << 10);
    assert_stack(miou_run, 100000, 100000);
    assert_stack(miou_run, 256 << 10, 256 << 10);
    assert_stack(miou_run, 1 << 20, 1 << 20);
}

CHECK("R1.11", stacks_with_the_posix_monitor)
{
    assert_stack(miou_unix_run, 0, 64 << 10);
    assert_stack(miou_unix_run, 256 << 10, 256 << 10);
}

/* A signal that interrupts a task whose functions use all that they may. The system call takes next
 * to nothing of the stack, while raise would. */
static void ignore_it(int number)
{
    (void)number;
}

static __attribute__((noinline)) int interrupt_filled(const struct filler *t)
{
    volatile unsigned char all[(64 << 10) - FRAME / 4];

    all[0] = all[sizeof all - 1] = t->mark;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
    *t->spoilt += all[0] != t->mark || all[sizeof all - 1] != t->mark;
    *t->filled += 1;
    return 0;
}

/* Once all have begun, so that each has a stack of its own. */
static int interrupt_one(void *arg)
{
    TRY(miou_yield());
    return interrupt_filled(arg);
}

enum { INTERRUPTED = 32 };

static int interrupt_some(void *arg)
{
    miou_promise *promises[INTERRUPTED];
    int i;

    for (i = 0; i < INTERRUPTED; i++)
        TRY(miou_async(&promises[i], NULL, interrupt_one, arg));
    return miou_await_all(NULL, promises, INTERRUPTED);
}

CHECK("R1.11", a_signal_takes_nothing_of_the_stack)
{
    _Atomic int spoilt = 0, filled = 0;
    struct filler t = {.mark = 99, .spoilt = &spoilt, .filled = &filled};

    /* The loader looks these functions up when they are called first, on the caller's stack. */
    expect_true(getpid() > 0 && syscall(SYS_gettid) > 0);
    signal(SIGUSR1, ignore_it);
    expect_code(run_stack(0, 64 << 10, interrupt_some, &t), 0);
    expect_number(filled, INTERRUPTED);
    expect_number(spoilt, 0);
}

/* ---- R1.12: overflow ---- */

enum {
    NEIGHBOURS = 256,           /* suspended tasks on either side of the one that overflows */
    TOO_MUCH = 16 << 20,        /* bytes of stack, where 64 KiB were asked for */
    TOO_MUCH_IN_MAIN = 1 << 30, /* which may have that of its thread */
    STACK_OF_THREAD = 8 << 20   /* at most, whatever the limits of this process are */
};

struct overflow {
    bool begun, on_main, elsewhere;
};

/* In a runtime without a guard this would reach its end, which is another signal. */
static __attribute__((noinline)) int use_stack(int bytes)
{
    volatile char frame[128];
    int below;

    frame[0] = (char)bytes;
    if (bytes <= 0)
        return raise(SIGKILL);
    below = use_stack(bytes - (int)sizeof frame);
    return below + frame[0];
}

static int overflow(void *arg)
{
    struct overflow *t = arg;

    TRY(miou_yield());
    t->begun = true;
    return use_stack(TOO_MUCH);
}

static int be_a_neighbour(void *arg)
{
    struct overflow *t = arg;

    while (!t->begun)
        TRY(miou_yield());
    return 0;
}

static int overflow_among_neighbours(void *arg)
{
    struct overflow *t = arg;
    miou_promise *neighbours[2 * NEIGHBOURS], *promise;
    int i;

    if (t->on_main)
        return use_stack(TOO_MUCH_IN_MAIN);
    for (i = 0; i < NEIGHBOURS; i++)
        TRY(miou_async(&neighbours[i], NULL, be_a_neighbour, t));
    TRY(miou_async(&promise, NULL, overflow, t));
    for (; i < 2 * NEIGHBOURS; i++)
        TRY(miou_async(&neighbours[i], NULL, be_a_neighbour, t));
    return miou_await(promise, NULL);
}

static int overflow_somewhere(void *arg)
{
    struct overflow *t = arg;
    miou_promise *promise;

    if (!t->elsewhere)
        return overflow_among_neighbours(t);
    TRY(miou_call(&promise, NULL, overflow_among_neighbours, t));
    return miou_await(promise, NULL);
}

/* Main may be called on the stack of this thread, which may be allowed to grow for ever. */
static void limit_stack(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_cur > STACK_OF_THREAD)
        limit.rlim_cur = STACK_OF_THREAD;
    setrlimit(RLIMIT_STACK, &limit);
}

static void assert_crash(struct overflow *t)
{
    int status;
    pid_t child;

    need_tasks(2 * NEIGHBOURS + 2);
    child = start_process_with_runtime();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        limit_stack();
        run_stack(1, 64 << 10, overflow_somewhere, t);
        _exit(1);
    }
    status = end_of_process(child);
    expect_true(WIFSIGNALED(status));
    expect_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}
#define assert_crash(...) IN_HELPER(assert_crash, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.12", overflow_in_main)
{
    assert_crash(&(struct overflow){.on_main = true});
}

CHECK("R1.12", overflow_in_a_child)
{
    assert_crash(&(struct overflow){0});
}

CHECK("R1.12", overflow_on_another_domain)
{
    assert_crash(&(struct overflow){.elsewhere = true});
}

/* Tasks whose stacks are full of marks lie around one with a large frame, of which it touches the
 * far end only, as read does if there is little to read. */
enum { VICTIMS = 4 };

struct leap {
    size_t size; /* of the frame */
    bool begun;
    size_t spoilt; /* marks */
};

static int mark_and_look(void *arg)
{
    struct leap *t = arg;
    volatile char mine[(64 << 10) - CALL];
    size_t i;

    for (i = 0; i < sizeof mine; i++)
        mine[i] = 1;
    while (!t->begun)
        TRY(miou_yield());
    TRY(miou_yield());
    for (i = 0; i < sizeof mine; i++)
        t->spoilt += mine[i] != 1;
    return 0;
}

static int leap(void *arg)
{
    struct leap *t = arg;
    volatile char buffer[t->size];
    int i;

    TRY(miou_yield());
    t->begun = true;
    for (i = 0; i < 4096; i++)
        buffer[i] = 2;
    return buffer[0];
}

static int leap_among_victims(void *arg)
{
    miou_promise *promises[2 * VICTIMS + 1];
    int i;

    for (i = 0; i < 2 * VICTIMS + 1; i++)
        TRY(miou_async(&promises[i], NULL, i == VICTIMS ? leap : mark_and_look, arg));
    return miou_await_all(NULL, promises, 2 * VICTIMS + 1);
}

/* A runtime may give more stack than was asked for; but it is nobody else's. */
static void check_leap(size_t size)
{
    struct leap t = {.size = size};
    int status;
    pid_t child = start_process_with_runtime();

    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(run_stack(0, 64 << 10, leap_among_victims, &t) != 0 || t.spoilt > 0);
    }
    status = end_of_process(child);
    if (WIFSIGNALED(status))
        expect_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
    else
        expect_number(WEXITSTATUS(status), 0);
}
#define check_leap(...) IN_HELPER(check_leap, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.12", a_large_frame_does_not_leap_into_another_stack)
{
    size_t size;

    for (size = 72 << 10; size <= 120 << 10; size += 16 << 10) {
        with_index(size);

        check_leap(size);
    }
}

/* ---- R1.14: a million tasks ---- */

enum { MILLION = 1000000, AT_ONCE = 1000 };

struct million {
    int wanted;
    bool suspend; /* all tasks begin before the first one ends */
    miou_promise **promises;
    int spawned;
    int error;     /* of the first spawn that failed */
    int not_begun; /* for want of memory */
    int failed;    /* otherwise */
    int ended;
    long sum;  /* of their values */
    int again; /* the value of one more task, when all others have ended */
};

static int count_up(void *arg)
{
    struct million *t = arg;

    TRY(t->suspend ? miou_yield() : 0);
    return t->ended++;
}

/* Many in one call, since each call may let others run for many turns [R1.10]. */
static int await_some(struct million *t, miou_promise **promises, int count)
{
    int outcomes[AT_ONCE], i;

    TRY(miou_await_all(outcomes, promises, (size_t)count));
    for (i = 0; i < count; i++) {
        t->not_begun += outcomes[i] == -ENOMEM;
        t->failed += outcomes[i] < 0 && outcomes[i] != -ENOMEM;
        t->sum += outcomes[i] < 0 ? 0 : outcomes[i];
        TRY(miou_promise_free(promises[i]));
    }
    return 0;
}

static int spawn_a_million(void *arg)
{
    struct million *t = arg;
    int i, left;

    while (t->spawned < t->wanted && t->error == 0) {
        t->error = miou_async(&t->promises[t->spawned], NULL, count_up, t);
        t->spawned += t->error == 0;
    }
    for (i = 0; i < t->spawned; i += AT_ONCE) {
        left = t->spawned - i;
        TRY(await_some(t, &t->promises[i], left < AT_ONCE ? left : AT_ONCE));
    }
    TRY(miou_async(t->promises, NULL, count_up, t));
    return miou_await(t->promises[0], &t->again);
}

static void assert_million(struct million *t, size_t stack_size)
{
    int result;
    long count;

    t->promises = calloc((size_t)t->wanted, sizeof(miou_promise *));
    expect_true(t->promises != NULL);
    NOTE(result, run_stack(0, stack_size, spawn_a_million, t));
    count = t->spawned - t->not_begun;
    if (t->spawned > 0 || !is_shortage(result)) { /* or else the run could not start [R1.20] */
        expect_noted(result, 0);
        expect_true(t->error == -ENOMEM || (t->error == 0 && t->spawned == t->wanted));
        expect_number(t->failed, 0);
        expect_number(t->ended, count + 1);
        expect_true(t->sum == count * (count - 1) / 2);
        expect_code(t->again, count);
    }
    free(t->promises);
}
#define assert_million(...) IN_HELPER(assert_million, (__VA_ARGS__), #__VA_ARGS__)

/* Allow two pages of real memory for each task, and take no more than a quarter of what there is,
 * so that neither the machine nor a control group runs out. */
CHECK("R1.14", a_million_at_once)
{
    unsigned long long each = 2 * (unsigned long long)sysconf(_SC_PAGESIZE);
    unsigned long long tasks = machine_memory() / 4 / each;

    assert_million(&(struct million){.wanted = tasks < MILLION ? (int)tasks : MILLION}, 0);
}

/* Stacks so large that addresses run out first: at 48 bits there are enough for 16,384 stacks. A
 * sanitizer needs these addresses itself. */
CHECK("R1.14", more_than_there_are_addresses_for)
{
    enum { TOO_MANY = 20000 };

    if (SANITIZED)
        assert_million(&(struct million){.wanted = 100, .suspend = true}, 0);
    else
        assert_million(&(struct million){.wanted = TOO_MANY, .suspend = true}, (size_t)1 << 34);
}

/* ---- R1.20: runs that cannot start ---- */

static int count_calls(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void assert_no_start(size_t stack_size)
{
    int threads = threads_running(), descriptors = descriptors_open(), calls = 0;
    int result;
    NOTE(result, run_stack(2, stack_size, count_calls, &calls));

    expect_one_of(result, -ENOMEM, -EAGAIN);
    expect_number(calls, 0);
    expect_true(threads_fall_to(threads));
    expect_number(descriptors_open(), descriptors);
}
#define assert_no_start(...) IN_HELPER(assert_no_start, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.20", no_room_for_the_stack)
{
    int calls = 0;

    assert_no_start(SIZE_MAX);
    assert_no_start(SIZE_MAX - 4095);
    assert_no_start(SIZE_MAX / 2);
    assert_no_start((size_t)1 << 60);
    expect_code(run_stack(2, 0, count_calls, &calls), 0);
    expect_number(calls, 1);
}

static void *nothing(void *arg)
{
    return arg;
}

/* No process has room for a thread's stack of this size, unless the C library makes it smaller or
 * the system hands out more addresses than it has memory. Under valgrind the system returns another
 * error. A runtime that sets the stack size of its threads itself starts all the same. */
CHECK("R1.20", no_room_for_threads)
{
    int threads = threads_running(), descriptors = descriptors_open(), calls = 0, result, system;
    pthread_attr_t attributes, old;
    pthread_t thread;

    expect_number(pthread_getattr_default_np(&old), 0);
    expect_number(pthread_attr_init(&attributes), 0);
    expect_number(pthread_attr_setstacksize(&attributes, (size_t)1 << 47), 0);
    expect_number(pthread_setattr_default_np(&attributes), 0);
    system = pthread_create(&thread, NULL, nothing, NULL);
    if (system == 0)
        cannot_test("a thread's stack can have 128 TiB here");
    NOTE(result, miou_run(&(miou_options){.domains = 2}, count_calls, &calls));
    expect_number(pthread_setattr_default_np(&old), 0);
    if (calls == 0)
        expect_one_of(result, -EAGAIN, -ENOMEM, -system);
    else
        expect_noted(result, 0);
    expect_true(threads_fall_to(threads));
    expect_number(descriptors_open(), descriptors);
    expect_code(run_with(2, count_calls, &calls), 0);
}
