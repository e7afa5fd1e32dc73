/* at_load: a runtime library that passes every call on to a true one, but each run only after a
 * thread has nodded that was started when the library was opened, as a language with threads of its
 * own may have it. That thread is not in a copy of the process.
 *
 * MIOU_LOADED is the path of the true runtime. */
#include "driver/interface.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct interface truth;
static sem_t asked, nodded;

static void *nod(void *unused)
{
    for (;;) {
        while (sem_wait(&asked) < 0)
            ;
        sem_post(&nodded);
    }
    return unused;
}

__attribute__((constructor)) static void start(void)
{
    const char *loaded = getenv("MIOU_LOADED");
    const char *error = interface_open(&truth, loaded ? loaded : "");
    sigset_t all, before;
    pthread_t thread;

    sem_init(&asked, 0, 0);
    sem_init(&nodded, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error || pthread_create(&thread, NULL, nod, NULL) != 0) {
        fprintf(stderr, "at_load: cannot open MIOU_LOADED: %s\n", error ? error : "no thread");
        abort();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void wait_for_nod(void)
{
    sem_post(&asked);
    while (sem_wait(&nodded) < 0)
        ;
}

/* What the true runtime lacks returns -ENOSYS, which means the same. */
#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((visibility("default"))) result miou_##name parameters                           \
    {                                                                                              \
        return truth.name ? truth.name arguments : (result)-ENOSYS;                                \
    }
#define miou_run      miou_true_run /* ours are below */
#define miou_unix_run miou_true_unix_run
#include "driver/interface.def"
#undef miou_run
#undef miou_unix_run

__attribute__((visibility("default"))) int miou_run(const miou_options *options, miou_task *fn,
                                                    void *arg)
{
    wait_for_nod();
    return truth.run(options, fn, arg);
}

__attribute__((visibility("default"))) int miou_unix_run(const miou_options *options, miou_task *fn,
                                                         void *arg)
{
    wait_for_nod();
    return truth.unix_run ? truth.unix_run(options, fn, arg) : -ENOSYS;
}
