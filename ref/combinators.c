/* combinators.c: calls about several children at once, about promises, and miou_protect. */
#include "runtime.h"

#include <errno.h>

/* ---- children listed by their promises ---- */

/* The calling task, if all promises are its children's and it may wait for them; otherwise NULL and
 * the error. */
static struct task *find_all(int *error, miou_promise *const *promises, size_t count)
{
    struct task *self = task_active(error), *child;

    if (self == NULL)
        return NULL;
    *error = promises == NULL && count > 0 ? -EINVAL : 0;
    for (size_t i = 0; *error == 0 && i < count; i++)
        *error = child_find(self, &child, promises[i]);
    return *error == 0 ? self : NULL;
}

/* The child of a promise that find_all has checked. */
static struct task *listed(const struct task *self, const miou_promise *promise)
{
    return object_get(self->domain, POOL_TASKS, promise);
}

static void watch(const struct task *self, miou_promise *const *promises, size_t count, bool on)
{
    for (size_t i = 0; i < count; i++)
        listed(self, promises[i])->watched = on;
}

/* ---- waiting for all of them: the task becomes ready when the last one has ended, not before */

/* One of all the children that the task waits for. */
static void miss(struct task *self, struct task *child)
{
    self->missing += !child_is_quiet(child) && !child->watched;
    child->watched = true;
}

/* Wait for the missing children. A patient wait knows no deadlines. */
static int await_missing(struct task *self, bool patiently)
{
    int error = 0;

    while (error == 0 && self->missing > 0)
        error = (patiently ? task_wait_patiently : task_wait)(self, MIOU_WAIT_CHILDREN, self);
    if (self->missing == 0 && error == MIOU_EXPIRED)
        error = 0;
    self->missing = 0;
    return error;
}

static int await_listed(struct task *self, miou_promise *const *promises, size_t count,
                        bool patiently)
{
    int error;

    for (size_t i = 0; i < count; i++)
        miss(self, listed(self, promises[i]));
    error = await_missing(self, patiently);
    watch(self, promises, count, false);
    return error;
}

int miou_await_all(int *outcomes, miou_promise *const *promises, size_t count)
{
    int error;
    struct task *self = find_all(&error, promises, count);

    if (self == NULL)
        return error;
    if ((error = await_listed(self, promises, count, false)) < 0)
        return error;
    for (size_t i = 0; i < count; i++) {
        struct task *child = listed(self, promises[i]);

        child_settle(child);
        if (outcomes != NULL)
            outcomes[i] = child_outcome(child);
    }
    return 0;
}

/* Whether a child has ended: if failed, with an error, otherwise with a value. */
static bool has_ended(const struct task *child, bool failed)
{
    return child_is_quiet(child) && (child_outcome(child) < 0) == failed;
}

/* Choose among the listed children that have failed, or that have finished. Returns false if there
 * is none. */
static bool choose_ended(const struct task *self, size_t *place, miou_promise *const *promises,
                         size_t count, bool failed)
{
    size_t ended = 0, i;

    for (i = 0; i < count; i++)
        ended += has_ended(listed(self, promises[i]), failed);
    if (ended == 0)
        return false;
    ended = run_choose(self->domain->run, ended);
    for (i = 0; !has_ended(listed(self, promises[i]), failed) || ended-- > 0; i++)
        ;
    for (*place = 0; promises[*place] != promises[i]; ++*place) /* in case it is listed twice */
        ;
    return true;
}

/* Choose among the listed children that have ended; those that have finished come first. */
static bool choose_any(const struct task *self, size_t *place, miou_promise *const *promises,
                       size_t count)
{
    return choose_ended(self, place, promises, count, false) ||
           choose_ended(self, place, promises, count, true);
}

/* Wait until one of the listed children has ended, and choose it. */
static int await_any(struct task *self, size_t *place, miou_promise *const *promises, size_t count)
{
    int error;

    if (choose_any(self, place, promises, count))
        return 0;
    watch(self, promises, count, true);
    error = task_wait(self, MIOU_WAIT_CHILDREN, self);
    watch(self, promises, count, false);
    return error != MIOU_CANCELLED && choose_any(self, place, promises, count) ? 0 : error;
}

/* Cancel the listed children except one, and wait until they have ended. */
static int cancel_others(struct task *self, const struct task *one, miou_promise *const *promises,
                         size_t count)
{
    int error;

    for (size_t i = 0; i < count; i++)
        if (listed(self, promises[i]) != one)
            child_cancel(listed(self, promises[i]));
    error = await_listed(self, promises, count, true);
    for (size_t i = 0; error == 0 && i < count; i++)
        child_settle(listed(self, promises[i]));
    return error;
}

/* What miou_await_one and miou_await_first share. */
static int await_some(size_t *which, int *outcome, miou_promise *const *promises, size_t count,
                      bool cancel)
{
    int error;
    struct task *self = find_all(&error, promises, count), *child;
    size_t place;

    if (self == NULL)
        return error;
    if (count == 0)
        return -EINVAL;
    if ((error = await_any(self, &place, promises, count)) < 0)
        return error;
    child = listed(self, promises[place]);
    if (cancel && (error = cancel_others(self, child, promises, count)) < 0)
        return error;
    child_settle(child);
    if (which != NULL)
        *which = place;
    if (outcome != NULL)
        *outcome = child_outcome(child);
    return 0;
}

int miou_await_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    return await_some(which, outcome, promises, count, false);
}

int miou_await_first(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    return await_some(which, outcome, promises, count, true);
}

/* ---- children spawned together ---- */

/* Spawn one child for each argument, on all workers in turn. Returns how many were spawned. */
static size_t fork_all(struct task *self, miou_task *fn, void *const *args, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct domain *domain = next_worker(self->domain, 0);
        struct task *child = task_new(self->domain, domain, self, fn, args[i]);

        if (child == NULL)
            break;
        child_adopt(self, NULL, child);
        child_start(child);
    }
    return i;
}

/* Wait for the newest count children. The caller has no promises of theirs. */
static int await_newest(struct task *self, size_t count, bool patiently)
{
    struct link *link = self->children.first;
    size_t i;
    int error;

    for (i = 0; i < count; i++, link = link->next)
        miss(self, CONTAINER(link, struct task, sibling));
    error = await_missing(self, patiently);
    for (link = self->children.first, i = 0; i < count; i++, link = link->next)
        CONTAINER(link, struct task, sibling)->watched = false;
    return error;
}

/* Free the newest count children, and tell how they ended. */
static void join_newest(struct task *self, int *outcomes, size_t count)
{
    while (count-- > 0) {
        struct task *child = CONTAINER(self->children.first, struct task, sibling);

        child_settle(child);
        if (outcomes != NULL)
            outcomes[count] = child_outcome(child);
        child_remove(child);
    }
}

static void cancel_newest(struct task *self, size_t count)
{
    for (struct link *link = self->children.first; count-- > 0; link = link->next)
        child_cancel(CONTAINER(link, struct task, sibling));
}

int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error;
    struct task *self = task_active(&error);
    size_t spawned;

    if (self == NULL)
        return error;
    if (fn == NULL || (args == NULL && count > 0))
        return -EINVAL;
    if (count > 0 && workers_for(self->domain) == 0)
        return MIOU_NO_DOMAIN_AVAILABLE;
    spawned = fork_all(self, fn, args, count);
    error = spawned == count ? await_newest(self, spawned, false) : -ENOMEM;
    if (error == MIOU_CANCELLED)
        return error;
    if (error < 0) {
        cancel_newest(self, spawned);
        if (await_newest(self, spawned, true) < 0)
            return MIOU_CANCELLED;
    }
    join_newest(self, error == 0 ? outcomes : NULL, spawned);
    return error;
}

/* ---- promises ---- */

/* The calling task's child that the promise stands for; NULL and the error if there is none. */
static struct task *find_mine(int *error, const miou_promise *promise)
{
    struct task *self = task_current(error), *child;

    if (self == NULL || (*error = child_find(self, &child, promise)) < 0)
        return NULL;
    return child;
}

int miou_promise_state(miou_promise *promise)
{
    int error;
    const struct task *child = find_mine(&error, promise);

    if (child == NULL)
        return error;
    if (!child_is_quiet(child))
        return MIOU_STATE_RUNNING;
    return child_outcome(child) < 0 ? MIOU_STATE_FAILED : MIOU_STATE_FINISHED;
}

int miou_promise_id(uint64_t *id, miou_promise *promise)
{
    int error;
    const struct task *child = find_mine(&error, promise);

    if (child == NULL)
        return error;
    if (id == NULL)
        return -EINVAL;
    *id = task_id(child);
    return 0;
}

/* ---- protect ---- */

static int call_on_cancellation(struct domain *domain, int (*on_cancellation)(void *arg), void *arg)
{
    int error;

    domain->no_suspend = true;
    error = on_cancellation(arg);
    domain->no_suspend = false;
    return error;
}

int miou_protect(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                 int (*on_cancellation)(void *arg))
{
    int error, result;
    struct task *self = task_active(&error);

    if (self == NULL)
        return error;
    if (fn == NULL || finally == NULL)
        return -EINVAL;
    result = fn(arg);
    error = finally(arg, self->cancelled);
    if (self->cancelled && on_cancellation != NULL &&
        call_on_cancellation(self->domain, on_cancellation, arg) < 0)
        run_abort(self->domain->run, MIOU_ON_CANCELLATION_FAILED);
    return error < 0 ? error : result;
}
