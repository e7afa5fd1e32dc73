/* standalone.c: the main function of a fuzz target without an engine. It runs inputs from files, or
 * such as chance makes; one that fails is kept in a file. */
#include "target.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST = 1 << 20,
#ifdef __SANITIZE_THREAD__
    INPUTS = 100, /* a task costs it milliseconds, and there is one thread */
#else
    INPUTS = 5000,
#endif
};

static uint8_t input[LONGEST];
static size_t input_size;
static const char *keep_as; /* NULL: the input is from a file */

static const char usage[] =
    "usage: %s [--show] FILE...\n"
    "       %s [--random COUNT [SEED]]\n"
    "\n"
    "Runs inputs. One that breaks a promise ends the program, by SIGABRT.\n"
    "\n"
    "  --show    tell what happens\n"
    "  --random  run COUNT inputs (%d) made by chance, the same ones for the\n"
    "            same SEED (1); one that fails is left in the file random-input\n";

/* ---- inputs by chance */

static uint64_t state;

static uint32_t chance(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static void make_input(void)
{
    if (fuzz_make != NULL) {
        input_size = fuzz_make(input, sizeof input, chance);
        return;
    }
    input_size = chance() % 4 == 0 ? chance() % 400 : chance() % 64;
    for (size_t i = 0; i < input_size; i++)
        input[i] = (uint8_t)chance();
}

/* Also what the sanitizers call when they have found something. */
static void keep(void)
{
    FILE *file = keep_as != NULL ? fopen(keep_as, "wb") : NULL;

    if (file == NULL)
        return;
    fwrite(input, 1, input_size, file);
    fclose(file);
    fprintf(stderr, "the input is in %s\n", keep_as);
    keep_as = NULL;
}

static void on_signal(int number)
{
    keep();
    signal(number, SIG_DFL);
    raise(number);
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static int run_random(long count, uint64_t seed)
{
    state = seed;
    keep_as = "random-input";
    signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(keep);
    else
        signal(SIGSEGV, on_signal);
    for (long i = 0; i < count; i++) {
        make_input();
        LLVMFuzzerTestOneInput(input, input_size);
    }
    printf("%ld inputs made by chance\n1 passed, 0 failed\n", count);
    return 0;
}

/* ---- inputs from files */

static int run_file(const char *path, bool show)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 2;
    }
    input_size = fread(input, 1, sizeof input, file);
    fclose(file);
    if (show)
        fuzz_show(input, input_size);
    else
        LLVMFuzzerTestOneInput(input, input_size);
    return 0;
}

int main(int argc, char **argv)
{
    bool show = argc > 1 && strcmp(argv[1], "--show") == 0;
    int first = 1 + show, status = 0;

    if (argc == 1)
        return run_random(INPUTS, 1);
    if (argc > 2 && argc < 5 && strcmp(argv[1], "--random") == 0)
        return run_random(atol(argv[2]), argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
    if (first >= argc || (argv[first][0] == '-' && argv[first][1] != '\0')) {
        fprintf(stderr, usage, argv[0], argv[0], INPUTS);
        return 2;
    }
    for (int i = first; i < argc && status == 0; i++)
        status = run_file(argv[i], show);
    return status;
}
