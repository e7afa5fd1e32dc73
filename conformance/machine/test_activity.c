/* Tests of activity: what is told of threads and processes that work, sleep and have ended. */
#include "test_support.h"

#include "machine/activity.h"

#include <signal.h>
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

static void looks_at_all_below(void **state)
{
    pid_t pid = start(have_a_child_that_works);

    (void)state;
    wait_until(pid, 1, 0.1);
    end(pid); /* the child dies with its parent */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_work_from_rest),
        cmocka_unit_test(looks_at_all_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
