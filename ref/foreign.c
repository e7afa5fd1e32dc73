/* foreign.c: tasks that wait for a descriptor which is not the runtime's. */
#include "runtime.h"
#include "system.h"

#include <errno.h>

static int wait_for(int number, enum direction direction)
{
    int error, ready;
    struct task *self = task_with_io(&error);
    uint64_t turn = 0;

    if (self == NULL)
        return error;
    while ((ready = sys_is_ready(number, direction == WRITABLE)) == 0) {
        if (self->expired)
            return MIOU_EXPIRED;
        error = monitor_wait(&self->domain->monitor, number, NULL, direction, self, &turn);
        if (error < 0)
            return error;
    }
    if (ready < 0)
        return ready;
    domain_charge(self->domain, self);
    return 0;
}

int miou_wait_readable(int number)
{
    return wait_for(number, READABLE);
}

int miou_wait_writable(int number)
{
    return wait_for(number, WRITABLE);
}
