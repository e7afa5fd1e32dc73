/* sim.h: a simulated system behind ref/system.h, for runs that cost microseconds and can be
 * repeated exactly. It is linked in place of ref/system_posix.o and has memory, bells, a clock,
 * signals, TCP, UDP and pipes, all in this process and on one thread. Whatever is outside the
 * runtime is the world. It has a turn when the runtime is idle, and is offered one at each call of
 * the system.
 *
 * There are no threads, so a run of several domains must be steered. */
#ifndef FUZZ_SIM_H
#define FUZZ_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
    SIM_DESCRIPTORS = 256, /* all numbers are below this */
    SIM_STREAMS = 128,     /* connections that are open, at one end at least */
    SIM_ROOM = 16 << 10,   /* bytes that a stream holds in each direction, at most */
};

struct sim_world {
    /* May make a move. If the runtime is idle, returns false if no move is left. */
    bool (*turn)(void *state, bool idle);
    void (*stuck)(void *state); /* the runtime waits for ever; does not return */
    void *state;
};

/* A new system, in which nothing has happened yet. */
void sim_begin(const struct sim_world *world);

/* What the runtime has not given back. After a run that should be nothing. */
struct sim_left {
    int descriptors, mappings, signals;
};
struct sim_left sim_left(void);

/* Open no more descriptors with numbers from this on. It is SIM_DESCRIPTORS at first. */
void sim_limit(int number);

/* The next accept that finds a client fails with this error; the client stays in the queue. */
void sim_fail_accept(int error);

/* The simulated clock, in nanoseconds. */
int64_t sim_now(void);

/* Raise a signal. Returns false if it has no handler: it is ignored, or would have killed a
 * process. */
bool sim_raise(int number);

/* Check that all memory that is mapped is zero. */
extern bool sim_audits;

/* ---- the world's end of streams, which behave as they do on Linux. A stream is a number. */

/* Connect to one of the listeners at a port: number `which` modulo how many there are. `room` bytes
 * can be under way in each direction. Returns the stream; -ECONNREFUSED; or -EAGAIN if the queue of
 * clients to be accepted is full. */
int sim_connect(int port, unsigned which, size_t room);
ssize_t sim_send(int stream, const void *bytes, size_t size);
ssize_t sim_receive(int stream, void *bytes, size_t size);

/* Like sim_receive, but without a copy: the bytes stay where they are until the next call, in two
 * pieces, of which the second may be empty. */
struct sim_piece {
    const void *bytes;
    size_t size;
};
ssize_t sim_receive_pieces(int stream, struct sim_piece pieces[2], size_t size);

void sim_shut(int stream); /* nothing more is sent */
void sim_close(int stream);
void sim_reset(int stream);

/* Let each of the next calls of the other end move at most this many bytes. */
void sim_grain(int stream, size_t size, unsigned calls);

/* The descriptor of the other end, even if it is closed by now; -1: not accepted yet. */
int sim_number(int stream);

/* ---- calls that an application makes itself: objcopy renames them in its object. They set errno.
 */

struct rlimit;
int sim_pipe(int numbers[2]); /* returns -errno */
int sim_getsockname(int number, struct sockaddr *address, socklen_t *length);
int sim_setsockopt(int number, int level, int name, const void *value, socklen_t length);
int sim_getrlimit(unsigned resource, struct rlimit *limit);

/* ---- a record of what happens, for people to read */

extern bool sim_speaks; /* to standard output */
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *sim_text(ssize_t result); /* bytes, or -errno; valid until the next call */
#define SIM_SAY(...) ((void)(sim_speaks && (sim_say(__VA_ARGS__), true)))

/* The name of a stream in the record; NULL or "": its number. The name is not copied. */
void sim_name(int stream, const char *name);

#endif
