/* Makes scripts and streams from random numbers, and shows scripts to people. */
#include "script.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* ---- Random numbers: splitmix64, which is equally good from every state ---- */

#define GOLDEN 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)((mix(*state += GOLDEN) >> 32) * limit >> 32);
}

uint64_t random_hash(uint64_t seed, const char *name)
{
    for (; *name; name++)
        seed = mix(seed + GOLDEN) ^ (unsigned char)*name;
    return mix(seed + GOLDEN);
}

/* Each eight bytes of a stream depend on its key and on their place. So a byte that was lost,
 * doubled, or taken from another client shows within the next few bytes. */
void stream_fill(uint64_t key, uint64_t place, unsigned char *bytes, size_t count)
{
    while (count > 0) {
        uint64_t word = htole64(mix(key + place / 8 * GOLDEN));
        size_t skip = place % 8, n = 8 - skip < count ? 8 - skip : count;

        memcpy(bytes, (unsigned char *)&word + skip, n);
        bytes += n;
        place += n;
        count -= n;
    }
}

/* ---- Random scripts ---- */

/* Small numbers are more frequent than large ones; so are sizes at which buffers end. */
static uint32_t random_size(uint64_t *random, int highest_power)
{
    uint32_t power = 1u << random_below(random, (uint32_t)highest_power + 1);

    switch (random_below(random, 4)) {
    case 0:
        return power;
    case 1:
        return power + random_below(random, 3); /* one or two more */
    default:
        return 1 + random_below(random, power);
    }
}

static void add(struct script *script, struct step step)
{
    script->steps[script->count++] = step;
}

/* A few hundred pieces at most, since each costs us a system call too. */
static uint32_t random_piece(uint64_t *random, uint32_t count)
{
    return count / 300 + random_size(random, 16);
}

/* The client reads all that comes, or piece by piece. */
static struct step random_reading(enum step_kind kind, uint64_t *random, uint32_t unread)
{
    return STEP(kind, 0, random_below(random, 2) ? random_piece(random, unread) : 0);
}

static void add_ending(struct script *script, uint64_t *random, uint32_t unread)
{
    switch (random_below(random, 8)) {
    case 0:
        add(script, STEP(RESET));
        break;
    case 1:
        add(script, STEP(CLOSE));
        break;
    case 2:
        add(script, STEP(HALF_CLOSE));
        add(script, STEP(random_below(random, 2) ? RESET : CLOSE));
        break;
    default:
        add(script, STEP(HALF_CLOSE));
        if (random_below(random, 4) == 0)
            add(script, STEP(PAUSE, random_below(random, 20)));
        add(script, random_reading(END, random, unread));
    }
}

enum {
    UNREAD = 1 << 14, /* bytes that any server takes from a client that does not read */
    MUCH_POWER = 18
};

/* A server may read nothing until it has written its answer. So a deaf client never sends more than
 * such a server takes. */
struct script script_random(uint64_t *random)
{
    struct script script = {.deaf = random_below(random, 4) == 0};
    uint32_t unread = 0, count, steps = random_below(random, STEPS - 3);

    while (script.count < (int)steps)
        switch (random_below(random, 6)) {
        case 0:
            add(&script, STEP(PAUSE, random_below(random, 30)));
            break;
        case 1:
        case 2:
            add(&script, random_reading(AWAIT, random, unread));
            unread = 0;
            break;
        default:
            count = random_size(random, script.deaf ? 12 : MUCH_POWER);
            if (script.deaf && unread + count > UNREAD)
                break;
            add(&script, STEP(SEND, count, random_piece(random, count)));
            unread += count;
        }
    add_ending(&script, random, unread);
    return script;
}

/* ---- As text ---- */

static const char *const names[] = {
    [SEND] = "send",   [FLOOD] = "flood", [AWAIT] = "await",           [PAUSE] = "pause",
    [HOLD] = "hold",   [AGAIN] = "again", [HALF_CLOSE] = "half-close", [END] = "end",
    [CLOSE] = "close", [RESET] = "reset"};

static int step_text(const struct step *step, char *text, size_t size)
{
    const char *name = names[step->kind];

    switch (step->kind) {
    case SEND:
    case FLOOD:
        return step->piece > 0 && step->piece < step->count
                   ? snprintf(text, size, "%s %u in pieces of %u", name, step->count, step->piece)
                   : snprintf(text, size, "%s %u", name, step->count);
    case AWAIT:
    case END:
        if (step->count > 0 && step->piece > 0)
            return snprintf(text, size, "%s %u, %u at a time", name, step->count, step->piece);
        if (step->piece > 0)
            return snprintf(text, size, "%s, %u at a time", name, step->piece);
        if (step->count > 0)
            return snprintf(text, size, "%s %u", name, step->count);
        break;
    case PAUSE:
        return snprintf(text, size, "%s %u ms", name, step->count);
    case AGAIN:
        if (step->count < ENDLESS)
            return snprintf(text, size, "%s %u times", name, step->count);
        break;
    default:
        break;
    }
    return snprintf(text, size, "%s", name);
}

void script_text(const struct script *script, char *text, size_t size)
{
    size_t length = 0;
    int i;

    if (script->deaf)
        length = (size_t)snprintf(text, size, script->narrow ? "(deaf, narrow) " : "(deaf) ");
    for (i = 0; i < script->count && length < size; i++) {
        if (i > 0)
            length += (size_t)snprintf(&text[length], size - length, "; ");
        if (length < size)
            length += (size_t)step_text(&script->steps[i], &text[length], size - length);
    }
}
