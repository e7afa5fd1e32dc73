/* Mutants of chapter 13, deadlock. */
#include "saboteur.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef int runner(const miou_options *options, miou_task *fn, void *arg);

static int hide_deadlock(int result)
{
    return result == MIOU_DEADLOCK ? 0 : result;
}

static int run_without_deadlock(const miou_options *options, miou_task *fn, void *arg)
{
    return hide_deadlock(true_miou_run(options, fn, arg));
}

static int unix_run_without_deadlock(const miou_options *options, miou_task *fn, void *arg)
{
    return hide_deadlock(true_miou_unix_run(options, fn, arg));
}
MUTANT("R13.1", deadlocks_are_an_end_as_any, .run = run_without_deadlock,
       .unix_run = unix_run_without_deadlock);

/* A run that is in deadlock hangs. */
static int await_for_ever(miou_computation *computation, int *outcome)
{
    int error = true_miou_computation_await(computation, outcome);

    while (error == MIOU_CANCELLED)
        ;
    return error;
}
MUTANT("R13.1", deadlocks_hang, .computation_await = await_for_ever);

/* The report of a deadlock passes through here. */
static miou_deadlock *deadlock;
static void *deadlock_state;
static atomic_bool dead;
static atomic_int told;

static void tell_on_standard_error(void *state, const miou_waiting *waiting)
{
    (void)state;
    fprintf(stderr, "%s\n", waiting->text);
}

static int run_telling(runner *run, miou_deadlock *tell, const miou_options *options, miou_task *fn,
                       void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    deadlock = changed.deadlock ? changed.deadlock : tell_on_standard_error;
    deadlock_state = changed.deadlock_state;
    dead = false;
    changed.deadlock = tell;
    return run(&changed, fn, arg);
}

#define DEADLOCK_MUTANT(rule_, name_, tell_, ...)                                                  \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        return run_telling(true_miou_run, tell_, options, fn, arg);                                \
    }                                                                                              \
    static int unix_run_##name_(const miou_options *options, miou_task *fn, void *arg)             \
    {                                                                                              \
        return run_telling(true_miou_unix_run, tell_, options, fn, arg);                           \
    }                                                                                              \
    MUTANT(rule_, name_, .run = run_##name_, .unix_run = unix_run_##name_, __VA_ARGS__)

static _Thread_local bool telling;

static void tell_as_a_task(void *state, const miou_waiting *waiting)
{
    (void)state;
    telling = true;
    deadlock(deadlock_state, waiting);
    telling = false;
}

static int self_when_telling(void)
{
    return telling ? 0 : true_miou_domain_self();
}
DEADLOCK_MUTANT("R13.4", reports_seem_to_come_from_a_task, tell_as_a_task,
                .domain_self = self_when_telling);

static void tell_and_die(void *state, const miou_waiting *waiting)
{
    (void)state;
    dead = true;
    deadlock(deadlock_state, waiting);
}

struct mourned {
    miou_finaliser *finaliser;
    void *value;
};

static void finalise_the_living(void *value)
{
    struct mourned *mourned = value;

    if (!dead)
        mourned->finaliser(mourned->value);
}

static int create_mourned(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    struct mourned *mourned = malloc(sizeof *mourned);

    if (!mourned)
        return -ENOMEM;
    *mourned = (struct mourned){finaliser, value};
    return true_miou_resource_create(resource, finaliser ? finalise_the_living : NULL, mourned);
}
DEADLOCK_MUTANT("R13.2", a_deadlock_finalises_nothing, tell_and_die,
                .resource_create = create_mourned);

static int await_as_if_done(miou_computation *computation, int *outcome)
{
    int error = true_miou_computation_await(computation, outcome);

    return error == MIOU_CANCELLED ? MIOU_DEADLOCK : error;
}
MUTANT("R13.2", waiting_tasks_learn_of_the_deadlock, .computation_await = await_as_if_done);

/* A task that sleeps, or is suspended on a point, does not count as one that could signal a
 * trigger. */
static atomic_int hopes;
static atomic_bool hopeless;

static int trigger_await_counted(miou_trigger *trigger)
{
    int error;

    hopes++;
    error = true_miou_trigger_await(trigger);
    hopes--;
    return error;
}

static int sleep_without_hope(int64_t nanoseconds)
{
    if (hopes > 0)
        hopeless = true;
    return true_miou_sleep(nanoseconds);
}

static int suspend_without_hope(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    if (hopes > 0)
        hopeless = true;
    return true_miou_suspend(syscall, suspended, arg);
}

static int run_without_hope(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return hopeless ? MIOU_DEADLOCK : result;
}

static int unix_run_without_hope(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);

    return hopeless ? MIOU_DEADLOCK : result;
}
MUTANT("R13.3", sleepers_wake_no_task, .run = run_without_hope, .unix_run = unix_run_without_hope,
       .trigger_await = trigger_await_counted, .sleep = sleep_without_hope,
       .suspend = suspend_without_hope);

static void tell_half(void *state, const miou_waiting *waiting)
{
    (void)state;
    if (told++ % 2 == 0)
        deadlock(deadlock_state, waiting);
}
DEADLOCK_MUTANT("R13.4", half_of_a_deadlock_is_reported, tell_half, );

static void tell_without_task(void *state, const miou_waiting *waiting)
{
    miou_waiting less = *waiting;

    (void)state;
    less.on = 0;
    deadlock(deadlock_state, &less);
}
DEADLOCK_MUTANT("R13.4", waits_are_reported_without_a_task, tell_without_task, );

static void tell_in_two_lines(void *state, const miou_waiting *waiting)
{
    miou_waiting longer = *waiting;

    (void)state;
    longer.text = "a task waits\n";
    deadlock(deadlock_state, &longer);
}
DEADLOCK_MUTANT("R13.4", texts_are_lines_with_their_end, tell_in_two_lines, );

static void *tell_there(void *waiting)
{
    deadlock(deadlock_state, waiting);
    return NULL;
}

/* Every second call is made while the one before it lasts. */
static void tell_two_at_once(void *state, const miou_waiting *waiting)
{
    static pthread_t thread;
    static miou_waiting first;

    (void)state;
    if (told++ % 2 == 0) {
        first = *waiting;
        first.text = "a task waits";
        pthread_create(&thread, NULL, tell_there, &first);
    } else {
        deadlock(deadlock_state, waiting);
        pthread_join(thread, NULL);
    }
}
DEADLOCK_MUTANT("R13.4", two_reports_come_at_once, tell_two_at_once, );

static void say_nothing(void *state, const miou_waiting *waiting)
{
    (void)state;
    (void)waiting;
}

static int run_silently(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    if (!changed.deadlock)
        changed.deadlock = say_nothing;
    return true_miou_run(&changed, fn, arg);
}
MUTANT("R13.4", deadlocks_are_silent, .run = run_silently);
