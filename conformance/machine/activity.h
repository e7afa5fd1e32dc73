/* activity: what processes are doing, as /proc tells it: the processor time that they use, and
 * whether they could use more. On a busy machine this says what a clock cannot: whether a process
 * waits for nothing, or only for a processor. */
#ifndef ACTIVITY_H
#define ACTIVITY_H

#include <stdbool.h>
#include <sys/types.h>

/* Of a process and all processes below it; the thread that asks does not count among theirs. */
struct activity {
    double used;   /* processor time in seconds, with that of children that were waited for */
    int runnable;  /* threads that run, or would if they got a processor, or that wait for a disk */
    int stalled;   /* of them, those that wait for a disk */
    double wanted; /* seconds in which its living threads have run or waited for a processor; below
                      0: the system does not tell */
};

struct activity activity_of(pid_t process);

/* The same of the processes below it alone. */
struct activity activity_below(pid_t process);

/* Whether a process and all below it have nothing to do for so long, less than a second, in which
 * the calling thread naps. If not, the system may only not tell. */
bool activity_rests(pid_t process, double seconds);

#endif
