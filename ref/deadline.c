/* deadline.c: a function that is called under a deadline. While its time runs it has a timer, so
 * that the monitor wakes the task when the time is over; the calls that wait see the rest. */
#include "runtime.h"

#include <errno.h>

static int begin(struct task *self, struct timer *timer, int64_t nanoseconds)
{
    int error = 0;

    if (nanoseconds <= 0)
        task_expire(self, 1);
    else if ((error = timers_add(&self->domain->monitor.timers, timer, self, nanoseconds)) == 0)
        self->domain->suspended++; /* so that no deadlock is reported as long as the time runs */
    return error;
}

static void end(struct task *self, struct timer *timer)
{
    if (timer->place == 0) {
        task_expire(self, -1);
    } else {
        timers_remove(&self->domain->monitor.timers, timer);
        self->domain->suspended--;
    }
}

int miou_deadline(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int error, result;
    struct task *self = task_with_io(&error);
    struct timer timer = {.expires = true};

    if (self == NULL)
        return error;
    if (fn == NULL)
        return -EINVAL;
    if ((error = begin(self, &timer, nanoseconds)) < 0)
        return error;
    result = fn(arg);
    end(self, &timer);
    return result;
}
