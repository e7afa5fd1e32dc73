/* sim.h: a simulated system behind ref/system.h, for runs that cost microseconds and can be had
 * again. It is linked in the place of ref/system_posix.o: memory, bells, clock, signals and TCP,
 * all of it in this process and on one thread. What is outside, the world, gets its turn when the
 * runtime has nothing to do, and is asked at each call of the system whether it wants one before.
 *
 * There are no threads: a run of several domains must be driven. */
#ifndef FUZZ_SIM_H
#define FUZZ_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
    SIM_DESCRIPTORS = 256, /* numbers there are at most */
    SIM_STREAMS = 128,     /* connections at a time, open at either end */
    SIM_ROOM = 16 << 10,   /* bytes that a stream can hold in each direction, at most */
};

struct sim_world {
    /* Make a move, or not; if the runtime is idle, returns false when there is none left. */
    bool (*turn)(void *state, bool idle);
    void (*stuck)(void *state); /* the runtime waits for ever; must not return */
    void *state;
};

/* A new system, in which nothing has happened yet. */
void sim_begin(const struct sim_world *world);

/* What is there, which after a run should be nothing. */
struct sim_left {
    int descriptors, mappings, signals;
};
struct sim_left sim_left(void);

/* Descriptors have numbers below this; SIM_DESCRIPTORS at first. */
void sim_limit(int number);

/* The next accept that finds a client fails so, and leaves it where it is. */
void sim_fail_accept(int error);

/* Raise a signal. Returns false if nobody handles it: a process would have died, or not cared. */
bool sim_raise(int number);

/* Look whether memory that is handed out is zero, all of it. */
extern bool sim_audits;

/* ---- the world's end of streams, which behave as Linux's. A stream is known by a number. */

/* Connect to the which-th of those that listen at a port, counted in a circle, with so much room
 * for bytes under way in each direction. Returns the stream, -ECONNREFUSED, or -EAGAIN: the queue
 * of those to be accepted is full. */
int sim_connect(int port, unsigned which, size_t room);
ssize_t sim_send(int stream, const void *bytes, size_t size);
ssize_t sim_receive(int stream, void *bytes, size_t size);
void sim_shut(int stream); /* nothing more will be sent */
void sim_close(int stream);
void sim_reset(int stream);

/* Each of the other end's next calls, so many, moves so many bytes at most. */
void sim_grain(int stream, size_t size, unsigned calls);

/* The number of the other end's descriptor, the last one if it is closed; -1: not accepted yet. */
int sim_number(int stream);

/* ---- what an application may ask the system itself about a descriptor: in its object the names
 * are to be exchanged. They set errno. */

struct rlimit;
int sim_getsockname(int number, struct sockaddr *address, socklen_t *length);
int sim_getrlimit(unsigned resource, struct rlimit *limit);

/* ---- a record of what happens, for people to read */

extern bool sim_speaks; /* to standard output */
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *sim_text(ssize_t result); /* bytes, or -errno; valid until the next call */
#define SIM_SAY(...) ((void)(sim_speaks && (sim_say(__VA_ARGS__), true)))

/* How a stream is called in it; NULL or "": by its number. The name is not copied. */
void sim_name(int stream, const char *name);

#endif
