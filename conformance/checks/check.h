/* check: the frame of the checks, tests written in C, for what a scenario cannot say.
 *
 *     CHECK("R6.5 R6.8", write_sends_all)
 *     {
 *         ... cmocka's asserts, on this thread and outside tasks only: they longjmp ...
 *     }
 *
 * Each check runs in a process of its own. Inside tasks, finalisers and other threads, write into
 * plain variables; assert when the run has returned. */
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
    const char *rules; /* ids, separated by a blank */
    const char *name;
    void (*function)(void);
    struct check *next;
};

void check_register(struct check *check);

/* A check of one or several rules, in the file of the first one's chapter. It registers itself, so
 * it cannot be missing from a list. */
#define CHECK(rules_, name_)                                                                       \
    static void name_(void);                                                                       \
    static struct check check_##name_ = {.rules = rules_, .name = #name_, .function = name_};      \
    __attribute__((constructor)) static void register_##name_(void)                                \
    {                                                                                              \
        check_register(&check_##name_);                                                            \
    }                                                                                              \
    static void name_(void)

/* Run fn(arg) by miou_run or miou_unix_run. Fails the check if the run returns a value without
 * having called fn, which would pass many checks. */
typedef int check_runner(const miou_options *options, miou_task *fn, void *arg);
int run_by(check_runner *run, const miou_options *options, miou_task *fn, void *arg);

/* The same with this many domains beside dom0 and all other options by default. */
int run_with(int domains, miou_task *fn, void *arg);
int unix_run_with(int domains, miou_task *fn, void *arg);

/* How many descriptors this process has open. */
int descriptors_open(void);

/* Bytes of memory that this process uses; -1: unknown. */
long memory_resident(void);

/* Bytes of address space that this process has mapped, used or not; -1: unknown. */
long memory_mapped(void);

/* How many descriptors another process has open; -1 if there is no such process. */
int descriptors_of(pid_t pid);

/* How many threads this process has. One that was just joined may be counted for a moment yet, so
 * wait for a number with threads_become, which returns whether it was ever reached. */
int threads_running(void);
bool threads_become(int count);

/* Keep this thread busy for a while, and return how much of the processor the rest of the process
 * used beside it: AT_REST or less if it had nothing to do, about as much as this thread, 1, or more
 * if it is busy. That holds on a loaded machine too, where the clock tells nothing. */
double used_beside_work(void);

#define AT_REST 0.25

#endif
