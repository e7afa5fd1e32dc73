/* deadlock.c: the report when no task of a run can go on: one line for each task that waits. */
#include "runtime.h"
#include "system.h"

#include <inttypes.h>
#include <stdio.h>

/* The id of the task that this one waits for; 0: several, or none in particular. */
static uint64_t awaited_task(const struct task *task)
{
    switch (task->waits_for) {
    case MIOU_WAIT_CHILDREN:
        return task->waits_on != task ? task_id(task->waits_on) : 0;
    case MIOU_WAIT_MUTEX:
    case MIOU_WAIT_LAZY:
        return sync_holder(task->waits_on);
    default:
        return 0;
    }
}

static const char *const phrases[] = {
    [MIOU_WAIT_CHILDREN] = "task ",
    [MIOU_WAIT_MUTEX] = "a mutex that is held by task ",
    [MIOU_WAIT_CONDITION] = "a condition",
    [MIOU_WAIT_LAZY] = "a lazy value that is computed by task ",
    [MIOU_WAIT_TRIGGER] = "a trigger",
    [MIOU_WAIT_COMPUTATION] = "a computation",
};

static void report_waiting(void *object, void *arg)
{
    const struct task *task = object;
    const miou_options *options = arg;
    miou_waiting waiting;
    char text[160], on[24] = "";

    if (task->state != TASK_WAITING)
        return;
    waiting = (miou_waiting){.task = task_id(task),
                             .domain = task->domain->id,
                             .what = task->waits_for,
                             .on = awaited_task(task),
                             .text = text};
    if (waiting.on != 0)
        snprintf(on, sizeof on, "%" PRIu64, waiting.on);
    snprintf(text, sizeof text, "task %" PRIu64 " on domain %d waits for %s%s", waiting.task,
             waiting.domain,
             waiting.what == MIOU_WAIT_CHILDREN && waiting.on == 0 ? "its children"
                                                                   : phrases[waiting.what],
             on);
    if (options->deadlock != NULL)
        options->deadlock(options->deadlock_state, &waiting);
    else
        sys_complain(text);
}

void run_deadlock(struct run *run)
{
    struct domain *self = domain_self;

    if (atomic_load(&run->handlers) > 0 || atomic_flag_test_and_set(&run->deadlocked))
        return;
    /* All domains are asleep, so that this thread can read their tasks. */
    domain_self = NULL;
    pool_each(&run->pools[POOL_TASKS], report_waiting, &run->options);
    domain_self = self;
    run_abort(run, MIOU_DEADLOCK);
}
