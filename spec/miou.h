/* miou.h: structured concurrency in C, after Miou.
 *
 * A run is a tree of tasks. Every task is awaited or cancelled by its parent, every resource has an
 * owner and a finaliser, and dom0, the domain of the thread that called miou_run, takes no task
 * from another domain. The rules in brackets, [R2.1], are the numbered rules of the chapters beside
 * this file. miou_sync.h has mutexes and their kin, miou_unix.h descriptors and time.
 *
 * Every call returns a negative code on error: -errno for an error of the system or of an argument,
 * or one of the codes below. What a call hands out is written through its first arguments, and only
 * on success. Objects are opaque. A NULL, foreign or stale object is an error of the call that is
 * given it, never undefined. */
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
        -10006, /* the calling task was cancelled [R2.14]; as an outcome: the task was */
    MIOU_IN_FINALISER = -10007, /* not allowed while a finaliser runs [R5.18] */
    MIOU_NOT_RUNNING = -10008,  /* called from outside a run [R1.4] */
    MIOU_NO_MONITOR = -10009,   /* would wait for the system in a run without the monitor that can
                                   [R6.18, R11.10] */
    MIOU_DEADLOCK = -10010,     /* ends a run: every task waits for another [R13.1] */
    MIOU_UNDEFINED = -10011,    /* the lazy value is being computed by the caller itself [R9.19] */
    MIOU_END_OF_FILE = -10012,  /* the stream ended before all was read [R6.35] */
    MIOU_ON_CANCELLATION_FAILED = -10013, /* ends a run: see miou_protect [R8.16] */
    MIOU_LAST = -10999
};

/* The text of an error, as returned by any call or outcome: of a code above its name in words, of
 * -errno the system's text, of anything else "unknown error". Never NULL; static. [R1.15] */
const char *miou_strerror(int error);

/* A task. Returns >= 0: it finished, with that value; < 0: it failed, with that error. */
typedef int miou_task(void *arg);

/* ---- Running ---- */

typedef struct miou_monitor miou_monitor;
typedef struct miou_syscall miou_syscall;

/* Answers a question of the runtime: returns a number below count, which is 2 or more. */
typedef size_t miou_choose(void *state, size_t count);

/* What a task waits for, when none can go on. */
enum miou_wait {
    MIOU_WAIT_CHILDREN, /* for a child, one of several, or, at its end, all */
    MIOU_WAIT_MUTEX,
    MIOU_WAIT_CONDITION,
    MIOU_WAIT_LAZY,
    MIOU_WAIT_TRIGGER,
    MIOU_WAIT_COMPUTATION
};

typedef struct miou_waiting {
    uint64_t task; /* as from miou_promise_id; main's is handed out nowhere else */
    int domain;    /* the task's */
    enum miou_wait what;
    uint64_t on;      /* the one child, the mutex's holder or the task that computes the lazy
                         value; 0: no task in particular */
    const char *text; /* the same in words, a line without its end; valid until the call ends */
} miou_waiting;

/* Told of one task after the other when a run ends with MIOU_DEADLOCK. May call nothing of this
 * interface but miou_strerror. */
typedef void miou_deadlock(void *state, const miou_waiting *waiting);

typedef struct miou_options {
    /* Domains beside dom0, each a thread [R4.17]; 0: none, so that miou_call finds none [R4.5]. */
    int domains;
    /* Bytes of stack that a task can rely on [R1.11]; 0: 64 KiB. More end the process [R1.12]. */
    size_t stack_size;
    /* miou_run only: how the domains wait for the system [R11.1]; NULL: not at all. */
    const miou_monitor *monitor;
    /* Drives the run [R13.5]: no threads are made, all domains take turns on the calling one, and
     * wherever the rules leave a pick open choose(choose_state, how many) makes it [R13.10]: which
     * domain goes on, before each call of a task; which worker miou_call takes; which child
     * miou_await_one, miou_await_first, miou_care, miou_orphans_take and miou_orphans_get take;
     * whether time passes. The same answers make the same run [R13.6]; to answer 0 always is fair
     * to all domains [R13.8]. Time is virtual: it passes when nothing else can go on, or, up to a
     * second at a time, when chosen [R13.9]. The system is waited for as ever [R13.11]. An answer
     * out of range ends the run with -EINVAL [R13.7]. */
    miou_choose *choose;
    void *choose_state;
    /* Told who waits for what when the run ends with MIOU_DEADLOCK [R13.4]; NULL: a line a task
     * goes to standard error. */
    miou_deadlock *deadlock;
    void *deadlock_state;
} miou_options;

/* Run fn(arg) as the main task, on dom0, in the calling thread, until it and the tasks below it
 * have ended. options may be NULL, which is the same as all zero. There is no monitor but the one
 * of the options: see miou_unix_run. Runs may follow one another [R1.3], and go on in several
 * threads at once [R1.18].
 * Returns what main returned, >= 0 or its error [R1.1, R1.2, R2.18]; or MIOU_STILL_HAS_CHILDREN,
 * MIOU_RESOURCE_LEAKED or MIOU_ON_CANCELLATION_FAILED when a task, any task, broke that rule [R2.3,
 * R2.17, R5.4, R8.16]; or MIOU_DEADLOCK when no task can go on and none waits for the system
 * [R13.1, R13.2, R13.3]; or what the monitor failed with [R11.12].
 * Errors, when nothing ran [R1.20]: -EINVAL (fn is NULL, domains is negative [R1.6], the monitor
 * lacks a function [R11.2]), -EBUSY (called by a task [R1.5]), -ENOMEM, -EAGAIN (no thread),
 * -EMFILE, what the monitor's create failed with [R11.11].
 * When it returns nothing is left: every finaliser has run, threads are joined, memory and
 * descriptors are given back [R1.16]. While nothing can run it uses no processor [R1.17]. */
int miou_run(const miou_options *options, miou_task *fn, void *arg);

/* Let the other tasks of this domain run, those that wait longest first [R1.8, R1.9]. Between two
 * calls that suspend, no other task of the domain runs [R1.10].
 * Errors: MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_yield(void);

/* ---- Children ---- */

/* A promise stands for a child. It belongs to the task that spawned the child and lives until that
 * task ends, or until miou_promise_free. */
typedef struct miou_promise miou_promise;
typedef struct miou_orphans miou_orphans;
typedef struct miou_resource miou_resource;

/* How to spawn; NULL or all zero: a plain child. */
typedef struct miou_spawn {
    /* The caller's orphanage that keeps the promise [R3.7]; NULL: none. */
    miou_orphans *orphans;
    /* give_count resources of the caller, which the child owns from its start [R5.11, R5.12]. */
    miou_resource *const *give;
    size_t give_count;
    /* miou_call only: the domain to run on [R4.7]; NULL: any that may. */
    const int *pin;
} miou_spawn;

/* The two members for resources given one by one: &(miou_spawn){.orphans = o, MIOU_GIVE(r, s)} */
#define MIOU_GIVE(...)                                                                             \
    .give = (miou_resource *[]){__VA_ARGS__},                                                      \
    .give_count = sizeof(miou_resource *[]){__VA_ARGS__} / sizeof(miou_resource *)

/* Spawn fn(arg) as a child of the calling task, on its domain [R4.2]. It starts when the caller
 * next suspends or yields, not before [R1.7]; if there is no stack for it then, it fails with
 * -ENOMEM and has not begun [R1.14]. promise may be NULL only if an orphanage keeps the promise.
 * Errors: -EINVAL (fn is NULL, nobody keeps the promise, pin is given [R4.8], the orphanage is
 * stale or not the caller's [R3.7]), MIOU_NOT_OWNER (a resource to give is not the caller's, or is
 * listed twice [R5.13]), MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. On error
 * nothing was spawned and nothing given [R2.16]. */
int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* The same, on another domain: never on dom0, never on the caller's [R4.3, R4.4], and at the same
 * time as what runs here [R4.15]. A domain that sleeps is woken [R4.16].
 * Errors: those of miou_async, MIOU_NO_DOMAIN_AVAILABLE (no domain is left by those two [R4.5,
 * R4.6]), -EINVAL (pin is dom0, the caller's domain, or no domain of this run [R4.8]). */
int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* Spawn fn(args[0]) ... fn(args[count - 1]), spread evenly over the domains that miou_call may use
 * [R4.10, R4.12], and await them all. outcomes[i] is how fn(args[i]) ended, as from miou_await
 * [R4.9]; outcomes may be NULL. count may be 0, which needs no domain [R4.11].
 * Errors: -EINVAL (fn is NULL; args is NULL and count is not 0 [R4.20]), MIOU_NO_DOMAIN_AVAILABLE,
 * MIOU_CANCELLED (the calling task was cancelled, and with it what was spawned [R4.21]),
 * MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count);

/* Wait until a child has ended, its own children with it [R2.9]; others run meanwhile [R2.21].
 * Returns 0 and writes to *outcome, which may be NULL, how it ended: the value it returned, the
 * error it failed with [R2.4], or MIOU_CANCELLED. Awaiting again gives the same [R2.5]. What the
 * child wrote to memory is seen here, from whatever domain [R4.22].
 * Errors: MIOU_NOT_A_CHILD (the promise is another task's [R2.6]), -EINVAL (NULL or given back
 * [R2.11]), MIOU_CANCELLED (the calling task is cancelled), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_await(miou_promise *promise, int *outcome);

/* Cancel a child and all below it, on whatever domain [R4.18], and wait until they have ended and
 * their finalisers have run [R2.9, R5.7]. Its outcome is MIOU_CANCELLED from then on, also if it
 * had ended before [R2.13]. Cancelling again does nothing [R2.12].
 * In a cancelled task every call that can suspend or spawn returns MIOU_CANCELLED, at once and for
 * good [R2.14]; those of ownership still work [R5.28], and the task goes on until it returns. A
 * task that fails cancels its children so [R2.8].
 * Errors: those of miou_await; MIOU_NOT_A_CHILD [R2.7]. */
int miou_cancel(miou_promise *promise);

/* Give back the promise of a child that was awaited or cancelled, which a task that lives for ever
 * must do [R2.15]: it takes memory no more [R2.20]. A promise that an orphanage keeps leaves it
 * [R3.14].
 * Errors: -EBUSY (neither awaited nor cancelled yet), MIOU_NOT_A_CHILD, -EINVAL, MIOU_NOT_RUNNING.
 */
int miou_promise_free(miou_promise *promise);

/* Wait for all the children that count promises stand for [R8.1], also if some fail [R8.2].
 * outcomes[i] is how promises[i]'s child ended, as from miou_await; outcomes may be NULL. The same
 * promise may be listed twice [R8.9]; count may be 0 [R8.8].
 * Errors: -EINVAL (promises is NULL and count is not 0, one is NULL or given back),
 * MIOU_NOT_A_CHILD (one is another task's [R8.10]), MIOU_CANCELLED (the calling task was; none is
 * awaited then [R8.11]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_await_all(int *outcomes, miou_promise *const *promises, size_t count);

/* Wait until one of the children has ended [R8.3]: it counts as awaited, the others do not and go
 * on [R8.4]. Of several that have ended one with a value is taken before one that failed [R8.5].
 * *which, which may be NULL, is its place in promises (of a promise listed twice, the first
 * [R8.9]); *outcome, which may be NULL, how it ended.
 * Errors: those of miou_await_all; -EINVAL (count is 0 [R8.8]). */
int miou_await_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count);

/* The same, and cancel all the others; when it returns they have ended and their finalisers have
 * run [R8.6, R8.7]. If the calling task is cancelled meanwhile, none has been taken, and all are
 * cancelled with their parent [R8.11].
 * Errors: those of miou_await_one. */
int miou_await_first(size_t *which, int *outcome, miou_promise *const *promises, size_t count);

/* What miou_promise_state can say. */
enum miou_state {
    MIOU_STATE_RUNNING = 0,  /* has not ended, as far as its parent knows */
    MIOU_STATE_FINISHED = 1, /* ended with a value */
    MIOU_STATE_FAILED = 2    /* ended with an error, or was cancelled */
};

/* How it stands with a child; for information: it may have changed when this returns [R8.12]. Never
 * suspends.
 * Returns a miou_state. Errors: -EINVAL, MIOU_NOT_A_CHILD, MIOU_NOT_RUNNING. */
int miou_promise_state(miou_promise *promise);

/* Write the child's number to *id: never 0, and no other task's of the run [R8.13].
 * Errors: -EINVAL (NULL, given back), MIOU_NOT_A_CHILD, MIOU_NOT_RUNNING. */
int miou_promise_id(uint64_t *id, miou_promise *promise);

/* Run fn(arg) in the calling task, then finally(arg, cancelled), whatever fn returned; cancelled is
 * 1 if the task is cancelled by then, else 0 [R8.14]. finally may call what any task may; like any
 * cancelled task it is refused if the task is. After it, in a cancelled task, on_cancellation(arg),
 * which may be NULL and must neither suspend nor spawn nor change ownership: such calls return
 * MIOU_IN_FINALISER there [R8.15]. If it returns an error the run ends with
 * MIOU_ON_CANCELLATION_FAILED [R8.16].
 * Returns the error of finally if that failed, else what fn returned. Errors, when fn was not
 * called: -EINVAL (fn or finally is NULL), MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_protect(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                 int (*on_cancellation)(void *arg));

/* ---- Orphans ---- */

/* Make an orphanage, which keeps the promises of children that its maker does not want to keep one
 * by one. They are its children like others: forgotten if they are left in it [R3.6], cancelled if
 * it fails [R3.11]. It belongs to the calling task and lives until that task ends, or until
 * miou_orphans_free. A task may have several [R3.16].
 * Errors: -EINVAL (NULL), MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_orphans_create(miou_orphans **orphans);

/* What miou_care can say. */
enum miou_care_result {
    MIOU_CARE_EMPTY = 0,   /* no child is left in the orphanage */
    MIOU_CARE_RUNNING = 1, /* those in it still run */
    MIOU_CARE_ENDED = 2    /* *promise is a child that has ended; it has left the orphanage */
};

/* Take a child that has ended out of the orphanage, if there is one [R3.1, R3.2, R3.3]; never
 * suspends [R3.9]. The caller must then await or cancel it as any other child [R3.5]. Each child
 * is handed out once [R3.4], also one that was awaited or cancelled before [R3.8].
 * Returns a miou_care_result, or an error: -EINVAL (an argument is NULL [R3.15], the orphanage is
 * stale or not the caller's [R3.7]), MIOU_CANCELLED, MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_care(miou_promise **promise, miou_orphans *orphans);

/* Take any child out of the orphanage, whether it has ended or not [R3.17]; never suspends. The
 * caller must then await or cancel it as any other child [R3.18].
 * Returns 1, or 0 if the orphanage is empty; errors: those of miou_care. */
int miou_orphans_take(miou_promise **promise, miou_orphans *orphans);

/* Wait until a child of the orphanage has ended [R3.20], take it out, write how it ended to
 * *outcome, which may be NULL, and give its promise back, which is stale from then on [R3.19].
 * Returns 1, or 0 if the orphanage is empty; errors: -EINVAL (the orphanage is NULL, stale or not
 * the caller's [R3.22]), MIOU_CANCELLED [R3.23], MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_orphans_get(int *outcome, miou_orphans *orphans);

/* How many children are in the orphanage, ended or not [R3.21]; INT_MAX if there are more. Errors:
 * -EINVAL (NULL, stale, not the caller's [R3.22]), MIOU_NOT_RUNNING. */
int miou_orphans_length(miou_orphans *orphans);

/* Give back an empty orphanage.
 * Errors: -EBUSY (a child is in it [R3.13]), -EINVAL (NULL, stale, not the caller's),
 * MIOU_NOT_RUNNING. */
int miou_orphans_free(miou_orphans *orphans);

/* ---- Domains ---- */

/* The calling task's domain: 0 is dom0 [R4.1]. Error: MIOU_NOT_RUNNING. */
int miou_domain_self(void);

/* How many domains there are beside dom0 [R4.13]. Error: MIOU_NOT_RUNNING. */
int miou_domain_available(void);

/* Write the first size of the domains beside dom0 to ids, which may be NULL if size is 0; returns
 * how many there are, as miou_domain_available [R4.14]. Errors: -EINVAL (ids is NULL and size is
 * not 0), MIOU_NOT_RUNNING. */
int miou_domain_all(int *ids, size_t size);

/* ---- Ownership ---- */

/* A resource is the proof that a task has something to itself. Once owned it ends exactly once:
 * disowned (its owner has dealt with it), released or finalised; then it is no more, takes no
 * memory [R5.29], and no call accepts it [R5.10]. */

/* Called with the resource's value [R5.26], at most once, on its owner's domain [R5.19], when the
 * owner releases it or ends without having dealt with it: the newest first [R5.6], after the
 * owner's children have ended [R5.25]. May not suspend, spawn or change ownership: such calls
 * return MIOU_IN_FINALISER [R5.18]. */
typedef void miou_finaliser(void *value);

/* Make a resource that nobody owns yet. One that is never owned is never finalised [R5.21]; its
 * memory goes with the run. value may be NULL. Errors: -EINVAL (resource or finaliser is NULL
 * [R5.23]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_resource_create(miou_resource **resource, miou_finaliser *finaliser, void *value);

/* Make the calling task the owner [R5.1]. Its children own nothing by that [R5.24].
 * Errors: -EINVAL (NULL, ended [R5.10], or the caller owns it already [R5.3]), MIOU_NOT_OWNER
 * (another task does [R5.3], or was as quick [R5.27]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_own(miou_resource *resource);

/* Returns 0 if the calling task owns the resource.
 * Errors: MIOU_NOT_OWNER (it does not, or the resource has ended [R5.2]), -EINVAL (NULL),
 * MIOU_NOT_RUNNING. */
int miou_check(miou_resource *resource);

/* Say that the resource has been dealt with; the finaliser is not called [R5.8].
 * Errors: those of miou_check, MIOU_IN_FINALISER. */
int miou_disown(miou_resource *resource);

/* Call the finaliser, then disown [R5.9]. Errors: those of miou_disown. */
int miou_release(miou_resource *resource);

/* Give the resource to the parent, which owns it once its await or cancel of this task has
 * returned, or earlier, and whatever becomes of this task [R5.16]; the calling task owns it no
 * more [R5.14].
 * Errors: those of miou_disown, -EINVAL (called by main, which has no parent [R5.15]). */
int miou_transfer(miou_resource *resource);

/* ---- Signals of the system ---- */

typedef void miou_signal_handler(int number, void *arg);

/* What a signal did before there was a run to handle it, and nothing. */
#define MIOU_SIGNAL_DEFAULT ((miou_signal_handler *)0)
#define MIOU_SIGNAL_IGNORE  ((miou_signal_handler *)1)

/* Settle what happens when the process gets signal number: handler(number, arg) runs as a task of
 * its own on dom0, whichever thread got the signal [R12.1], and may do what tasks may [R12.6]; dom0
 * is woken for it [R12.3]. Of several signals of one number that come before its handler has begun
 * one may stand for all, but no number is lost [R12.2]. The handler's task is nobody's child: it is
 * cancelled if it still runs when main has returned [R12.7]. While there is a handler the run is
 * not in deadlock, for a signal may come [R12.9]. With the run's end everything is as before
 * [R12.5]. MIOU_SIGNAL_DEFAULT and MIOU_SIGNAL_IGNORE [R12.4]; arg is not used then. Errors:
 * -EINVAL (no such signal, or one that cannot be handled [R12.8]), -EBUSY (another run has a
 * handler for it [R12.10]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER [R12.11]. */
int miou_signal_handle(int number, miou_signal_handler *handler, void *arg);

/* ---- Monitors ----
 *
 * A run knows nothing of the system. A task that must wait for it makes a suspension point and
 * suspends on it; the domain's monitor, which knows what it waits for, signals the point. That is
 * enough to build time from [R11.13]. */

/* How the domains of a run wait for the system; every function but cancelled must be there. state
 * is what create has made for the domain. */
struct miou_monitor {
    /* Called for each domain before any task runs, on the thread of miou_run; returns 0, or an
     * error that keeps the run from beginning: then those made before are finalised [R11.11]. */
    int (*create)(void **state, int domain, void *arg);
    /* Signal the points whose waiting is over; if block is 1, sleep until there is one or until
     * interrupted. Called by the domain between tasks, so that it may call miou_signal only. With
     * block 0 after each quantum of a domain on which points are suspended; with block 1 only when
     * no task of the domain can run [R11.3]. Returns 0, or an error that ends the run [R11.12]. */
    int (*select)(void *state, int block);
    /* Make a select that blocks return, or the next one if none does. Called by any thread, and by
     * the system's signal handlers [R11.4]. */
    void (*interrupt)(void *state);
    /* The task that is suspended on the point has been cancelled: forget the point, which is stale
     * when this returns [R11.5]. Called by the domain. May be NULL. */
    void (*cancelled)(void *state, miou_syscall *syscall);
    /* Called once for each state that was made, when no task is left, on the thread of miou_run
     * [R11.9]. */
    void (*finalise)(void *state);
    void *arg; /* for create */
};

/* Make a suspension point. It belongs to the calling task; once, by any way, suspending on it has
 * ended, it is stale [R11.8]. Errors: -EINVAL (NULL), MIOU_NOT_RUNNING, MIOU_IN_FINALISER [R11.18],
 * -ENOMEM. */
int miou_syscall_create(miou_syscall **syscall);

/* Suspend the calling task until the point is signalled [R11.1]. suspended(arg), if not NULL, is
 * called once when the task counts as suspended, and not at all when it never does: there tell the
 * monitor what is waited for [R11.6]. It may call nothing that suspends.
 * Errors: -EINVAL (NULL, stale, or another task's point [R11.8]), MIOU_CANCELLED, MIOU_NO_MONITOR
 * [R11.10], MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_suspend(miou_syscall *syscall, void (*suspended)(void *arg), void *arg);

/* End a suspension: called on the domain of the task that is suspended, by its monitor's select or
 * by a task. Errors: -EINVAL (NULL, stale, nobody is suspended on it, another domain's [R11.7]),
 * MIOU_NOT_RUNNING. */
int miou_signal(miou_syscall *syscall);

/* The state of the calling domain's monitor; NULL if the run has none. */
void *miou_monitor_state(void);

/* ---- Hooks ---- */

typedef struct miou_hook miou_hook;

/* Have fn(arg) called on the calling domain each time that a task of it suspends or yields
 * [R11.14], until it is removed or returns an error, which removes it [R11.15]; it ends with the
 * run. It is called between tasks: every call of this interface returns MIOU_NOT_RUNNING there
 * [R11.17]. Errors: -EINVAL (NULL), MIOU_NOT_RUNNING, MIOU_IN_FINALISER, -ENOMEM. */
int miou_hook_add(miou_hook **hook, int (*fn)(void *arg), void *arg);

/* Errors: -EINVAL (NULL, stale, another domain's [R11.16]), MIOU_NOT_RUNNING, MIOU_IN_FINALISER. */
int miou_hook_remove(miou_hook *hook);

#ifdef __cplusplus
}
#endif
#endif
