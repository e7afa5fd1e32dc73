/* Mutants of chapter 12, signals. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { SIGNALS = 65 };

static bool is_handler(miou_signal_handler *handler)
{
    return handler != MIOU_SIGNAL_DEFAULT && handler != MIOU_SIGNAL_IGNORE;
}

static bool is_signal(int number)
{
    return number > 0 && number < SIGNALS && number != SIGKILL && number != SIGSTOP;
}

/* The action that was set last for each signal. */
static struct action {
    miou_signal_handler *handler;
    void *arg;
    atomic_int calls;
} actions[SIGNALS];

static int handle_by(miou_signal_handler *instead, int number, miou_signal_handler *handler,
                     void *arg)
{
    if (!is_signal(number) || !is_handler(handler) || true_miou_domain_self() < 0)
        return true_miou_signal_handle(number, handler, arg);
    actions[number].handler = handler;
    actions[number].arg = arg;
    return true_miou_signal_handle(number, instead, arg);
}

static void call_handler(int number)
{
    actions[number].handler(number, actions[number].arg);
}

/* A mutant that calls handlers through that function. */
#define HANDLER_MUTANT(rule_, name_, by_)                                                          \
    static int handle_##name_(int number, miou_signal_handler *handler, void *arg)                 \
    {                                                                                              \
        return handle_by(by_, number, handler, arg);                                               \
    }                                                                                              \
    MUTANT(rule_, name_, .signal_handle = handle_##name_)

/* ---- R12.1 */

static int work_elsewhere(void *arg)
{
    call_handler((int)(intptr_t)arg);
    return 0;
}

static void call_elsewhere(int number, void *arg)
{
    miou_promise *promise;

    (void)arg;
    if (true_miou_call(&promise, NULL, work_elsewhere, (void *)(intptr_t)number) == 0)
        true_miou_await(promise, NULL);
    else
        call_handler(number);
}
HANDLER_MUTANT("R12.1", handlers_run_elsewhere, call_elsewhere);

static void call_without_arg(int number, void *arg)
{
    (void)arg;
    actions[number].handler(number, NULL);
}
HANDLER_MUTANT("R12.1", handlers_get_no_argument, call_without_arg);

static int handle_on_dom0(int number, miou_signal_handler *handler, void *arg)
{
    return true_miou_domain_self() > 0 && is_signal(number)
               ? 0
               : true_miou_signal_handle(number, handler, arg);
}
MUTANT("R12.1", only_dom0_sets_handlers, .signal_handle = handle_on_dom0);

static int handle_first(int number, miou_signal_handler *handler, void *arg)
{
    if (is_signal(number) && is_handler(handler) && actions[number].handler == handler)
        return 0;
    return handle_by(handler, number, handler, arg);
}
MUTANT("R12.1", the_first_argument_counts, .signal_handle = handle_first);

/* All threads of the run block the signal. */
static int run_deaf(const miou_options *options, miou_task *fn, void *arg)
{
    sigset_t set, before;
    int result;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    result = true_miou_run(options, fn, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}
MUTANT("R12.1", runs_are_deaf, .run = run_deaf);

/* ---- R12.2, R12.3 */

static void call_every_other_time(int number, void *arg)
{
    (void)arg;
    if (actions[number].calls++ % 2 == 0)
        call_handler(number);
}
HANDLER_MUTANT("R12.2", every_other_signal_is_lost, call_every_other_time);

/* While one handler runs, signals of other kinds are dropped. */
static void call_alone(int number, void *arg)
{
    static atomic_int running;

    (void)arg;
    if (running++ == 0) {
        true_miou_yield();
        call_handler(number);
    }
    running--;
}
HANDLER_MUTANT("R12.2", one_handler_at_a_time, call_alone);

static void call_twice(int number, void *arg)
{
    (void)arg;
    call_handler(number);
    call_handler(number);
}
HANDLER_MUTANT("R12.2", handlers_are_called_too_often, call_twice);

/* A task looks for signals, so the run learns of them only while tasks run. */
static atomic_bool noted[SIGNALS];

static void note(int number)
{
    noted[number] = true;
}

static int handle_lazily(int number, miou_signal_handler *handler, void *arg)
{
    if (!is_signal(number) || !is_handler(handler) || true_miou_domain_self() < 0)
        return true_miou_signal_handle(number, handler, arg);
    actions[number].handler = handler;
    actions[number].arg = arg;
    sigaction(number, &(struct sigaction){.sa_handler = note}, NULL);
    return 0;
}

static int yield_and_look(void)
{
    int number;

    for (number = 1; number < SIGNALS && true_miou_domain_self() == 0; number++)
        if (atomic_exchange(&noted[number], false))
            call_handler(number);
    return true_miou_yield();
}
MUTANT("R12.3", signals_are_heard_in_yield, .signal_handle = handle_lazily,
       .yield = yield_and_look);

/* A handler that has been replaced took its signals with it: the next call is dropped. */
static atomic_int replaced[SIGNALS];

static void call_unless_replaced(int number, void *arg)
{
    (void)arg;
    if (atomic_exchange(&replaced[number], 0) == 0)
        call_handler(number);
}

static int handle_and_drop(int number, miou_signal_handler *handler, void *arg)
{
    if (is_signal(number) && is_handler(handler))
        replaced[number] = actions[number].handler != NULL &&
                           (actions[number].handler != handler || actions[number].arg != arg);
    return handle_by(call_unless_replaced, number, handler, arg);
}
MUTANT("R12.2", a_replaced_handler_takes_its_signals_with_it, .signal_handle = handle_and_drop);

/* A handler begins only when its signal comes a second time. */
static void call_from_the_second_on(int number, void *arg)
{
    (void)arg;
    if (actions[number].calls++ > 0)
        call_handler(number);
}
HANDLER_MUTANT("R12.2", the_first_signal_is_lost, call_from_the_second_on);

/* ---- R12.4, R12.5 */

static int handle_default_as_ignore(int number, miou_signal_handler *handler, void *arg)
{
    return true_miou_signal_handle(
        number, handler == MIOU_SIGNAL_DEFAULT ? MIOU_SIGNAL_IGNORE : handler, arg);
}
MUTANT("R12.4", the_default_is_to_ignore, .signal_handle = handle_default_as_ignore);

static int handle_ignore_as_default(int number, miou_signal_handler *handler, void *arg)
{
    return true_miou_signal_handle(
        number, handler == MIOU_SIGNAL_IGNORE ? MIOU_SIGNAL_DEFAULT : handler, arg);
}
MUTANT("R12.4", ignoring_is_the_default, .signal_handle = handle_ignore_as_default);

static int handle_default_as_the_systems(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    if (error == 0 && handler == MIOU_SIGNAL_DEFAULT)
        sigaction(number, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    return error;
}
MUTANT("R12.4", the_programs_handler_is_forgotten, .signal_handle = handle_default_as_the_systems);

/* What has not been set cannot be restored. */
static int handle_or_restore(int number, miou_signal_handler *handler, void *arg)
{
    static atomic_bool set[SIGNALS];
    int error = true_miou_signal_handle(number, handler, arg);

    if (error == 0 && handler == MIOU_SIGNAL_DEFAULT)
        return atomic_exchange(&set[number], false) ? 0 : -EINVAL;
    if (error == 0)
        set[number] = true;
    return error;
}
MUTANT("R12.4", nothing_is_restored_twice, .signal_handle = handle_or_restore);

/* What has been restored stays so. */
static int handle_until_restored(int number, miou_signal_handler *handler, void *arg)
{
    static atomic_bool restored[SIGNALS];

    if (is_signal(number) && handler == MIOU_SIGNAL_DEFAULT)
        restored[number] = true;
    else if (is_signal(number) && restored[number])
        return 0;
    return true_miou_signal_handle(number, handler, arg);
}
MUTANT("R12.4", what_is_restored_stays_so, .signal_handle = handle_until_restored);

/* After a run that has failed, or broken a rule, its handlers are called by the system. */
static int handle_and_note(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    if (error == 0) {
        actions[number].handler = handler;
        actions[number].arg = arg;
    }
    return error;
}

static int run_and_keep_handlers(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg), number;

    for (number = 1; number < SIGNALS && result < 0 && true_miou_domain_self() < 0; number++)
        if (is_handler(actions[number].handler))
            signal(number, call_handler);
    return result;
}
MUTANT("R12.5", failed_runs_keep_their_handlers, .run = run_and_keep_handlers,
       .signal_handle = handle_and_note);

static int run_and_keep_the_last(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    if (signal(SIGRTMAX, SIG_IGN) == SIG_IGN)
        signal(SIGRTMAX, SIG_DFL);
    return result;
}
MUTANT("R12.5", the_last_signal_is_kept, .run = run_and_keep_the_last);

static int run_and_reset(const miou_options *options, miou_task *fn, void *arg)
{
    bool inside = true_miou_domain_self() >= 0;
    int result = true_miou_run(options, fn, arg);

    if (!inside)
        sigaction(SIGUSR1, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    return result;
}
MUTANT("R12.5", runs_reset_a_signal, .run = run_and_reset);

static int unix_run_and_block(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return result;
}
MUTANT("R12.5", runs_leave_a_signal_blocked, .unix_run = unix_run_and_block);

/* The mask of an action is not restored with it. */
static int run_and_restore_no_mask(const miou_options *options, miou_task *fn, void *arg)
{
    bool inside = true_miou_domain_self() >= 0;
    int result = true_miou_run(options, fn, arg);
    struct sigaction action;

    if (!inside && sigaction(SIGUSR1, NULL, &action) == 0) {
        sigemptyset(&action.sa_mask);
        sigaction(SIGUSR1, &action, NULL);
    }
    return result;
}
MUTANT("R12.5", masks_are_not_restored, .run = run_and_restore_no_mask);

/* ---- R12.6, R12.7 */

/* The handler is called in a finaliser, where it can do nothing. */
static void finalise_by_handler(void *value)
{
    call_handler((int)(intptr_t)value);
}

static void call_in_finaliser(int number, void *arg)
{
    miou_resource *resource;

    (void)arg;
    if (true_miou_resource_create(&resource, finalise_by_handler, (void *)(intptr_t)number) == 0 &&
        true_miou_own(resource) == 0)
        true_miou_release(resource);
}
HANDLER_MUTANT("R12.6", handlers_can_do_nothing, call_in_finaliser);

/* The handler's children are awaited for it. */
static int handle_and_return(void *arg)
{
    call_handler((int)(intptr_t)arg);
    return -1;
}

static void call_and_forgive(int number, void *arg)
{
    miou_promise *promise;

    (void)arg;
    if (true_miou_async(&promise, NULL, handle_and_return, (void *)(intptr_t)number) == 0)
        true_miou_await(promise, NULL);
}
HANDLER_MUTANT("R12.6", handlers_may_forget, call_and_forgive);

/* Main returns only when all handlers have returned. */
static atomic_int handling;

static void call_and_count(int number, void *arg)
{
    (void)arg;
    handling++;
    call_handler(number);
    handling--;
}

static int handle_and_count(int number, miou_signal_handler *handler, void *arg)
{
    return handle_by(call_and_count, number, handler, arg);
}

static int wait_for_handlers(struct task *self, int value)
{
    while (!self->parent && handling > 0)
        true_miou_yield();
    return value;
}
MUTANT_AT_END("R12.7", wait_for_handlers, .signal_handle = handle_and_count);

static int fail_for_handlers(struct task *self, int value)
{
    return !self->parent && handling > 0 ? MIOU_STILL_HAS_CHILDREN : value;
}
MUTANT_AT_END("R12.7", fail_for_handlers, .signal_handle = handle_and_count);

/* A handler may give to its parent, as if it had one. */
static atomic_int in_handlers;

static void call_as_a_child(int number, void *arg)
{
    (void)arg;
    in_handlers++;
    call_handler(number);
    in_handlers--;
}

static int handle_as_a_child(int number, miou_signal_handler *handler, void *arg)
{
    return handle_by(call_as_a_child, number, handler, arg);
}

static int transfer_to_nobody(miou_resource *resource)
{
    int error = true_miou_transfer(resource);

    return error < 0 && in_handlers > 0 ? 0 : error;
}
MUTANT("R12.7", handlers_have_a_parent, .signal_handle = handle_as_a_child,
       .transfer = transfer_to_nobody);

/* The run ends with an error if handlers are left. */
static int unix_run_and_count(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);

    return handling > 0 && result >= 0 ? MIOU_STILL_HAS_CHILDREN : result;
}

static void call_and_stay(int number, void *arg)
{
    (void)arg;
    handling++;
    call_handler(number);
}

static int handle_and_stay(int number, miou_signal_handler *handler, void *arg)
{
    return handle_by(call_and_stay, number, handler, arg);
}
MUTANT("R12.7", handlers_that_are_left_are_forgotten, .unix_run = unix_run_and_count,
       .signal_handle = handle_and_stay);

/* ---- R12.8 to R12.10 */

static int handle_any_number(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    return error == -EINVAL && (number < 1 || number >= SIGNALS) ? 0 : error;
}
MUTANT("R12.8", every_number_is_a_signal, .signal_handle = handle_any_number);

static int handle_the_inevitable(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    return error == -EINVAL && number == SIGKILL ? 0 : error;
}
MUTANT("R12.8", even_the_last_signal_is_handled, .signal_handle = handle_the_inevitable);

static int restore_the_inevitable(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    return number == SIGKILL && handler == MIOU_SIGNAL_DEFAULT && error == -EINVAL ? 0 : error;
}
MUTANT("R12.8", the_last_signal_is_restored, .signal_handle = restore_the_inevitable);

static int handle_and_restore_another(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    if (error == -EINVAL)
        true_miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL);
    return error;
}
MUTANT("R12.8", a_refusal_drops_another_handler, .signal_handle = handle_and_restore_another);

static int handle_no_real_time(int number, miou_signal_handler *handler, void *arg)
{
    return number >= SIGRTMIN && number <= SIGRTMAX && true_miou_domain_self() >= 0
               ? -EINVAL
               : true_miou_signal_handle(number, handler, arg);
}
MUTANT("R12.8", real_time_signals_are_refused, .signal_handle = handle_no_real_time);

/* The run does not know of its handlers. */
MUTANT("R12.9", handlers_are_no_hope, .signal_handle = handle_lazily);

static void do_nothing(int number, void *arg)
{
    (void)number;
    (void)arg;
}

static int ignore_by_handling(int number, miou_signal_handler *handler, void *arg)
{
    return true_miou_signal_handle(number, handler == MIOU_SIGNAL_IGNORE ? do_nothing : handler,
                                   arg);
}
MUTANT("R12.9", ignoring_is_handling, .signal_handle = ignore_by_handling);

static int restore_by_handling(int number, miou_signal_handler *handler, void *arg)
{
    return true_miou_signal_handle(number, handler == MIOU_SIGNAL_DEFAULT ? do_nothing : handler,
                                   arg);
}
MUTANT("R12.9", restoring_is_handling, .signal_handle = restore_by_handling);

static int handle_in_every_run(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    return error == -EBUSY ? 0 : error;
}
MUTANT("R12.10", signals_belong_to_all_runs, .signal_handle = handle_in_every_run);

static int ignore_for_all_runs(int number, miou_signal_handler *handler, void *arg)
{
    if (handler != MIOU_SIGNAL_IGNORE || true_miou_signal_handle(number, handler, arg) < 0)
        return true_miou_signal_handle(number, handler, arg);
    true_miou_signal_handle(number, MIOU_SIGNAL_DEFAULT, NULL);
    signal(number, SIG_IGN);
    return 0;
}
MUTANT("R12.10", ignored_signals_belong_to_no_run, .signal_handle = ignore_for_all_runs);

static int handle_forever(int number, miou_signal_handler *handler, void *arg)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_t owners[SIGNALS];
    static bool owned[SIGNALS];
    bool busy;

    if (!is_signal(number) || true_miou_domain_self() != 0)
        return true_miou_signal_handle(number, handler, arg);
    pthread_mutex_lock(&lock);
    busy = owned[number] && !pthread_equal(owners[number], pthread_self());
    owned[number] = true;
    owners[number] = busy ? owners[number] : pthread_self();
    pthread_mutex_unlock(&lock);
    return busy ? -EBUSY : true_miou_signal_handle(number, handler, arg);
}
MUTANT("R12.10", signals_are_never_given_back, .signal_handle = handle_forever);

/* What a run ignores when it ends is no other's. */
static int handle_unless_ignored(int number, miou_signal_handler *handler, void *arg)
{
    static atomic_bool ignored[SIGNALS];
    int error = true_miou_signal_handle(number, handler, arg);

    if (!is_signal(number) || error < 0)
        return error;
    if (handler == MIOU_SIGNAL_IGNORE)
        ignored[number] = true;
    else if (handler == MIOU_SIGNAL_DEFAULT)
        ignored[number] = false;
    else if (ignored[number])
        return -EBUSY;
    return error;
}
MUTANT("R12.10", ignored_signals_are_never_given_back, .signal_handle = handle_unless_ignored);

/* Only a signal that was given back by hand is another run's. */
static atomic_bool kept[SIGNALS];

static int handle_what_was_given_back(int number, miou_signal_handler *handler, void *arg)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_t owners[SIGNALS];
    int error;

    if (!is_signal(number) || true_miou_domain_self() != 0)
        return true_miou_signal_handle(number, handler, arg);
    pthread_mutex_lock(&lock);
    error = kept[number] && !pthread_equal(owners[number], pthread_self())
                ? -EBUSY
                : true_miou_signal_handle(number, handler, arg);
    if (error == 0) {
        kept[number] = handler != MIOU_SIGNAL_DEFAULT;
        owners[number] = pthread_self();
    }
    pthread_mutex_unlock(&lock);
    return error;
}
MUTANT("R12.10", signals_outlive_their_run, .signal_handle = handle_what_was_given_back);

static int handle_outside(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    if (error == MIOU_NOT_RUNNING && handler == MIOU_SIGNAL_IGNORE)
        sigaction(number, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    return error;
}
MUTANT("R12.11", outside_a_run_signals_are_ignored, .signal_handle = handle_outside);

static int handle_in_finaliser(int number, miou_signal_handler *handler, void *arg)
{
    int error = true_miou_signal_handle(number, handler, arg);

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R12.11", finalisers_handle_signals, .signal_handle = handle_in_finaliser);

/* ---- R12.12, R12.13 */

static void call_without_thought(int number, void *arg)
{
    (void)arg;
    call_handler(number);
}

/* Signals that come late are ignored. */
static int ignore_late_signals(struct task *self, int value)
{
    int number;

    for (number = 1; number < SIGNALS && !self->parent; number++)
        if (actions[number].handler != NULL)
            signal(number, SIG_IGN);
    return value;
}

static int handle_in_time(int number, miou_signal_handler *handler, void *arg)
{
    return handle_by(call_without_thought, number, handler, arg);
}
MUTANT_AT_END("R12.12", ignore_late_signals, .signal_handle = handle_in_time);

/* Those for which the program has no handler are ignored. */
static struct sigaction before_the_run;

static int ignore_late_signals_by_default(struct task *self, int value)
{
    if (!self->parent && before_the_run.sa_handler == SIG_DFL && actions[SIGTERM].handler)
        signal(SIGTERM, SIG_IGN);
    return value;
}

static int handle_and_note_before(int number, miou_signal_handler *handler, void *arg)
{
    if (number == SIGTERM && actions[SIGTERM].handler == NULL)
        sigaction(SIGTERM, NULL, &before_the_run);
    return handle_in_time(number, handler, arg);
}
MUTANT_AT_END("R12.12", ignore_late_signals_by_default, .signal_handle = handle_and_note_before);

static void call_and_waste(int number, void *arg)
{
    (void)arg;
    saboteur_waste();
    call_handler(number);
}
HANDLER_MUTANT("R12.13", handled_signals_take_memory, call_and_waste);
