/* Mutants of chapter 13, driven choices. */
#include "saboteur.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

typedef int runner(const miou_options *options, miou_task *fn, void *arg);

static miou_choose *choose;
static void *choose_state;
static int steered_runs;

static int run_choosing(runner *run, miou_choose *instead, const miou_options *options,
                        miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    if (!changed.choose)
        return run(options, fn, arg);
    steered_runs++;
    choose = changed.choose;
    choose_state = changed.choose_state;
    changed.choose = instead;
    return run(&changed, fn, arg);
}

#define CHOICE_MUTANT(rule_, name_, choose_)                                                       \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        return run_choosing(true_miou_run, choose_, options, fn, arg);                             \
    }                                                                                              \
    static int unix_run_##name_(const miou_options *options, miou_task *fn, void *arg)             \
    {                                                                                              \
        return run_choosing(true_miou_unix_run, choose_, options, fn, arg);                        \
    }                                                                                              \
    MUTANT(rule_, name_, .run = run_##name_, .unix_run = unix_run_##name_)

CHOICE_MUTANT("R13.5", steered_runs_have_threads, NULL);

static size_t choose_of_one(void *state, size_t count)
{
    (void)state;
    choose(choose_state, 1);
    return choose(choose_state, count);
}
CHOICE_MUTANT("R13.5", what_is_no_choice_is_asked, choose_of_one);

static size_t choose_something_else(void *state, size_t count)
{
    size_t answer = choose(choose_state, count);

    (void)state;
    return answer < count ? (answer + (size_t)steered_runs) % count : answer;
}
CHOICE_MUTANT("R13.6", answers_are_not_all_that_counts, choose_something_else);

static size_t choose_in_range(void *state, size_t count)
{
    (void)state;
    return choose(choose_state, count) % count;
}
CHOICE_MUTANT("R13.7", answers_are_taken_modulo, choose_in_range);

static int unix_run_in_real_time(const miou_options *options, miou_task *fn, void *arg)
{
    return run_choosing(true_miou_unix_run, NULL, options, fn, arg);
}
MUTANT("R13.9", time_is_real, .unix_run = unix_run_in_real_time);

static int sleep_until_the_others_wake(int64_t nanoseconds)
{
    const int64_t day = 24 * INT64_C(3600000000000);

    return true_miou_sleep(nanoseconds > 0 && nanoseconds < day ? day - nanoseconds : nanoseconds);
}
MUTANT("R13.9", the_longest_sleep_ends_first, .sleep = sleep_until_the_others_wake);

static size_t choose_the_first(void *state, size_t count)
{
    size_t answer = choose(choose_state, count);

    (void)state;
    return answer < count ? 0 : answer;
}
CHOICE_MUTANT("R13.10", questions_are_asked_for_nothing, choose_the_first);

static size_t choose_one_of_two(void *state, size_t count)
{
    size_t answer = choose(choose_state, count);

    (void)state;
    return answer < count ? answer % 2 : answer;
}
CHOICE_MUTANT("R13.10", there_are_two_answers, choose_one_of_two);

/* ---- Turns ---- */

static miou_turn *turn;
static int turns;

static void turn_of_the_second(void *state, const int *domains, size_t count)
{
    int swapped[2] = {count > 1 ? domains[1] : domains[0], domains[0]};

    turn(state, count == 2 ? swapped : domains, count);
}

static void turn_of_one_fewer(void *state, const int *domains, size_t count)
{
    turn(state, domains, count > 1 ? count - 1 : count);
}

static void turn_now_and_then(void *state, const int *domains, size_t count)
{
    if (turns++ % 2 == 0)
        turn(state, domains, count);
}

static int run_telling(miou_turn *instead, const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    turn = changed.turn;
    if (turn)
        changed.turn = instead;
    return true_miou_run(&changed, fn, arg);
}

#define TURN_MUTANT(name_, turn_)                                                                  \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        return run_telling(turn_, options, fn, arg);                                               \
    }                                                                                              \
    MUTANT("R13.12", name_, .run = run_##name_)

TURN_MUTANT(turns_are_told_in_another_order, turn_of_the_second);
TURN_MUTANT(a_turn_is_told_of_too_few, turn_of_one_fewer);
TURN_MUTANT(only_some_turns_are_told, turn_now_and_then);

/* ---- The system ---- */

static bool steered;

static int run_noting(const miou_options *options, miou_task *fn, void *arg)
{
    steered = options && options->choose;
    return true_miou_run(options, fn, arg);
}

static int unix_run_noting(const miou_options *options, miou_task *fn, void *arg)
{
    steered = options && options->choose;
    return true_miou_unix_run(options, fn, arg);
}

static int suspend_unless_steered(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    return steered ? MIOU_NO_MONITOR : true_miou_suspend(syscall, suspended, arg);
}
MUTANT("R13.11", steered_runs_have_no_monitor, .run = run_noting,
       .suspend = suspend_unless_steered);

static ssize_t read_unless_steered(miou_fd *fd, void *buffer, size_t size)
{
    return steered ? MIOU_NO_MONITOR : true_miou_read(fd, buffer, size);
}
MUTANT("R13.11", steered_runs_do_not_read, .unix_run = unix_run_noting,
       .read = read_unless_steered);
