/* trace.h: what a driver said about an execution, from its lines to events. A driver may print
 * anything: the first line that the protocol of spec/scenario.md does not allow ends the trace as
 * garbage, and is quoted. */
#ifndef TRACE_H
#define TRACE_H

#include "scenario/program.h"

enum {
    TRACE_LINE_MAX = 1 << 25, /* bytes of a line: more than 'still-has-children' a million times */
    TRACE_INSTANCES_MAX = 10000000,
    TRACE_EVENTS_MAX = 10000000
};

enum event_kind {
    EVENT_SPAWN,
    EVENT_FORCE,    /* a task begins as a part of the one whose operation it is */
    EVENT_CALLBACK, /* a task begins that an operation has set */
    EVENT_OUTSIDE,  /* a task begins before the run */
    EVENT_BEGIN,
    EVENT_DID,
    EVENT_ASIDE, /* the same, where the rules for tasks do not hold; only the judge makes it */
    EVENT_PRINT,
    EVENT_FINALISE,
    EVENT_PORT, /* it listens */
    EVENT_END,
    EVENT_RUN
};

struct event {
    enum event_kind kind;
    int instance;  /* whose event; -1: finalise, callback, outside, run */
    int operation; /* spawn, force, callback, did, port: place in program.operations; else -1 */
    int child;     /* spawn, force, callback, outside: the instance that is to begin; else
                      -1 */
    int domain;    /* begin, finalise: may be unknown; else -1 */
    int creator;   /* finalise: the instance that created the resource; callback: the one
                      whose operation set it; else -1 */
    int resource;  /* finalise; else -1 */
    int word;      /* print; else -1 */
    int port;      /* port; else -1 */
    int line;      /* of the run's output, from 1 */
    struct outcomes outcomes; /* did, run; owned by the trace */
};

/* One execution of a task: instance 0 is main, the others are numbered in the order of the events
 * by which they begin. */
struct instance {
    int task;
    int number;  /* n of T#n, from 1 */
    int parent;  /* an instance; -1: main, a callback, or outside the run */
    bool forced; /* a part of its parent */
    int spawned; /* the event spawn, force, callback or outside; -1: main */
    int begun;   /* the first such event; -1: never */
    int ended;   /* likewise */
};

/* A choice of the runtime that the driver answered, in a steered run. */
struct choice {
    int answer;
    int count; /* 2 or more; answer is less, but for one that is beyond its range */
};

/* A turn of a domain, or of time, in a steered run: it has the events up to the next turn's. */
struct turn {
    int event;     /* the first event in it, or behind it */
    int choice;    /* by which it was chosen; if there was none: the next choice */
    int candidate; /* the first of its candidates */
    int count;     /* of its candidates: 1: there was no choice */
};

enum { TURN_TIME = -1 }; /* the candidate that is no domain: time passes, or the system decides */

enum trace_end {
    TRACE_WHOLE,  /* with a run line */
    TRACE_CUT,    /* the text ends before the run line */
    TRACE_ABSENT, /* the driver's runtime cannot execute the scenario at all */
    TRACE_GARBAGE
};

struct trace {
    struct event *events;
    int event_count;
    struct instance *instances;
    int instance_count;
    struct choice *choices; /* in their order */
    int choice_count;
    int beyond; /* how many events come before the answer that is out of range; -1: no answer is */
    struct turn *turns; /* in their order; none if the runtime does not tell them */
    int turn_count;
    int *candidates; /* for the turns: domains, or TURN_TIME, in the order of the answers */
    int candidate_count;
    bool says_domains; /* that of each begin */
    enum trace_end end;
    int line;      /* garbage: of the run's output, from 1 */
    char *problem; /* absent: the function's name; garbage: what is wrong, the line quoted; else
                      NULL */
    struct outcome *outcomes; /* what the events' lists point into */
};

/* Whether a domain is one that the runtime cannot say. */
bool is_unknown_domain(int domain);

/* Read what a driver printed for the scenario `id`, which it executed once. */
struct trace *trace_parse(const struct program *program, unsigned id, const char *text,
                          size_t size);

/* The same for the first of several executions, if others may follow. *used becomes the number of
 * bytes that it takes: up to its run line if it is whole; if it is not, the whole text, since
 * nothing more can be read from it. Read the last execution with trace_parse. */
struct trace *trace_parse_first(const struct program *program, unsigned id, const char *text,
                                size_t size, size_t *used);
void trace_free(struct trace *trace);

/* Write T or T#n, with a NUL; INSTANCE_MAX bytes are always enough. */
enum { INSTANCE_MAX = PROGRAM_NAME_MAX + 16 };
void instance_write(char *buffer, size_t size, const struct program *program,
                    const struct trace *trace, int instance);

/* Write a list, with a NUL, cut off where the buffer ends. Where many members in a row are the
 * same, it says so: ended, 999 x empty. */
void outcomes_write(char *buffer, size_t size, const struct program *program, struct outcomes list);

/* Write an event as its line in the driver's output, without the newline and with a NUL, cut off
 * where the buffer ends. */
void event_write(char *buffer, size_t size, const struct program *program,
                 const struct trace *trace, int event);

#endif
