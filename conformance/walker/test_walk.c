/* Tests of walks: all that the rules allow a small program comes out, in the words of the protocol,
 * and a seed makes the same walk again. */
#include "telling.h"

#include "scenario/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 200 };

static void complain(void *to, int line, const char *text)
{
    (void)to;
    fail_msg("line %d: %s", line, text);
}

/* What is told of a walk; to be freed. */
static char *told(const char *text, uint64_t random)
{
    struct program *program = program_parse(text, strlen(text), PROGRAM_STRIPPED, complain, NULL);
    struct mood mood = mood_random(&random);
    struct walk *walk = walk_create(program, mood, random);
    char *lines;
    size_t size;
    FILE *stream = must(open_memstream(&lines, &size));

    assert_true(tell_walk(walk, stream));
    fclose(stream);
    walk_free(walk);
    program_free(program);
    return lines;
}

/* Each of these texts is in what is told of some walk of a program. */
static void assert_comes(const char *program, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        for (uint64_t seed = 1; seed <= SEEDS && !found; seed++) {
            char *lines = told(program, seed);

            found = strstr(lines, texts[i]) != NULL;
            free(lines);
        }
        if (!found)
            fail_msg("%sno walk has:\n%s", program, texts[i]);
    }
}

#define COMES(program, ...)                                                                        \
    assert_comes(program, (const char *const[]){__VA_ARGS__},                                      \
                 sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))

static void a_seed_makes_the_same_walk(void **state)
{
    static const char program[] = "domains 2\ntask main\nrepeat 9 yield\nparallel a b a b\ntask "
                                  "a\nprint a\ntask b\nprint b\n";

    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        char *once = told(program, seed), *again = told(program, seed);

        assert_string_equal(once, again);
        free(once);
        free(again);
    }
}

/* A child that is cancelled never begins, prints, or is stopped. */
static void all_behaviours_come(void **state)
{
    (void)state;
    COMES("task main\np = call child\ncancel p\ntask child\nyield\nprint late\n",
          "did main 2 ok\ndid main 3 ok\n", "did child 5 stopped\nend child\n",
          "print child late\ndid child 6 ok\nend child\n");
}

/* An operation is reported late, and a spawn early. */
static void lines_cross(void **state)
{
    (void)state;
    COMES("task main\np = call child\npost up\nawait p\ntask child\nuntil up\n",
          "did main 3 ok\ndid child 6 ok\n", "did child 6 ok\ndid main 3 ok\n",
          "spawn main 2 child\nbegin child 1\ndid main 2 ok\n");
    COMES("task main\np = call child\nawait p\ntask child\npost up\nq = async last\nawait q\n"
          "task last\n",
          "begin child 1\ndid child 5 ok\nspawn child 6 last\ndid child 6 ok\n");
    COMES("task main\np = call child\nq = async other\nawait p\nawait q\ntask child\nprint hello\n"
          "task other\n",
          "spawn main 3 other\nprint child hello\n");
}

static void instances_have_names(void **state)
{
    (void)state;
    COMES("task main\np = repeat 2 async child\nq = async child orphans=o\norphans o\nawait p\n"
          "task child\n"
          "create r last\nown r\nrelease r\ntask last\n",
          "spawn main 3 child#3\ndid main 3 invalid\n",
          "finalise child#2 r 0\ncallback child#2 7 last#2\nbegin last#2 0\nend last#2\n"
          "did child#2 9 ok\n");
    COMES("task main\nlazy l value\nforce l\nprotect value value\ntask value\n",
          "force main 3 value\nbegin value 0\nend value\ndid main 3 ok\n"
          "force main 4 value#2\nbegin value#2 0\nend value#2\nforce main 4 value#3\n");
}

static void runs_end(void **state)
{
    (void)state;
    COMES("task main\ntrigger t\nawait-trigger t\n", "end main\nrun deadlock\n");
    COMES("task main\np = repeat 300 async child\nawait p\ntask child\n", "\nabsent room\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_makes_the_same_walk),
        cmocka_unit_test(all_behaviours_come),
        cmocka_unit_test(lines_cross),
        cmocka_unit_test(instances_have_names),
        cmocka_unit_test(runs_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
