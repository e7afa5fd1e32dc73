/* Tests of memory: arrays keep what they hold while they grow, and a program without memory says
 * so. */
#include "test_support.h"

#include "memory.h"

#include <sys/wait.h>

static void arrays_grow(void **state)
{
    int *array = NULL, last, i;

    (void)state;
    for (last = 1000; last > 0; last /= 3) { /* it is emptied and used again */
        for (i = 0; i < last; i++) {
            array = grown(array, (size_t)i, sizeof *array);
            array[i] = i + last;
        }
        for (i = 0; i < last; i++)
            assert_int_equal(array[i], i + last);
    }
    free(array);
}

static void empty_arrays_exist(void **state)
{
    char *none = zeroed(0, 8), *size = resized(NULL, 0);

    (void)state;
    assert_non_null(none);
    assert_non_null(size);
    free(none);
    free(size);
}

static void texts_are_made(void **state)
{
    char *text = text_of("%s %d", "R2", 1), *copy = copy_of(text);

    (void)state;
    assert_string_equal(copy, "R2 1");
    assert_null(copy_of(NULL));
    free(text);
    free(copy);
}

static void a_program_without_memory_ends(void **state)
{
    char text[256];
    int ends[2], status;
    ssize_t size;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        must(NULL);
    }
    close(ends[1]);
    size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_in_range(size, 1, sizeof text - 1);
    text[size] = '\0';
    assert_string_equal(text, "test_memory: out of memory\n");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(empty_arrays_exist),
        cmocka_unit_test(texts_are_made),
        cmocka_unit_test(a_program_without_memory_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
