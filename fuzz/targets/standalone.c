/* standalone.c: the main function of a fuzz target without an engine. It executes inputs from
 * files, or random ones; a random input that fails is kept in a file. */
#include "chance.h"
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST = 1 << 20,
    STRIDE = 64,    /* inputs between two looks at the clock */
    HANG = 10,      /* seconds of processor time without such a look, after which an input hangs */
    SILENCE = 1000, /* seconds, likewise, whatever the processor time */
#ifdef __SANITIZE_THREAD__
    INPUTS = 100, /* under it a task costs milliseconds, and there is only one thread */
#else
    INPUTS = 5000,
#endif
};

#ifdef __SANITIZE_THREAD__
/* The simulation gives a run the memory of an earlier one. Where a trigger's lock was once, a
 * computation's may be now, which is no wrong order of locks. */
__attribute__((visibility("default"), used)) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0";
}
#endif

static uint8_t input[LONGEST];
static size_t input_size;
static char failed_input[PATH_MAX]; /* the file for a random input that fails */
static const char *keep_as;         /* NULL: the input is from a file */
static const char *source;          /* the file */
static uint64_t executions;
static double begun;

static const char usage[] =
    "usage: %s [--show] FILE...\n"
    "       %s [--random [COUNT [SEED]]]\n"
    "       %s --seconds SECONDS [FILE...]\n"
    "\n"
    "Executes inputs. An input that breaks a promise ends the program with SIGABRT.\n"
    "\n"
    "  --show     print what happens\n"
    "  --random   execute COUNT random inputs (%d), the same for the same SEED (1);\n"
    "             one that fails is left beside the program, in %s\n"
    "  --seconds  execute the FILEs, then random inputs until SECONDS of processor time are\n"
    "             used; an input that uses %d s fails with SIGPROF\n";

/* Seconds of processor time, since a busy machine changes nothing about that. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- random inputs */

static void make_input(void)
{
    if (fuzz_make != NULL) {
        input_size = fuzz_make(input, sizeof input, chance_next);
        return;
    }
    input_size = chance_next() % 4 == 0 ? chance_next() % 400 : chance_next() % 64;
    for (size_t i = 0; i < input_size; i++)
        input[i] = (uint8_t)chance_next();
}

/* ---- one input, and what is kept when it fails */

static void execute_input(void)
{
    executions++;
    LLVMFuzzerTestOneInput(input, input_size);
}

static void keep_input(void)
{
    FILE *file = keep_as != NULL ? fopen(keep_as, "wb") : NULL;

    if (file == NULL)
        return;
    fwrite(input, 1, input_size, file);
    fclose(file);
    fprintf(stderr, "the input is in %s\n", keep_as);
    keep_as = NULL;
}

/* Also called by the sanitizers when they find something. */
static void report_failure(void)
{
    if (executions == 0) /* it has been reported, or no input was begun */
        return;
    fprintf(stderr, "failed: execution %" PRIu64 ", after %.2f s, %s\n", executions, now() - begun,
            source != NULL ? source : "random");
    executions = 0;
    keep_input();
}

static void on_signal(int number)
{
    report_failure();
    signal(number, SIG_DFL);
    raise(number);
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

/* Failures are reported on a stack of their own, since the input's stack may have overflowed. */
static void catch_failures(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    static char stack[64 << 10];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

    begun = now();
    sigaction(SIGABRT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGPROF, &action, NULL);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(report_failure);
        return;
    }
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigaction(crashes[i], &action, NULL);
}

static void begin_random(uint64_t seed)
{
    chance_begin(seed);
    source = NULL;
    keep_as = failed_input;
}

static int execute_random(uint64_t count, uint64_t seed)
{
    begin_random(seed);
    for (uint64_t i = 0; i < count; i++) {
        make_input();
        execute_input();
    }
    printf("%" PRIu64 " random inputs\n1 passed, 0 failed\n", count);
    return 0;
}

/* ---- inputs from files */

static int execute_file(const char *path, bool show)
{
    FILE *file = fopen(path, "rb");
    int error;

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 2;
    }
    source = path;
    input_size = fread(input, 1, sizeof input, file);
    error = ferror(file) ? errno : fgetc(file) != EOF ? EFBIG : 0;
    fclose(file);
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(error));
        return 2;
    }
    if (show)
        fuzz_show(input, input_size);
    else
        execute_input();
    return 0;
}

/* ---- both, for a time */

/* Give what follows its time. */
static void restart_guard(void)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = HANG}, NULL);
    alarm(SILENCE);
}

static int execute_for(double seconds, int count, char **paths)
{
    for (int i = 0; i < count; i++) {
        restart_guard();
        if (execute_file(paths[i], false) != 0)
            return 2;
    }
    begin_random(1);
    while (now() - begun < seconds) {
        restart_guard();
        for (int i = 0; i < STRIDE; i++) {
            make_input();
            execute_input();
        }
    }
    printf("%" PRIu64 " inputs: %d from files, the others random\n1 passed, 0 failed\n", executions,
           count);
    return 0;
}

static int complain_of_usage(const char *name)
{
    fprintf(stderr, usage, name, name, name, INPUTS, failed_input, HANG);
    return 2;
}

int main(int argc, char **argv)
{
    const char *option = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
    bool show = strcmp(option, "--show") == 0;
    uint64_t count = INPUTS, seed = 1;
    double seconds;
    char *end;
    int first = 1 + show, status = 0;

    snprintf(failed_input, sizeof failed_input, "%s-input", argv[0]);
    catch_failures();
    if (argc == 1)
        return execute_random(count, seed);
    if (strcmp(option, "--random") == 0) {
        if (argc > 4 || (argc > 2 && (!number_read(argv[2], &count) || count == 0)) ||
            (argc > 3 && !number_read(argv[3], &seed)))
            return complain_of_usage(argv[0]);
        return execute_random(count, seed);
    }
    if (argc > 2 && strcmp(option, "--seconds") == 0) {
        seconds = strtod(argv[2], &end);
        if (end == argv[2] || *end != '\0' || !(seconds > 0))
            return complain_of_usage(argv[0]);
        return execute_for(seconds, argc - 3, argv + 3);
    }
    if (first >= argc || (*option != '\0' && !show))
        return complain_of_usage(argv[0]);
    for (int i = first; i < argc && status == 0; i++)
        status = execute_file(argv[i], show);
    return status;
}
