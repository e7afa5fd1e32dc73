/* epoll: a runtime library that passes every call on to a true one, and lets each run of it wait
 * with epoll, unless the run asks for something else. So the whole suite can be executed with a
 * poller that is not the runtime's usual one.
 *
 * MIOU_POLLED is the path of the true runtime. */
#include "driver/interface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct interface truth;

__attribute__((constructor)) static void start(void)
{
    const char *polled = getenv("MIOU_POLLED");
    const char *error = interface_open(&truth, polled ? polled : "");

    if (error) {
        fprintf(stderr, "epoll: cannot open MIOU_POLLED: %s\n", error);
        abort();
    }
}

/* What the true runtime lacks returns -ENOSYS, which means the same. */
#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((visibility("default"))) result miou_##name parameters                           \
    {                                                                                              \
        return truth.name ? truth.name arguments : (result)-ENOSYS;                                \
    }
#define miou_unix_run miou_any_unix_run /* ours is below */
#include "driver/interface.def"
#undef miou_unix_run

__attribute__((visibility("default"))) int miou_unix_run(const miou_options *options, miou_task *fn,
                                                         void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    if (changed.poller == MIOU_POLLER_ANY)
        changed.poller = MIOU_POLLER_EPOLL;
    return truth.unix_run ? truth.unix_run(&changed, fn, arg) : -ENOSYS;
}
