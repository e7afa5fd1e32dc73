/* Tests of activity: what is told of threads and processes that work, sleep and have ended. */
#include "test_support.h"

#include "machine/activity.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static pid_t start(void (*fn)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fn();
        _exit(0);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void work(void)
{
    for (;;)
        ;
}

static void rest(void)
{
    for (;;)
        pause();
}

static void have_a_child_that_works(void)
{
    start(work);
    rest();
}

/* Wait for what must come, however busy the machine is. */
static struct activity wait_until(pid_t pid, int runnable, double used)
{
    struct activity activity;

    do {
        usleep(1000);
        activity = activity_of(pid);
    } while (activity.runnable != runnable || activity.used < used);
    return activity;
}

static void tells_work_from_rest(void **state)
{
    pid_t working = start(work), resting = start(rest);

    (void)state;
    wait_until(working, 1, 0.1);
    wait_until(resting, 0, 0);
    assert_true(activity_below(getpid()).runnable >= 1);
    assert_true(activity_below(getpid()).used >= 0.1);
    assert_int_equal(activity_below(working).runnable, 0);
    end(working);
    assert_int_equal(activity_of(working).runnable, 0);
    assert_true(activity_of(working).used == 0);
    end(resting);
}

/* One that naps is ready to run now and then, and wants a processor for little of the time. */
static void nap(void)
{
    for (;;)
        usleep(1000);
}

/* If the system tells: a thread that rests wants nothing, and one that works wants a processor all
 * the time, whether it gets one or not. */
static void tells_who_wants_a_processor(void **state)
{
    pid_t working = start(work), napping = start(nap);
    struct activity before = wait_until(working, 1, 0.1), naps = activity_of(napping), after;

    (void)state;
    wait_until(working, 1, before.used + 0.3);
    naps.wanted = activity_of(napping).wanted - naps.wanted;
    after = activity_of(working);
    if (before.wanted >= 0) {
        assert_true(after.wanted - before.wanted >= 0.25);
        assert_true(naps.wanted < after.wanted - before.wanted);
    }
    end(working);
    end(napping);
}

static void looks_at_all_below(void **state)
{
    pid_t pid = start(have_a_child_that_works);

    (void)state;
    wait_until(pid, 1, 0.1);
    end(pid); /* the child dies with its parent */
}

static void *work_until_told(void *done)
{
    while (!atomic_load((atomic_bool *)done))
        ;
    return NULL;
}

/* As often as it takes until they have begun, on a busy machine. */
static bool come_to_rest(pid_t pid)
{
    int tries = 0;

    while (!activity_rests(pid, 0.03) && tries < 1000)
        tries++;
    return tries < 1000;
}

/* If the system tells. One that works does not rest, even if it gets no processor meanwhile. */
static void tells_who_rests(void **state)
{
    pid_t working = start(work), resting = start(rest), above = start(have_a_child_that_works);
    atomic_bool done = false;
    pthread_t thread;

    (void)state;
    wait_until(above, 1, 0);
    if (wait_until(working, 1, 0).wanted >= 0)
        assert_true(come_to_rest(resting));
    for (int i = 0; i < 20; i++)
        assert_true(!activity_rests(working, 0.001) && !activity_rests(above, 0.001));
    end(working);
    end(resting);
    end(above);
    assert_true(activity_of(getpid()).wanted < 0 || come_to_rest(getpid()));
    assert_int_equal(pthread_create(&thread, NULL, work_until_told, &done), 0);
    assert_false(activity_rests(getpid(), 0.03));
    atomic_store(&done, true);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_work_from_rest),
        cmocka_unit_test(tells_who_wants_a_processor),
        cmocka_unit_test(looks_at_all_below),
        cmocka_unit_test(tells_who_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
