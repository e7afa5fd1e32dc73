/* Tests of strays: no descendant outlives the one that is to kill it. */
#include "test_support.h"

#include "machine/strays.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* A child that leaves one of its own, which rests, and ends; the number of the other. */
static pid_t leave_a_stray(void)
{
    int descriptors[2];
    pid_t child, stray = 0;

    assert_int_equal(pipe(descriptors), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        stray = fork();
        if (stray == 0)
            for (;;)
                pause();
        _exit(write(descriptors[1], &stray, sizeof stray) != sizeof stray);
    }
    assert_int_equal(read(descriptors[0], &stray, sizeof stray), sizeof stray);
    close(descriptors[0]);
    close(descriptors[1]);
    /* It has ended, and is not reaped: the stray is ours by now. */
    assert_int_equal(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
    return stray;
}

static void kills_what_is_left_beside_what_has_ended(void **state)
{
    pid_t stray;

    (void)state;
    strays_adopt();
    stray = leave_a_stray();
    strays_kill();
    assert_int_equal(kill(stray, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_what_is_left_beside_what_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
