/* Tests of chance: numbers differ, also where the system refuses to give any. */
#include "test_support.h"

#include "machine/chance.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PROCESSES = 2, NUMBERS = 100 };

/* From here on getrandom is refused in this process, as a container's filter does. Returns whether
 * it is. */
static bool refuse(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    char byte;

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 && getrandom(&byte, 1, 0) < 0;
}

static void expect_different(uint64_t (*numbers)[NUMBERS])
{
    const uint64_t *all = numbers[0];
    size_t i, other;

    for (i = 0; i < PROCESSES * NUMBERS; i++)
        for (other = 0; other < i; other++)
            assert_true(all[i] != all[other]);
}

/* What this many processes draw. */
static void draw(bool refused)
{
    uint64_t(*numbers)[NUMBERS] = mmap(NULL, PROCESSES * sizeof *numbers, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int process, status;
    size_t i;

    assert_true(numbers != MAP_FAILED);
    for (process = 0; process < PROCESSES; process++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            if (refused && !refuse())
                _exit(77); /* this machine takes no filter */
            for (i = 0; i < NUMBERS; i++)
                numbers[process][i] = chance_number();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            skip();
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    expect_different(numbers);
    munmap(numbers, PROCESSES * sizeof *numbers);
}

static void numbers_differ(void **state)
{
    (void)state;
    draw(false);
}

static void numbers_differ_where_the_system_gives_none(void **state)
{
    (void)state;
    draw(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_differ),
        cmocka_unit_test(numbers_differ_where_the_system_gives_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
