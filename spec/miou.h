/* miou.h: structured concurrency in C, after Miou.
 *
 * A run is a tree of tasks. Every task is awaited or cancelled by its parent, and every resource
 * has an owner and a finaliser. Dom0, the domain of the thread that called miou_run, takes no task
 * from another domain. [R2.1] and the like are the numbered rules of the chapters beside this file.
 * miou_sync.h has mutexes and other objects that tasks share; miou_unix.h has descriptors and time;
 * miou_server.h has what authors of servers need beside these.
 *
 * On error every call returns a negative code: -errno for an error of the system or of an argument,
 * or one of the codes below. What a call hands out is written through its first arguments, and only
 * on success. Objects are opaque. A NULL, foreign or stale object is an error of the call that is
 * given it, never undefined. What is passed by pointer, and is no object, is used only during the
 * call, unless the comment says otherwise; arg is handed on as it is.
 *
 * A call checks for errors in this order:
 * 1. outside a run it returns MIOU_NOT_RUNNING [R1.4];
 * 2. where suspending is forbidden, that is, in a finaliser, in on_cancellation, in the action of a
 *    trigger and in suspended of miou_suspend, the calls that are refused there return
 *    MIOU_IN_FINALISER [R5.18, R8.15, R9.34, R11.6];
 * 3. in a cancelled task all calls that can suspend or spawn, miou_care, miou_orphans_take,
 *    miou_orphans_get, and those that R6.27 and R9.32 name return MIOU_CANCELLED, whatever their
 *    arguments [R2.14];
 * 4. then come the errors of arguments and of state. If several apply, any one of them is returned,
 *    unless a rule says which.
 *
 * A runtime may leave out parts of the interface, which the overview lists, each as a whole: it
 * does not have their functions, or these only return -ENOSYS, and so does a run with one of their
 * options. */
#ifndef MIOU_H
#define MIOU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Codes outside the range of errno. An application that wants codes of its own takes them below
 * MIOU_LAST. */
enum miou_error {
    MIOU_STILL_HAS_CHILDREN =
        -10001,                    /* ends a run: a task ended and had forgotten a child [R2.1] */
    MIOU_RESOURCE_LEAKED = -10002, /* ends a run: a task ended and still owned a resource [R5.4] */
    MIOU_NOT_A_CHILD = -10003,     /* the promise belongs to another task [R2.6] */
    MIOU_NOT_OWNER = -10004,       /* the resource does not belong to the calling task [R5.2] */
    MIOU_NO_DOMAIN_AVAILABLE = -10005, /* no domain may take the task [R4.5] */
    MIOU_CANCELLED =
        -10006, /* the calling task has been cancelled [R2.14]; as an outcome: the task was */
    MIOU_IN_FINALISER = -10007, /* not allowed while a finaliser runs [R5.18] */
    MIOU_NOT_RUNNING = -10008,  /* called outside a run [R1.4] */
    MIOU_NO_MONITOR = -10009,   /* would have to wait for the system, in a run without the monitor
                                   for that [R6.18, R11.10] */
    MIOU_DEADLOCK = -10010,     /* ends a run: every task waits for another [R13.1] */
    MIOU_UNDEFINED = -10011,    /* the caller itself is computing the lazy value [R9.19] */
    MIOU_END_OF_FILE = -10012,  /* the stream ended before all bytes were read [R6.35] */
    MIOU_ON_CANCELLATION_FAILED = -10013, /* ends a run: see miou_protect [R8.16] */
    MIOU_LAST = -10999
};

/* Returns the text of an error that a call returned or that is an outcome: for a code above its
 * name in words, for -errno the system's text, for 0 "success", for anything else "unknown error".
 * The text is never NULL and never changes. May be called anywhere. [R1.15] */
const char *miou_strerror(int error);

/* The function of a task. If it returns a value >= 0, the task has finished with that value; if it
 * returns a value < 0, the task has failed with that error. */
typedef int miou_task(void *arg);

/* ---- Running ---- */

typedef struct miou_monitor miou_monitor;
typedef struct miou_syscall miou_syscall;

/* Makes a choice for the runtime: returns a number below count. count is 2 or more. */
typedef size_t miou_choose(void *state, size_t count);

/* Told which domains can have the next turn of a steered run: the one that answer I of choose
 * stands for is domains[I], or MIOU_NO_DOMAIN if that answer lets time pass, or has the run wait
 * for the system. count is 1 or more; the array is valid during the call. */
enum { MIOU_NO_DOMAIN = -1 };
typedef void miou_turn(void *state, const int *domains, size_t count);

/* What a task waits for when no task can go on. */
enum miou_wait {
    MIOU_WAIT_CHILDREN, /* a child, one of several children, or, at its end, all of them */
    MIOU_WAIT_MUTEX,
    MIOU_WAIT_CONDITION,
    MIOU_WAIT_LAZY,
    MIOU_WAIT_TRIGGER,
    MIOU_WAIT_COMPUTATION
};

typedef struct miou_waiting {
    uint64_t task; /* its number, as from miou_promise_id; main's number is given nowhere else */
    int domain;    /* the task's domain */
    enum miou_wait what;
    uint64_t on; /* the number of the child, of the mutex's holder, or of the task that computes
                    the lazy value; 0: of no task in particular [R13.4] */
    const char *text; /* the same in words, one line without its end; valid during the call */
} miou_waiting;

/* Called once for each waiting task when a run ends with MIOU_DEADLOCK. Calls of this interface,
 * except miou_strerror, are refused there as outside a run, and miou_run and miou_unix_run return
 * -EBUSY [R13.4]. waiting is valid during the call. */
typedef void miou_deadlock(void *state, const miou_waiting *waiting);

/* A call of the system that tells which descriptors are ready. */
enum miou_poller {
    MIOU_POLLER_ANY = 0, /* as the runtime likes */
    MIOU_POLLER_SELECT = 1,
    MIOU_POLLER_EPOLL = 2
};

/* The options of a run. They, and what they point to, stay valid until the run has returned. */
typedef struct miou_options {
    /* How many domains there are beside dom0, each of which should be one thread [R4.17]. 0: none,
     * so that miou_call finds no domain [R4.5]. */
    int domains;
    /* Bytes of stack that a task can rely on [R1.11]; 0: 64 KiB. Using more ends the process, even
     * by a single function whose frame takes up to 128 KiB [R1.12]. */
    size_t stack_size;
    /* miou_run only: how the domains wait for the system [R11.1]. NULL: they do not. A runtime that
     * declines monitors returns -ENOSYS. */
    const miou_monitor *monitor;
    /* miou_unix_run only: a miou_poller, how the domains ask the system which descriptors are ready
     * [R6.47]. 0: as the runtime likes. */
    int poller;
    /* NULL: the runtime makes its own choices. Otherwise the run is steered [R13.5]: no threads are
     * made, and all domains take turns on the calling thread. Wherever the rules leave a pick open,
     * choose(choose_state, count) makes it out of count [R13.10]: which domain goes on, before each
     * call of a task; which worker domain miou_call takes; which child miou_await_one,
     * miou_await_first, miou_care, miou_orphans_take and miou_orphans_get take; whether time
     * passes. The same answers make the same run [R13.6]. Answering 0 always is fair to all domains
     * [R13.8]. Time is virtual: it passes when nothing else can go on or, up to a second at a time,
     * when that is chosen [R13.9]. The run waits for the system as any other [R13.11]. An answer
     * out of range ends the run with -EINVAL [R13.7]. A runtime that declines driven choices
     * returns -ENOSYS. */
    miou_choose *choose;
    void *choose_state;
    /* Called with choose_state before each turn of a steered run, and before choose is asked whose
     * turn it is [R13.12]; a turn ends where the next one begins. NULL: nobody is told. */
    miou_turn *turn;
    /* Told which task waits for what when the run ends with MIOU_DEADLOCK [R13.4]. NULL: one line
     * per task goes to standard error. */
    miou_deadlock *deadlock;
    void *deadlock_state;
} miou_options;

/* Run fn(arg) as the main task, on dom0, in the calling thread, until main and all tasks below it
 * have ended. options may be NULL, which is the same as all zero. The run has no monitor except
 * that of the options; see miou_unix_run. Runs may follow one another [R1.3], and may go on in
 * several threads at once [R1.18].
 *
 * Returns what main returned, a value >= 0 or its error [R1.1, R1.2, R2.18]. Or it returns
 * MIOU_STILL_HAS_CHILDREN, MIOU_RESOURCE_LEAKED or MIOU_ON_CANCELLATION_FAILED if any task broke
 * that rule [R2.3, R2.17, R5.4, R8.16]; MIOU_DEADLOCK if no task can go on and none waits for the
 * system [R13.1, R13.2, R13.3]; -EINVAL if an answer of choose was out of range [R13.7]; or the
 * error of a monitor's select [R11.12].
 * Errors, when nothing has run [R1.20]: -EINVAL (fn is NULL, domains is negative [R1.6], the
 * monitor lacks a function [R11.2]), -ENOSYS (the runtime declines an option), -EBUSY (called by a
 * task or by anything else that a run calls, such as a finaliser, a hook or a function of a monitor
 * [R1.5]), -ENOMEM, -EAGAIN (no thread), -EMFILE, or the error of the monitor's create [R11.11].
 *
 * These functions of the caller's are called in the calling thread: main, create and finalise of
 * the monitor [R1.1, R11.9, R11.11], and, in a steered run, all tasks [R13.5]. Otherwise tasks,
 * finalisers, hooks, and select and cancelled of the monitor are called by their domain, one at a
 * time, on the thread that runs the domain then [R5.19, R11.3, R11.14]; handlers of signals are
 * tasks of dom0 [R12.1]. interrupt is called by any thread, and in signal handlers of the system
 * [R11.4]. deadlock is called by any one thread of the run, one call after another, while no task
 * of the run runs [R13.4].
 *
 * Ready tasks of a domain go on in the order in which they became ready [R1.21]. Floating-point
 * numbers work in every task as in the calling thread [R1.22]. While no task can run, the run uses
 * no processor [R1.17]. When miou_run returns nothing is left of the run: every finaliser has run,
 * threads are joined, memory and descriptors are given back [R1.16]. */
int miou_run(const miou_options *options, miou_task *fn, void *arg);

/* Let the other ready tasks of this domain run, in the order in which they became ready [R1.8,
 * R1.9, R1.21]. Between two calls that can suspend, no other task of the domain runs [R1.10].
 * Returns 0.
 * Errors: MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_yield(void);

/* ---- Children ---- */

/* A promise stands for a child. It belongs to the task that spawned the child, and lives until that
 * task ends or until miou_promise_free. */
typedef struct miou_promise miou_promise;
typedef struct miou_orphans miou_orphans;
typedef struct miou_resource miou_resource;

/* How to spawn; NULL or all zero: a plain child. */
typedef struct miou_spawn {
    /* The caller's orphanage that keeps the promise [R3.7]; NULL: none. */
    miou_orphans *orphans;
    /* give_count resources of the caller, which the child owns from its start [R5.11, R5.12], as if
     * it had owned them one after the other: the one listed last is finalised first. */
    miou_resource *const *give;
    size_t give_count;
    /* miou_call only: the domain to run on [R4.7]; NULL: any that may take the child. */
    const int *pin;
} miou_spawn;

/* The two members for resources that are listed one by one:
 * &(miou_spawn){.orphans = o, MIOU_GIVE(r, s)}
 * The list lives as long as the block around it; in C++, until this thread comes to the same place
 * again, so spawn before anything suspends. */
#ifndef __cplusplus
#define MIOU_GIVE(...)                                                                             \
    .give = (miou_resource *[]){__VA_ARGS__},                                                      \
    .give_count = sizeof(miou_resource *[]){__VA_ARGS__} / sizeof(miou_resource *)
#else
extern "C++" {
template <class... Resources> char (&MIOU_AS_MANY(Resources...))[sizeof...(Resources)];

template <size_t size> struct miou_given {
    miou_resource *list[size];
};
}
#define MIOU_GIVE(...)                                                                             \
    .give = [](const miou_given<sizeof(MIOU_AS_MANY(__VA_ARGS__))> &given) {                       \
        static thread_local miou_given<sizeof(given.list) / sizeof *given.list> kept;              \
        kept = given;                                                                              \
        return kept.list;                                                                          \
    }({{__VA_ARGS__}}),                                                                            \
    .give_count = sizeof(MIOU_AS_MANY(__VA_ARGS__))
#endif

/* Spawn fn(arg) as a child of the calling task, on its domain [R4.2]. The child starts when the
 * caller next suspends or yields, not before [R1.7], and takes its turn among the ready tasks
 * [R1.21]. If there is no stack for it then, it fails with -ENOMEM and has not begun [R1.14].
 * *promise, the child's, belongs to the calling task; promise may be NULL only if an orphanage
 * keeps the promise.
 * Errors: -EINVAL (fn is NULL, nothing keeps the promise, pin is given [R4.8], the orphanage is
 * stale or not the caller's [R3.7]), MIOU_NOT_OWNER (a resource to give is not the caller's, or is
 * listed twice [R5.13]), MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. On error
 * nothing was spawned and nothing was given [R2.16]. */
int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* Spawn a child as miou_async does, but on another domain: never on dom0 and never on the caller's
 * [R4.3, R4.4]. The child runs at the same time as the tasks here [R4.15]; a domain that sleeps is
 * woken for it [R4.16].
 * Errors: those of miou_async; MIOU_NO_DOMAIN_AVAILABLE (these two leave no domain, as in a run whose
 * options ask for none beside dom0 [R4.5, R4.6]);
 * -EINVAL (pin is dom0, the caller's domain, or not a domain of this run [R4.8]). */
int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* Call fn for each of count arguments, in parallel: fn(args[0]) ... fn(args[count - 1]) are
 * spawned, spread evenly over the domains that miou_call may use [R4.10, R4.12], and awaited.
 * outcomes has room for count values and may be NULL; outcomes[i] is how fn(args[i]) ended, as from
 * miou_await [R4.9]. count may be 0, which needs no domain [R4.11]. Returns 0.
 * Errors: -EINVAL (fn is NULL; args is NULL and count is not 0 [R4.20]), MIOU_NO_DOMAIN_AVAILABLE,
 * MIOU_CANCELLED (the calling task was cancelled, and with it what was spawned [R4.21]),
 * MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count);

/* Wait until a child has ended, its own children included [R2.9]; other tasks run meanwhile
 * [R2.21]. Returns 0. *outcome, which may be NULL, is how the child ended: the value it returned,
 * the error it failed with [R2.4], or MIOU_CANCELLED. Awaiting it again gives the same [R2.5]. What
 * the child wrote to memory, on whatever domain, is seen after the call [R4.22].
 * Errors: MIOU_NOT_A_CHILD (the promise is another task's [R2.6]), -EINVAL (NULL or given back
 * [R2.11]), MIOU_CANCELLED (the calling task is cancelled), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_await(miou_promise *promise, int *outcome);

/* Cancel a child and all tasks below it, on whatever domain [R4.18], and wait until they have ended
 * and their finalisers have run [R2.9, R5.7]. Returns 0. The child's outcome is MIOU_CANCELLED from
 * then on, also if it had ended before [R2.13]. Cancelling it again does nothing [R2.12].
 * In a cancelled task every call that can suspend or spawn returns MIOU_CANCELLED, at once, for
 * good and whatever its arguments [R2.14]. The calls of ownership still work [R5.28]. The task goes
 * on until its function returns. A task that fails cancels its children in the same way [R2.8].
 * Errors: those of miou_await; MIOU_NOT_A_CHILD [R2.7]. */
int miou_cancel(miou_promise *promise);

/* Give back the promise of a child that was awaited or cancelled [R2.15], so that it takes no
 * memory [R2.20]; a task that lives for ever must do this. The promise is stale afterwards. If an
 * orphanage keeps it, it leaves the orphanage [R3.14]. Returns 0.
 * Errors: -EBUSY (the child has been neither awaited nor cancelled), MIOU_NOT_A_CHILD, -EINVAL,
 * MIOU_NOT_RUNNING. */
int miou_promise_free(miou_promise *promise);

/* Wait for all the children that count promises stand for [R8.1], also if some fail [R8.2].
 * outcomes has room for count values and may be NULL; outcomes[i] is how the child of promises[i]
 * ended, as from miou_await. A promise may be listed twice [R8.9]. count may be 0 [R8.8]. Returns
 * 0.
 * Errors: -EINVAL (promises is NULL and count is not 0, a promise is NULL or given back),
 * MIOU_NOT_A_CHILD (a promise is another task's [R8.10]), MIOU_CANCELLED (the calling task was
 * cancelled; no child counts as awaited then [R8.11]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_await_all(int *outcomes, miou_promise *const *promises, size_t count);

/* Wait until one of the children has ended [R8.3]. This child counts as awaited; the others do not,
 * and go on [R8.4]. If several have ended, one that ended with a value is taken before one that
 * failed [R8.5]. *which, which may be NULL, is its place in promises (the first place of a promise
 * that is listed twice [R8.9]); *outcome, which may be NULL, is how it ended. Returns 0.
 * Errors: those of miou_await_all; -EINVAL (count is 0 [R8.8]). */
int miou_await_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count);

/* Wait as miou_await_one does until one of the children has ended, and cancel all the others: when
 * the call returns they have ended and their finalisers have run [R8.6, R8.7]. If the calling task
 * is cancelled meanwhile, no child has been taken, and all are cancelled with their parent [R8.11].
 * Errors: those of miou_await_one. */
int miou_await_first(size_t *which, int *outcome, miou_promise *const *promises, size_t count);

/* What miou_promise_state returns. */
enum miou_state {
    MIOU_STATE_RUNNING = 0,  /* has not ended, as far as its parent knows */
    MIOU_STATE_FINISHED = 1, /* ended with a value */
    MIOU_STATE_FAILED = 2    /* ended with an error, or was cancelled */
};

/* Returns the state of a child, a miou_state, for information: it may have changed when the call
 * returns [R8.12]. A child that has broken a rule that ends the run never becomes
 * MIOU_STATE_FINISHED. Never suspends.
 * Errors: -EINVAL (NULL, given back), MIOU_NOT_A_CHILD, MIOU_NOT_RUNNING. */
int miou_promise_state(miou_promise *promise);

/* Write the child's number to *id. It is never 0, and no other task of the run has it [R8.13].
 * Returns 0.
 * Errors: -EINVAL (NULL, given back), MIOU_NOT_A_CHILD, MIOU_NOT_RUNNING. */
int miou_promise_id(uint64_t *id, miou_promise *promise);

/* Run fn(arg) in the calling task, then finally(arg, cancelled), whatever fn returned; cancelled is
 * 1 if the task has been cancelled by then, else 0 [R8.14]. finally may call what any task may; if
 * the task is cancelled its calls are refused as in any cancelled task. After it, in a cancelled
 * task, on_cancellation(arg) is called, which may be NULL. It must neither suspend nor spawn nor
 * change ownership: such calls return MIOU_IN_FINALISER there [R8.15]. If it returns an error, the
 * run ends with MIOU_ON_CANCELLATION_FAILED [R8.16]. Returns the error of finally if that failed,
 * else what fn returned.
 * Errors, when fn was not called: -EINVAL (fn or finally is NULL), MIOU_CANCELLED,
 * MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_protect(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                 int (*on_cancellation)(void *arg));

/* ---- Orphans ---- */

/* Make an orphanage, which keeps the promises of children that its maker does not want to keep one
 * by one. They are its maker's children like others: forgotten if they are left in the orphanage
 * [R3.6], cancelled if the maker fails [R3.11]. The orphanage belongs to the calling task, and
 * lives until that task ends or until miou_orphans_free. A task may have several [R3.16]. Returns
 * 0.
 * Errors: -EINVAL (NULL), MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_orphans_create(miou_orphans **orphans);

/* What miou_care returns. */
enum miou_care_result {
    MIOU_CARE_EMPTY = 0,   /* no child is left in the orphanage */
    MIOU_CARE_RUNNING = 1, /* the children in it still run */
    MIOU_CARE_ENDED = 2    /* *promise is a child that has ended; it has left the orphanage */
};

/* Take a child that has ended out of the orphanage, if there is one [R3.1, R3.2, R3.3]; never
 * suspends [R3.9]. The caller must then await or cancel it like any other child [R3.5]. Each child
 * is handed out once [R3.4], also one that was awaited or cancelled before [R3.8]. Returns a
 * miou_care_result.
 * Errors: -EINVAL (an argument is NULL [R3.15], the orphanage is stale or not the caller's [R3.7]),
 * MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_care(miou_promise **promise, miou_orphans *orphans);

/* Take any child out of the orphanage, whether it has ended or not [R3.17]; never suspends. The
 * caller must then await or cancel it like any other child [R3.18]. Returns 1, or 0 if the
 * orphanage is empty.
 * Errors: those of miou_care. */
int miou_orphans_take(miou_promise **promise, miou_orphans *orphans);

/* Wait until a child of the orphanage has ended [R3.20] and take it out. *outcome, which may be
 * NULL, is how it ended. Its promise is given back, and is stale from then on [R3.19]. Returns 1,
 * or 0 if the orphanage is empty.
 * Errors: -EINVAL (the orphanage is NULL, stale or not the caller's [R3.22]), MIOU_CANCELLED
 * [R3.23], MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_orphans_get(int *outcome, miou_orphans *orphans);

/* Returns how many children are in the orphanage, ended or not [R3.21]; INT_MAX if there are more.
 * Errors: -EINVAL (NULL, stale, not the caller's [R3.22]), MIOU_NOT_RUNNING. */
int miou_orphans_length(miou_orphans *orphans);

/* Give back an empty orphanage, which is stale afterwards. Returns 0.
 * Errors: -EBUSY (a child is in it [R3.13]), -EINVAL (NULL, stale, not the caller's),
 * MIOU_NOT_RUNNING. */
int miou_orphans_free(miou_orphans *orphans);

/* ---- Domains ---- */

/* Returns the calling task's domain; 0 is dom0 [R4.1]. Error: MIOU_NOT_RUNNING. */
int miou_domain_self(void);

/* Returns how many domains there are beside dom0 [R4.13]. Error: MIOU_NOT_RUNNING. */
int miou_domain_available(void);

/* Write the numbers of the domains beside dom0 to ids, size of them at most. ids has room for size
 * numbers, and may be NULL if size is 0. Returns how many domains there are, as
 * miou_domain_available does [R4.14].
 * Errors: -EINVAL (ids is NULL and size is not 0), MIOU_NOT_RUNNING. */
int miou_domain_all(int *ids, size_t size);

/* ---- Ownership ---- */

/* A resource is the proof that a task has something to itself. Once it is owned it ends exactly
 * once: it is disowned (its owner has dealt with it), released or finalised. After that it takes no
 * memory [R5.29], and no call accepts it [R5.10]. */

/* Called with the resource's value [R5.26], at most once, on its owner's domain [R5.19], when the
 * owner releases it or ends without having dealt with it. At a task's end its newest resource is
 * finalised first [R5.6], after its children have ended [R5.25]. The function may not suspend,
 * spawn or change ownership: such calls return MIOU_IN_FINALISER [R5.18]. */
typedef void miou_finaliser(void *value);

/* Make a resource that no task owns yet. One that is never owned is never finalised [R5.21]; its
 * memory is given back with the run. value may be NULL; it is handed to finaliser as it is. Returns
 * 0.
 * Errors: -EINVAL (resource or finaliser is NULL [R5.23]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER,
 * -ENOMEM. */
int miou_resource_create(miou_resource **resource, miou_finaliser *finaliser, void *value);

/* Make the calling task the owner [R5.1]. This gives nothing to its children [R5.24]. Returns 0.
 * Errors: -EINVAL (NULL, ended [R5.10], or the caller owns it already [R5.3]), MIOU_NOT_OWNER
 * (another task owns it or is to own it [R5.3], or was quicker [R5.27]), MIOU_NOT_RUNNING,
 * MIOU_IN_FINALISER. */
int miou_own(miou_resource *resource);

/* Returns 0 if the calling task owns the resource.
 * Errors: MIOU_NOT_OWNER (it does not, or the resource has ended [R5.2]), -EINVAL (NULL),
 * MIOU_NOT_RUNNING. */
int miou_check(miou_resource *resource);

/* Say that the resource has been dealt with; its finaliser is not called [R5.8]. Returns 0.
 * Errors: those of miou_check, MIOU_IN_FINALISER. */
int miou_disown(miou_resource *resource);

/* Call the finaliser, then disown [R5.9]. Returns 0.
 * Errors: those of miou_disown. */
int miou_release(miou_resource *resource);

/* Give the resource to the parent, which owns it when its await or cancel of this task has returned
 * at the latest, whatever becomes of this task [R5.16]. The calling task no longer owns it [R5.14].
 * Returns 0.
 * Errors: those of miou_disown, -EINVAL (called by main or by the handler of a signal, which have
 * no parent [R5.15]). */
int miou_transfer(miou_resource *resource);

/* ---- Signals of the system ---- */

typedef void miou_signal_handler(int number, void *arg);

/* Instead of a handler: do what was done before the run had set anything; do nothing. */
#define MIOU_SIGNAL_DEFAULT ((miou_signal_handler *)0)
#define MIOU_SIGNAL_IGNORE  ((miou_signal_handler *)1)

/* Set what happens when the process gets the system's signal number. A handler is called
 * as handler(number, arg), in a task of its own on dom0, whichever thread got the signal
 * [R12.1]. It may do what tasks may [R12.6], and dom0 is woken for it [R12.3]. If several signals
 * of one number come before its handler has begun, one call may stand for all, but no number is
 * lost [R12.2]; one that comes when main has returned, and begins no handler, does what it did before
 * the run [R12.12]. The handler's task is no task's child; it is cancelled if it still runs when main
 * has returned [R12.7]. While a handler is set, the run is never deadlocked [R12.9]. For
 * MIOU_SIGNAL_DEFAULT and MIOU_SIGNAL_IGNORE see [R12.4]; arg is not used then. With the run's end
 * everything is as it was before [R12.5]. Returns 0.
 * Errors: -EINVAL (no such signal, or one that cannot be handled [R12.8]), -EBUSY (another run has
 * set a handler or MIOU_SIGNAL_IGNORE for it [R12.10]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER
 * [R12.11]. */
int miou_signal_handle(int number, miou_signal_handler *handler, void *arg);

/* ---- Monitors ----
 *
 * A run knows nothing of the system. A task that must wait for the system makes a suspension point
 * and suspends on it; the monitor of the domain, which knows what the task waits for, signals the
 * point. That is enough to build time from [R11.13]. */

/* How the domains of a run wait for the system. Every function except cancelled must be there
 * [R11.2]. state is what create has made for the domain. */
struct miou_monitor {
    /* Called once for each domain before any task runs, on the thread of miou_run. Writes the
     * domain's state to *state. Returns 0, or an error that keeps the run from beginning; then the
     * states made before are finalised [R11.11]. */
    int (*create)(void **state, int domain, void *arg);
    /* Signal the points whose waiting is over. If block is 1, first sleep until there is one or
     * until interrupted; block is 1 only when no task of the domain is ready. With block 0 it is
     * called again and again while tasks are suspended on points, however busy the domain is.
     * Called by the domain between tasks, never twice at once for one state [R11.3], so that of
     * this interface it may call miou_signal only. Returns 0, or an error that ends the run
     * [R11.12]. */
    int (*select)(void *state, int block);
    /* Make a select that blocks return, or the next one if none does. Called by any thread, and in
     * signal handlers of the system; of this interface it may call nothing [R11.4]. */
    void (*interrupt)(void *state);
    /* The task that is suspended on the point has been cancelled: forget the point, which is stale
     * [R11.5]. Called by the domain; of this interface it may call miou_strerror only. May be NULL.
     */
    void (*cancelled)(void *state, miou_syscall *syscall);
    /* Called once for each state that was made, when no task is left, on the thread of miou_run
     * [R11.9]. */
    void (*finalise)(void *state);
    void *arg; /* for create */
};

/* Make a suspension point. It belongs to the calling task. When a suspension on it has ended, in
 * whatever way, or its task has, it is stale [R11.8] and takes no memory [R11.20]. Returns 0.
 * Errors: -EINVAL (NULL), MIOU_NOT_RUNNING, MIOU_IN_FINALISER [R11.18], -ENOMEM. */
int miou_syscall_create(miou_syscall **syscall);

/* Suspend the calling task until the point is signalled [R11.1]. suspended(arg), if it is not NULL,
 * is called once, when the task counts as suspended, and not at all if it never does; it tells the
 * monitor what is waited for. No other task of the domain runs before it. Calls that suspend,
 * spawn, create or change ownership return MIOU_IN_FINALISER there [R11.6]. Returns 0. Errors:
 * -EINVAL (NULL, stale, or another task's point [R11.8]), MIOU_CANCELLED [R11.5], MIOU_NO_MONITOR
 * [R11.10], MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_suspend(miou_syscall *syscall, void (*suspended)(void *arg), void *arg);

/* End a suspension. Called on the domain of the suspended task, by its monitor's select or by a
 * task. Returns 0.
 * Errors: -EINVAL (the point is NULL, stale, as it is when its task has been cancelled, or another
 * domain's, or no task is suspended on it [R11.7]), MIOU_NOT_RUNNING. */
int miou_signal(miou_syscall *syscall);

/* Returns the state of the calling domain's monitor; NULL if the run has none, and outside a run
 * [R11.18]. What it is in a run of miou_unix_run is the runtime's affair [R11.10]. */
void *miou_monitor_state(void);

/* ---- Hooks ---- */

typedef struct miou_hook miou_hook;

/* Have fn(arg) called on the calling domain each time that a task of it suspends or yields, and
 * perhaps when one has returned [R11.14], until the hook is removed, returns an error, which
 * removes it, or the run ends [R11.15]. It is called between tasks: every call of this interface
 * returns MIOU_NOT_RUNNING there, and miou_run and miou_unix_run return -EBUSY [R11.17]. Returns 0.
 * Errors: -EINVAL (NULL [R11.16]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER [R11.19], -ENOMEM. */
int miou_hook_add(miou_hook **hook, int (*fn)(void *arg), void *arg);

/* Remove a hook of the calling domain: it is not called again [R11.15]. Returns 0.
 * Errors: -EINVAL (NULL, stale, another domain's [R11.16]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER
 * [R11.19]. */
int miou_hook_remove(miou_hook *hook);

#ifdef __cplusplus
}
#endif
#endif
