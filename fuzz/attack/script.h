/* A script: what one client does, step by step, and the bytes that it sends. Both are a function of
 * the seed, so that the same seed sends the same bytes in the same pieces. */
#ifndef ATTACK_SCRIPT_H
#define ATTACK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    SEND,       /* the next `count` bytes, in pieces of `piece` */
    FLOOD,      /* the same, but go on when the server has taken nothing for a while */
    AWAIT,      /* until `count` more bytes have come back, or all with 0; `piece` at a time */
    PAUSE,      /* for `count` milliseconds */
    HOLD,       /* until everybody holds and the witnesses have been served meanwhile */
    AGAIN,      /* from the first step, `count` times */
    HALF_CLOSE, /* say that nothing follows */
    END,        /* until all has come back and the server has said that nothing follows */
    CLOSE,      /* both directions, whatever was not read */
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
    bool deaf;    /* reads only where a step awaits something, and has little room for the rest */
    bool lenient; /* it may be turned away before anything came back */
};

#define STEP(...) ((struct step){.kind = __VA_ARGS__})
#define SCRIPT(...)                                                                                \
    ((struct script){.steps = {__VA_ARGS__},                                                       \
                     .count = sizeof(struct step[]){__VA_ARGS__} / sizeof(struct step)})

/* A generator of random numbers is a state; numbers below `limit`, which is not 0. */
uint32_t random_below(uint64_t *state, uint32_t limit);
uint64_t random_hash(uint64_t seed, const char *name);

/* Anything that a client may do and that the server must not mind. */
struct script script_random(uint64_t *random);

/* As a person reads it: "send 100 in pieces of 7, half-close, end". */
void script_text(const struct script *script, char *text, size_t size);

/* Bytes of the stream of a client. */
void stream_fill(uint64_t key, uint64_t place, unsigned char *bytes, size_t count);

#endif
