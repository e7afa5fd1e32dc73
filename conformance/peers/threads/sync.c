/* sync.c: mutexes, conditions, lazy values, triggers and computations. All of them are changed with
 * the run's lock held, which also makes what one task wrote before seen by the other [R9.31]. A
 * task that waits is in the queue of the object; whoever cancels it takes it out. */
#include "peer.h"

#define WAITER(node)  ENTRY(node, struct task, queue)
#define TRIGGER_OF(n) ENTRY(n, struct trigger, link)
#define DUE(node)     ENTRY(node, struct trigger, due)

struct mutex {
    uint64_t holder; /* the number of a task, which may have ended; 0: nobody */
    struct list queue;
};

struct condition {
    struct list queue;
};

struct lazy {
    miou_task *fn;
    void *arg;
    bool known;
    int value;
    struct task *computing; /* also one that has been chosen to and has not gone on yet */
    uint64_t computer;      /* its number */
    struct list queue;
};

struct trigger {
    void *handle;
    bool signalled;
    struct list queue; /* the task that awaits it */
    void (*action)(miou_trigger *trigger, void *arg);
    void *arg;
    bool canceller;
    void *from, *into;               /* handles */
    struct computation *computation; /* that it is attached to */
    struct list link;                /* in its triggers */
    struct list due;                 /* in the list of those whose actions are to be called */
};

struct computation {
    bool complete;
    int outcome;
    unsigned completing; /* triggers that its completion has yet to signal, plus 1 */
    struct list queue, triggers;
};

/* ---- What they have in common ---- */

enum { BY_NOTHING = 0, BY_SIGNAL, BY_ALL }; /* task.woken */

/* Make an object of size bytes that begins with nothing but zeros. */
static int make(void **handle, void **object, enum kind kind, size_t size)
{
    if (!handle)
        return -EINVAL;
    if (!(*object = calloc(1, size)))
        return -ENOMEM;
    if (!(*handle = table_add(self.run, kind, *object))) {
        free(*object);
        return -ENOMEM;
    }
    return 0;
}

static void wake_first(struct list *queue)
{
    if (!list_empty(queue))
        make_ready(WAITER(queue->next));
}

/* R1.21: "and in any order if it gives none". The object may be gone when they go on, so they get
 * the value that they wait for now. */
static void wake_all(struct list *queue, int value)
{
    while (!list_empty(queue)) {
        struct task *task = WAITER(self.run->freedoms.newest ? queue->prev : queue->next);

        task->value = value;
        task->woken = BY_ALL;
        make_ready(task);
    }
}

static int free_object(void *handle, void *object, bool in_use)
{
    if (in_use)
        return leave(-EBUSY);
    table_remove(self.run, handle);
    free(object);
    return leave(0);
}

/* ---- Mutexes ---- */

PUBLIC int miou_mutex_create(miou_mutex **handle)
{
    struct mutex *mutex;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if ((error = make((void **)handle, (void **)&mutex, MUTEX, sizeof *mutex)) == 0)
        list_init(&mutex->queue);
    return leave(error);
}

PUBLIC int miou_mutex_free(miou_mutex *handle)
{
    struct mutex *mutex;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(mutex = table_get(self.run, handle, MUTEX)))
        return leave(-EINVAL);
    return free_object(handle, mutex, mutex->holder != 0);
}

/* Hand it to the first task that waits [R9.2]. */
static void mutex_unlock(struct mutex *mutex)
{
    mutex->holder = list_empty(&mutex->queue) ? 0 : WAITER(mutex->queue.next)->id;
    wake_first(&mutex->queue);
}

/* A task that has waited for something before goes on in its turn [R1.21]. */
static int mutex_lock(struct mutex *mutex, bool has_waited)
{
    struct task *task = self.task;

    if (mutex->holder == task->id)
        return -EDEADLK;
    if (!mutex->holder) {
        mutex->holder = task->id;
        if (!has_waited)
            may_yield(task);
    } else {
        wait_for(task, MIOU_WAIT_MUTEX, &mutex->holder, &mutex->queue);
    }
    if (!task->cancelled)
        return 0;
    if (mutex->holder == task->id)
        mutex_unlock(mutex); /* this task has got it meanwhile [R9.7] */
    return MIOU_CANCELLED;
}

PUBLIC int miou_mutex_lock(miou_mutex *handle)
{
    struct mutex *mutex;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    mutex = table_get(self.run, handle, MUTEX);
    return leave(mutex ? mutex_lock(mutex, false) : -EINVAL);
}

PUBLIC int miou_mutex_try_lock(miou_mutex *handle)
{
    struct mutex *mutex;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!(mutex = table_get(self.run, handle, MUTEX)))
        return leave(-EINVAL);
    if (mutex->holder)
        return leave(-EBUSY);
    mutex->holder = self.task->id;
    return leave(0);
}

static int mutex_unlock_own(const void *handle)
{
    struct mutex *mutex = table_get(self.run, handle, MUTEX);

    if (!mutex)
        return -EINVAL;
    if (mutex->holder != self.task->id)
        return -EPERM;
    mutex_unlock(mutex);
    return 0;
}

PUBLIC int miou_mutex_unlock(miou_mutex *handle)
{
    int error = enter(PLAIN);

    return error < 0 ? error : leave(mutex_unlock_own(handle));
}

PUBLIC int miou_mutex_protect(miou_mutex *handle, miou_task *fn, void *arg)
{
    struct mutex *mutex;
    int result, error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    mutex = table_get(self.run, handle, MUTEX);
    if ((error = leave(mutex && fn ? mutex_lock(mutex, false) : -EINVAL)) < 0)
        return error;
    result = fn(arg);
    miou_mutex_unlock(handle);
    return result;
}

/* ---- Conditions ---- */

PUBLIC int miou_condition_create(miou_condition **handle)
{
    struct condition *condition;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if ((error = make((void **)handle, (void **)&condition, CONDITION, sizeof *condition)) == 0)
        list_init(&condition->queue);
    return leave(error);
}

PUBLIC int miou_condition_free(miou_condition *handle)
{
    struct condition *condition;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(condition = table_get(self.run, handle, CONDITION)))
        return leave(-EINVAL);
    return free_object(handle, condition, !list_empty(&condition->queue));
}

static void condition_signal(struct condition *condition)
{
    if (list_empty(&condition->queue))
        return;
    WAITER(condition->queue.next)->woken = BY_SIGNAL;
    wake_first(&condition->queue);
}

PUBLIC int miou_condition_signal(miou_condition *handle)
{
    struct condition *condition;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(condition = table_get(self.run, handle, CONDITION)))
        return leave(-EINVAL);
    condition_signal(condition);
    return leave(0);
}

PUBLIC int miou_condition_broadcast(miou_condition *handle)
{
    struct condition *condition;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(condition = table_get(self.run, handle, CONDITION)))
        return leave(-EINVAL);
    wake_all(&condition->queue, 0);
    return leave(0);
}

/* Both objects may have been freed while the task waited. */
static int condition_wait(struct condition *condition, const void *handle, const void *mutex_handle)
{
    struct task *task = self.task;
    struct mutex *mutex = table_get(self.run, mutex_handle, MUTEX);
    int error = MIOU_CANCELLED;

    task->woken = BY_NOTHING;
    mutex_unlock(mutex);
    wait_for(task, MIOU_WAIT_CONDITION, NULL, &condition->queue);
    if (!task->cancelled) {
        mutex = table_get(self.run, mutex_handle, MUTEX);
        error = mutex ? mutex_lock(mutex, true) : -EINVAL;
    }
    if (error < 0 && task->woken == BY_SIGNAL &&
        (condition = table_get(self.run, handle, CONDITION)))
        condition_signal(condition); /* pass it on [R9.15] */
    return error;
}

/* Whatever the error is, the caller does not hold the mutex afterwards [R9.15]. */
PUBLIC int miou_condition_wait(miou_condition *handle, miou_mutex *mutex_handle)
{
    struct condition *condition;
    struct mutex *mutex;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    condition = table_get(self.run, handle, CONDITION);
    mutex = table_get(self.run, mutex_handle, MUTEX);
    error = self.place == IN_FORBID          ? MIOU_IN_FINALISER
            : self.task->cancelled           ? MIOU_CANCELLED
            : !condition || !mutex           ? -EINVAL
            : mutex->holder != self.task->id ? -EPERM
                                             : 0;
    if (error == 0)
        return leave(condition_wait(condition, handle, mutex_handle));
    mutex_unlock_own(mutex_handle);
    return leave(error);
}

/* ---- Lazy values ---- */

static int lazy_make(miou_lazy **handle, struct lazy from)
{
    struct lazy *lazy;
    int error = make((void **)handle, (void **)&lazy, LAZY, sizeof *lazy);

    if (error < 0)
        return error;
    *lazy = from;
    list_init(&lazy->queue);
    return 0;
}

PUBLIC int miou_lazy_create(miou_lazy **handle, miou_task *fn, void *arg)
{
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    return leave(fn ? lazy_make(handle, (struct lazy){.fn = fn, .arg = arg}) : -EINVAL);
}

PUBLIC int miou_lazy_from_value(miou_lazy **handle, int value)
{
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    return leave(lazy_make(handle, (struct lazy){.known = true, .value = value}));
}

PUBLIC int miou_lazy_free(miou_lazy *handle)
{
    struct lazy *lazy;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(lazy = table_get(self.run, handle, LAZY)))
        return leave(-EINVAL);
    return free_object(handle, lazy, lazy->computing || !list_empty(&lazy->queue));
}

/* Leave the value to one of the tasks that wait for it [R9.21]. */
static void lazy_choose(struct lazy *lazy)
{
    struct list *node = self.run->freedoms.newest ? lazy->queue.prev : lazy->queue.next;

    lazy->computing = NULL;
    if (list_empty(&lazy->queue))
        return;
    lazy->computing = WAITER(node);
    lazy->computer = lazy->computing->id;
    make_ready(lazy->computing);
}

static int lazy_compute(struct lazy *lazy, int *value)
{
    lazy->computing = self.task;
    lazy->computer = self.task->id;
    if (may_yield(self.task) == 0) { /* R9.17: others "may run between the call and the function" */
        unlock(self.run);
        *value = lazy->fn(lazy->arg);
        lock(self.run);
    }
    if (self.task->cancelled) {
        lazy_choose(lazy);
        return MIOU_CANCELLED;
    }
    lazy->known = true;
    lazy->value = *value;
    lazy->computing = NULL;
    wake_all(&lazy->queue, *value);
    return 0;
}

static int lazy_force(const void *handle, int *outcome)
{
    struct task *task = self.task;
    struct lazy *lazy = table_get(self.run, handle, LAZY);
    int value = 0, error = 0;

    if (!lazy)
        return -EINVAL;
    if (lazy->computing == task)
        return MIOU_UNDEFINED;
    task->woken = BY_NOTHING;
    if (lazy->computing)
        wait_for(task, MIOU_WAIT_LAZY, &lazy->computer, &lazy->queue);
    if (task->woken == BY_ALL) { /* it is known, and may have been freed */
        value = task->value;
    } else if (task->cancelled) {
        lazy = table_get(self.run, handle, LAZY);
        if (lazy && lazy->computing == task)
            lazy_choose(lazy); /* another one */
    } else if (lazy->known) {
        value = lazy->value;
        may_yield(task);
    } else {
        error = lazy_compute(lazy, &value);
    }
    if (task->cancelled)
        return MIOU_CANCELLED;
    if (error == 0 && outcome)
        *outcome = value;
    return error;
}

PUBLIC int miou_lazy_force(miou_lazy *handle, int *outcome)
{
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    return leave(lazy_force(handle, outcome));
}

/* ---- Triggers ---- */

static int trigger_make(miou_trigger **handle, struct trigger **trigger)
{
    int error = make((void **)handle, (void **)trigger, TRIGGER, sizeof **trigger);

    if (error < 0)
        return error;
    (*trigger)->handle = *handle;
    list_init(&(*trigger)->queue);
    list_init(&(*trigger)->link);
    list_init(&(*trigger)->due);
    return 0;
}

PUBLIC int miou_trigger_create(miou_trigger **handle)
{
    struct trigger *trigger;
    int error = enter(NOT_IN_FINALISER);

    return error < 0 ? error : leave(trigger_make(handle, &trigger));
}

static bool is_awaited(struct trigger *trigger)
{
    return !list_empty(&trigger->queue) || trigger->action || trigger->canceller;
}

PUBLIC int miou_trigger_free(miou_trigger *handle)
{
    struct trigger *trigger;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(trigger = table_get(self.run, handle, TRIGGER)))
        return leave(-EINVAL);
    if (!list_empty(&trigger->queue))
        return leave(-EBUSY);
    list_remove(&trigger->link);
    list_remove(&trigger->due);
    return free_object(handle, trigger, false);
}

PUBLIC int miou_trigger_state(miou_trigger *handle)
{
    struct trigger *trigger;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(trigger = table_get(self.run, handle, TRIGGER)))
        return leave(-EINVAL);
    return leave(trigger->signalled    ? MIOU_TRIGGER_SIGNALLED
                 : is_awaited(trigger) ? MIOU_TRIGGER_AWAITED
                                       : MIOU_TRIGGER_INITIAL);
}

PUBLIC int miou_trigger_await(miou_trigger *handle)
{
    struct trigger *trigger;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!(trigger = table_get(self.run, handle, TRIGGER)))
        return leave(-EINVAL);
    if (trigger->signalled)
        return leave(may_yield(self.task));
    if (is_awaited(trigger))
        return leave(-EBUSY);
    wait_for(self.task, MIOU_WAIT_TRIGGER, NULL, &trigger->queue);
    return leave(self.task->cancelled ? MIOU_CANCELLED : 0);
}

static void trigger_detach(struct trigger *trigger)
{
    trigger->computation = NULL;
    list_remove(&trigger->link);
}

/* The trigger is signalled from now on; what else that brings about is due. */
static void trigger_begin(struct trigger *trigger, struct list *todo)
{
    if (trigger->signalled)
        return;
    trigger->signalled = true;
    wake_first(&trigger->queue);
    list_append(todo, &trigger->due);
}

/* R9.27 gives no order in which the triggers are signalled. */
static void computation_settle(struct computation *computation, int outcome, struct list *todo)
{
    bool newest = self.run->freedoms.newest;

    computation->complete = true;
    computation->outcome = outcome;
    wake_all(&computation->queue, outcome);
    while (!list_empty(&computation->triggers)) {
        struct list *node = newest ? computation->triggers.prev : computation->triggers.next;

        trigger_detach(TRIGGER_OF(node));
        trigger_begin(TRIGGER_OF(node), todo);
    }
}

static void call_action(struct trigger *trigger)
{
    void (*action)(miou_trigger *, void *) = trigger->action;
    struct self former = change_place(IN_FORBID);
    void *handle = trigger->handle, *arg = trigger->arg;

    trigger->action = NULL;
    unlock(self.run);
    action(handle, arg); /* it may free the trigger */
    lock(self.run);
    self = former;
}

/* Chains of cancellers may be of any length [R9.28], so the list grows here instead of the stack.
 */
static void trigger_finish(struct list *todo)
{
    while (!list_empty(todo)) {
        struct trigger *trigger = DUE(todo->next);

        list_remove(&trigger->due);
        if (trigger->canceller) {
            struct computation *from = table_get(self.run, trigger->from, COMPUTATION);
            struct computation *into = table_get(self.run, trigger->into, COMPUTATION);

            if (from && into && from->complete && from->outcome < 0 && !into->complete)
                computation_settle(into, from->outcome, todo);
        } else if (trigger->action) {
            call_action(trigger);
        }
    }
}

PUBLIC int miou_trigger_signal(miou_trigger *handle)
{
    struct trigger *trigger;
    struct list todo;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(trigger = table_get(self.run, handle, TRIGGER)))
        return leave(-EINVAL);
    if (trigger->signalled)
        return leave(0);
    list_init(&todo);
    trigger_begin(trigger, &todo);
    trigger_finish(&todo);
    return leave(0);
}

PUBLIC int miou_trigger_on_signal(miou_trigger *handle,
                                  void (*fn)(miou_trigger *trigger, void *arg), void *arg)
{
    struct trigger *trigger;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(trigger = table_get(self.run, handle, TRIGGER)) || !fn)
        return leave(-EINVAL);
    if (trigger->signalled)
        return leave(-EALREADY);
    if (is_awaited(trigger))
        return leave(-EBUSY);
    trigger->action = fn;
    trigger->arg = arg;
    return leave(0);
}

/* ---- Computations ---- */

PUBLIC int miou_computation_create(miou_computation **handle)
{
    struct computation *computation;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    error = make((void **)handle, (void **)&computation, COMPUTATION, sizeof *computation);
    if (error == 0) {
        list_init(&computation->queue);
        list_init(&computation->triggers);
    }
    return leave(error);
}

PUBLIC int miou_computation_free(miou_computation *handle)
{
    struct computation *computation;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(computation = table_get(self.run, handle, COMPUTATION)))
        return leave(-EINVAL);
    if (!list_empty(&computation->queue) || computation->completing)
        return leave(-EBUSY);
    while (!list_empty(&computation->triggers))
        trigger_detach(TRIGGER_OF(computation->triggers.next));
    return free_object(handle, computation, false);
}

PUBLIC int miou_computation_complete(miou_computation *handle, int outcome)
{
    struct computation *computation;
    struct list todo;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(computation = table_get(self.run, handle, COMPUTATION)))
        return leave(-EINVAL);
    if (computation->complete)
        return leave(-EALREADY);
    list_init(&todo);
    computation->completing = 1;
    computation_settle(computation, outcome, &todo);
    trigger_finish(&todo);
    computation->completing = 0;
    return leave(0);
}

PUBLIC int miou_computation_peek(miou_computation *handle, int *outcome)
{
    struct computation *computation;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(computation = table_get(self.run, handle, COMPUTATION)))
        return leave(-EINVAL);
    if (computation->complete && outcome)
        *outcome = computation->outcome;
    return leave(computation->complete);
}

PUBLIC int miou_computation_await(miou_computation *handle, int *outcome)
{
    struct computation *computation;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!(computation = table_get(self.run, handle, COMPUTATION)))
        return leave(-EINVAL);
    self.task->value = computation->outcome;
    if (computation->complete)
        may_yield(self.task);
    else
        wait_for(self.task, MIOU_WAIT_COMPUTATION, NULL, &computation->queue);
    if (self.task->cancelled)
        return leave(MIOU_CANCELLED);
    if (outcome)
        *outcome = self.task->value;
    return leave(0);
}

PUBLIC int miou_computation_attach(miou_computation *handle, miou_trigger *trigger_handle)
{
    struct computation *computation;
    struct trigger *trigger;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    computation = table_get(self.run, handle, COMPUTATION);
    trigger = table_get(self.run, trigger_handle, TRIGGER);
    if (!computation || !trigger)
        return leave(-EINVAL);
    if (computation->complete || trigger->signalled)
        return leave(-EALREADY);
    if (trigger->computation)
        return leave(-EBUSY);
    trigger->computation = computation;
    list_append(&computation->triggers, &trigger->link);
    return leave(0);
}

PUBLIC int miou_computation_detach(miou_computation *handle, miou_trigger *trigger_handle)
{
    struct computation *computation;
    struct trigger *trigger;
    struct list todo;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    computation = table_get(self.run, handle, COMPUTATION);
    trigger = table_get(self.run, trigger_handle, TRIGGER);
    if (!computation || !trigger || trigger->computation != computation)
        return leave(-EINVAL);
    list_init(&todo);
    trigger_detach(trigger);
    trigger_begin(trigger, &todo);
    trigger_finish(&todo);
    return leave(0);
}

PUBLIC int miou_computation_canceller(miou_trigger **handle, miou_computation *from,
                                      miou_computation *into)
{
    struct trigger *trigger;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (!table_get(self.run, from, COMPUTATION) || !table_get(self.run, into, COMPUTATION))
        return leave(-EINVAL);
    if ((error = trigger_make(handle, &trigger)) == 0) {
        trigger->canceller = true;
        trigger->from = from;
        trigger->into = into;
    }
    return leave(error);
}
