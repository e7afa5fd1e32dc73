/* A script: what one client does, step by step; and its stream: the bytes that it sends. Both
 * depend only on the seed, so that the same seed sends the same bytes in the same pieces. */
#ifndef ATTACK_SCRIPT_H
#define ATTACK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    SEND,       /* the next `count` bytes, in pieces of `piece` */
    FLOOD,      /* the same, but go on when the server has taken nothing for a while */
    AWAIT,      /* `count` more bytes, or, if that is 0, all; read `piece` at a time */
    PAUSE,      /* for `count` milliseconds */
    HOLD,       /* until all clients hold and the witnesses have been served meanwhile */
    AGAIN,      /* from the first step, `count` times */
    HALF_CLOSE, /* send the end of the stream */
    END,        /* await all bytes and the end of the server's stream */
    CLOSE,      /* both directions, even if something was not read */
    RESET
};

struct step {
    enum step_kind kind;
    uint32_t count, piece;
};

enum { STEPS = 16, ENDLESS = 0x7fffffff };

struct script {
    struct step steps[STEPS];
    int count;
    bool deaf;    /* reads only when a step awaits something, and has a small buffer for the rest */
    bool narrow;  /* gets small segments, for which the server's system keeps little */
    bool lenient; /* the server may turn it away before anything came back */
};

#define STEP(...) ((struct step){.kind = __VA_ARGS__})
#define SCRIPT(...)                                                                                \
    ((struct script){.steps = {__VA_ARGS__},                                                       \
                     .count = sizeof(struct step[]){__VA_ARGS__} / sizeof(struct step)})

/* A random number below `limit`, which is not 0. The state is all there is to a generator. */
uint32_t random_below(uint64_t *state, uint32_t limit);
uint64_t random_hash(uint64_t seed, const char *name);

/* Any script that a good server can serve. */
struct script script_random(uint64_t *random);

/* The script as text: "send 100 in pieces of 7; half-close; end". */
void script_text(const struct script *script, char *text, size_t size);

/* The bytes of a client's stream from a place on. */
void stream_fill(uint64_t key, uint64_t place, unsigned char *bytes, size_t count);

#endif
