/* miou.h: structured concurrency in C, after Miou.
 *
 * A run is a tree of tasks. Every task is awaited or cancelled by its parent, every resource has an
 * owner and a finaliser, and dom0, the domain of the thread that called miou_run, takes no task
 * from another domain. The rules in brackets, [R2.1], are the numbered rules of the chapters beside
 * this file.
 *
 * Every call returns a negative code on error: -errno for an error of the system or of an argument,
 * or one of the codes below. What a call hands out is written through its first arguments, and only
 * on success. Objects are opaque. A NULL, foreign or stale object is an error of the call that is
 * given it, never undefined. */
#ifndef MIOU_H
#define MIOU_H

#include <stddef.h>

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
    MIOU_NO_MONITOR = -10009,   /* would wait for the system in a run without a monitor [R6.18] */
    MIOU_LAST = -10999
};

/* The text of an error, as returned by any call or outcome: of a code above its name in words, of
 * -errno the system's text, of anything else "unknown error". Never NULL; static. [R1.15] */
const char *miou_strerror(int error);

/* A task. Returns >= 0: it finished, with that value; < 0: it failed, with that error. */
typedef int miou_task(void *arg);

/* ---- Running ---- */

typedef struct miou_options {
    /* Domains beside dom0, each a thread [R4.17]; 0: none, so that miou_call finds none [R4.5]. */
    int domains;
    /* Bytes of stack that a task can rely on [R1.11]; 0: 64 KiB. More end the process [R1.12]. */
    size_t stack_size;
} miou_options;

/* Run fn(arg) as the main task, on dom0, in the calling thread, until it and the tasks below it
 * have ended. options may be NULL, which is the same as all zero. There is no monitor: see
 * miou_unix_run. Runs may follow one another [R1.3], and go on in several threads at once [R1.18].
 * Returns what main returned, >= 0 or its error [R1.1, R1.2, R2.18]; or MIOU_STILL_HAS_CHILDREN or
 * MIOU_RESOURCE_LEAKED when a task, any task, broke that rule [R2.3, R2.17, R5.4].
 * Errors, when nothing ran [R1.20]: -EINVAL (fn is NULL, domains is negative [R1.6]), -EBUSY
 * (called by a task [R1.5]), -ENOMEM, -EAGAIN (no thread), -EMFILE.
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
 * disowned (its owner has dealt with it), released or finalised; then it is no more, and no
 * call accepts it [R5.10]. */

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

#ifdef __cplusplus
}
#endif
#endif
