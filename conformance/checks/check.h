/* check: the frame of the tests in C, for the rules that a scenario cannot reach.
 *
 *     CHECK("R6.5 R6.8", write_sends_all)
 *     {
 *         ... cmocka's asserts, on this thread and outside tasks only: they longjmp ...
 *     }
 *
 * Each test runs in a process of its own. Inside tasks, finalisers and other threads record into
 * plain variables, and assert when the run has returned. */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>

#include "miou_sync.h"
#include "miou_unix.h"

struct check {
    const char *rules; /* ids, with a blank between */
    const char *name;
    void (*function)(void);
    struct check *next;
};

void check_register(struct check *check);

/* A test of one or several rules. It registers itself, so there is no list to forget it in. */
#define CHECK(rules_, name_)                                                                       \
    static void name_(void);                                                                       \
    static struct check check_##name_ = {.rules = rules_, .name = #name_, .function = name_};      \
    __attribute__((constructor)) static void register_##name_(void)                                \
    {                                                                                              \
        check_register(&check_##name_);                                                            \
    }                                                                                              \
    static void name_(void)

/* Run by miou_run or miou_unix_run. A run that returns a value without having called fn would pass
 * many a test: it fails this one. */
typedef int check_runner(const miou_options *options, miou_task *fn, void *arg);
int run_by(check_runner *run, const miou_options *options, miou_task *fn, void *arg);

/* The same with so many domains beside dom0 and all else by default. */
int run_with(int domains, miou_task *fn, void *arg);
int unix_run_with(int domains, miou_task *fn, void *arg);

/* How many descriptors this process has open. */
int descriptors_open(void);

/* Bytes of memory that this process has; -1: it cannot be told. */
long memory_resident(void);

/* How many descriptors another process has open; -1 if there is none such. */
int descriptors_of(pid_t pid);

/* How many threads this process has. One that was just joined may be counted for a moment yet, so
 * wait for a number with threads_become, which returns whether it was ever reached. */
int threads_running(void);
bool threads_become(int count);

/* Keep this thread busy for a while, and return how much of the processor the rest of the process
 * used beside it: AT_REST or less if it had nothing to do, about as much as this thread, 1, or more
 * if it burns. That holds on a loaded machine as well, where time by the clock tells nothing. */
double used_beside_work(void);

#define AT_REST 0.25

#endif
