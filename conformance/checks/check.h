/* check: the frame of the checks, tests written in C, for what a scenario cannot say.
 *
 *     CHECK("R6.5 R6.8", write_sends_all)
 *     {
 *         struct writing t = {.written = -1};
 *
 *         expect_code(unix_run_with(0, write_lots, &t), 0);
 *         expect_noted(t.written, LOTS);
 *     }
 *
 * Each check runs in a process of its own. Inside tasks, finalisers and other threads, write into
 * plain variables, results with NOTE; expect when the run has returned. */
#ifndef CHECK_H
#define CHECK_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "expect.h"
#include "machine/threads.h"
#include "miou_server.h"
#include "miou_sync.h"
#include "source.h"

struct check {
    const char *rules; /* ids, separated by a blank */
    const char *name;
    const char *file;
    void (*function)(void);
    struct check *next;
};

void check_register(struct check *check);

/* A check of one or several rules, in the file of the first one's chapter. It registers itself, so
 * it cannot be missing from a list. */
#define CHECK(rules_, name_)                                                                       \
    static void name_(void);                                                                       \
    static struct check check_##name_ = {                                                          \
        .rules = rules_, .name = #name_, .file = __FILE__, .function = name_};                     \
    __attribute__((constructor)) static void register_##name_(void)                                \
    {                                                                                              \
        check_register(&check_##name_);                                                            \
    }                                                                                              \
    static void name_(void)

/* Run fn(arg) by miou_run or miou_unix_run. Fails the check if the run returns a value without
 * having called fn, which would pass many checks. Ends it as one that cannot be tested here if the
 * run could not start for want of threads, and the check cannot make them either. */
typedef int check_runner(const miou_options *options, miou_task *fn, void *arg);
int run_by(check_runner *run, const miou_options *options, miou_task *fn, void *arg);

/* The same with this many domains beside dom0 and all other options by default. */
int run_with(int domains, miou_task *fn, void *arg);
int unix_run_with(int domains, miou_task *fn, void *arg);

/* ---- What this machine lacks ---- */

/* End the check: this machine cannot carry it out. The text says what is missing, as a sentence
 * without its full stop: "the machine has no IPv6". It may be called anywhere, in a task too. Call
 * it only for what was tried without the runtime. */
__attribute__((format(printf, 1, 2))) _Noreturn void cannot_test(const char *format, ...);

/* End the check if the machine lacks this. The first two were tried before the runtime was loaded,
 * the others are tried at once. */
void need_loopback(void);
void need_ipv6(void);

/* Before the first run: the check has as many tasks at a time. Ends it if the machine has no room
 * for their stacks. A runtime may have a thread for each as well, from its spawn on: if the check
 * does not pass and the machine has not as many threads, that says nothing of the runtime. */
void need_tasks(int count);

/* Allow this process as many descriptors, or end the check. */
void need_descriptors(int count);

/* An empty file, in memory; returns its descriptor. Ends the check if there can be none. */
int need_file(void);

/* Write the path of a file that could be made in TMPDIR, or else in /tmp, and is not there. Ends
 * the check if none could be. */
void need_path(char *path, size_t room);

/* Start a thread or, like fork, a process of the check's own. They end the check if the machine has
 * none to spare. */
void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg);
pid_t start_process(void);

/* The same, for a process in which the runtime is used. Ends the check if the library had threads
 * of its own once it was loaded, since a copy of this process lacks them. */
pid_t start_process_with_runtime(void);

/* The status with which such a process has ended, as waitpid gives it. If it has ended for want of
 * what the runtime does not have, so does the check. */
int end_of_process(pid_t process);

/* How many descriptors this process has open. */
int descriptors_open(void);

/* Bytes of memory that this process uses; -1: that cannot be read now. Ends the check if the system
 * never tells it. */
long memory_resident(void);

/* Bytes of address space that this process has mapped, used or not; -1: unknown. */
long memory_mapped(void);

/* How many descriptors another process has open; -1 if there is no such process. */
int descriptors_of(pid_t pid);

/* Whether another process has a socket open that has one of these inodes. */
bool any_socket_is_open(pid_t pid, const ino_t *inodes, int count);

/* Wait until threads_running tells as few, since one that was just joined may be counted for a
 * moment yet; returns whether there are ever as few. */
bool threads_fall_to(int count);

/* Watch for a while how much of the processor the rest of the process uses beside this thread:
 * AT_REST or less if it has nothing to do, about as much as this thread could, 1, or more if it is
 * busy. That holds on a loaded machine too, where the clock tells nothing. */
double used_beside_us(void);

/* The same of another process. */
double used_by(pid_t pid);

#define AT_REST 0.1

#endif
