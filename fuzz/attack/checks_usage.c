/* The checks that watch what the server's processes use: processor, descriptors, threads, memory.
 */
#include "checks.h"
#include "clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 3))) static void say(struct tally *tally, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(tally->reason, sizeof tally->reason, format, list);
    va_end(list);
}

/* ---- The processor ---- */

/* Silent clients, clients that have flooded the server, and half-closed ones that have not read. */
static struct script idling(int number, uint64_t *random)
{
    struct script script;

    (void)random;
    if (number % 4 == 0)
        return SCRIPT(STEP(HOLD));
    if (number % 4 == 1)
        return SCRIPT(STEP(SEND, 100), STEP(AWAIT), STEP(HOLD), STEP(HALF_CLOSE), STEP(END));
    if (number % 4 == 2)
        script =
            SCRIPT(STEP(SEND, 10000), STEP(HALF_CLOSE), STEP(PAUSE, 50), STEP(HOLD), STEP(END));
    else
        script = SCRIPT(STEP(FLOOD, 8 << 20, 10000), STEP(HOLD), STEP(HALF_CLOSE), STEP(END));
    script.deaf = true;
    return script;
}

/* Nobody sends anything while we sleep. A good server rests in at least one of several windows of
 * time; a server that spins uses all the processor time it gets in every one. */
static bool rests(void *context, struct tally *tally)
{
    const double window = 0.1, little = window / 50;
    double used = 1;
    int i;

    (void)context;
    for (i = 0; i < 20 && used > little; i++) {
        double before = server_processor_time();

        poll(NULL, 0, (int)(window * 1000));
        used = server_processor_time() - before;
    }
    if (used > little)
        say(tally, "the server uses %.0f %% of a processor while nobody sends anything",
            100 * used / window);
    return used <= little;
}

void check_rest(struct attack *attack)
{
    struct crowd_plan plan = {.name = attack->name, .count = 8, .at_once = 8};

    plan.script = idling;
    plan.at_hold = rests;
    crowd_attack(&plan, attack->target, &attack->tally);
}

/* ---- Descriptors ---- */

/* Whether the server gives back what it used for clients that have gone. */
static bool recovers(struct attack *attack)
{
    if (server_has_recovered(attack->server, attack->target->patience, attack->tally.reason))
        return true;
    attack->tally.failed = true;
    return false;
}

enum { PLACES = 16, TOO_MANY = 64 };

static struct script cramming(int number, uint64_t *random)
{
    struct script script = SCRIPT(STEP(SEND, 1), STEP(PAUSE, 200), STEP(HOLD), STEP(CLOSE));

    (void)number;
    (void)random;
    script.lenient = true;
    return script;
}

static struct script calling(int number, uint64_t *random)
{
    (void)number;
    (void)random;
    return SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));
}

/* For a while the server has fewer descriptors than clients. */
void check_exhaustion(struct attack *attack)
{
    struct crowd_plan plan = {.name = attack->name, .count = TOO_MANY, .at_once = TOO_MANY};
    struct rlimit before;

    plan.script = cramming;
    plan.no_newcomers = true;
    if (!server_limit(attack->server, PLACES, &before)) {
        attack->tally.unknown = true;
        say(&attack->tally, "the limit on the server's descriptors cannot be lowered");
        return;
    }
    if (crowd_attack(&plan, attack->target, &attack->tally) && recovers(attack))
        send_clients(attack, 20, 1, calling);
    prlimit(attack->server->pid, RLIMIT_NOFILE, &before, NULL);
}

/* ---- Everything, in rounds ---- */

enum {
    ROUNDS = 100, /* at most: a garbage-collected heap takes long to level off */
    FEWEST = 24,  /* rounds, even if patience ends before that */
    WINDOW = 8,   /* rounds in which the server must not have grown */
    VISITS = 200, /* clients a round */
    VISITORS = 4, /* at once: memory that many clients leave free would hide what is lost */
    NOISE = 12,   /* bytes a client that may be lost: most allocators waste some over time */
    PAGES = 16    /* KiB that may be lost however few the clients */
};

/* Clients that leave in every way in which a client can. */
static struct script visit(int number, uint64_t *random)
{
    uint32_t size = 1 + random_below(random, 20000);

    switch (number % 8) {
    case 0:
        return SCRIPT(STEP(SEND, size), STEP(RESET));
    case 1:
        return SCRIPT(STEP(SEND, size), STEP(AWAIT), STEP(RESET));
    case 2:
        return SCRIPT(STEP(CLOSE));
    case 3:
        return SCRIPT(STEP(SEND, size), STEP(CLOSE));
    case 4:
        return SCRIPT(STEP(SEND, size), STEP(HALF_CLOSE), STEP(RESET));
    default:
        return SCRIPT(STEP(SEND, size, 1000), STEP(HALF_CLOSE), STEP(END));
    }
}

/* The most that was used in any round up to this one. */
static void note_most(struct usage *most, int round, const struct usage *usage)
{
    most[round] = *usage;
#define AT_LEAST(what)                                                                             \
    if (round > 0 && most[round].what < most[round - 1].what)                                      \
    most[round].what = most[round - 1].what
    AT_LEAST(descriptors);
    AT_LEAST(threads);
    AT_LEAST(memory);
#undef AT_LEAST
}

static bool is_level(const struct usage *most, int round, int clients)
{
    const struct usage *before = &most[round - WINDOW], *after = &most[round];
    long noise = (long)NOISE * WINDOW * clients / 1024;

    return after->descriptors == before->descriptors && after->threads == before->threads &&
           after->memory - before->memory <= (noise > PAGES ? noise : PAGES);
}

/* The same clients again and again. In the first rounds the server may grow, because it keeps
 * things for the next clients and because of its allocator; a good server levels off. */
void check_rounds(struct attack *attack)
{
    int clients = attack->connections < VISITS ? attack->connections : VISITS;
    struct tally *tally = &attack->tally;
    double end = clock_now() + attack->target->patience;
    struct usage most[ROUNDS], usage;
    int round = 0;

    do {
        if (!send_clients(attack, clients, VISITORS, visit))
            return;
        if (!recovers(attack))
            return;
        usage = server_usage(attack->server);
        note_most(most, round, &usage);
        if (round >= WINDOW && is_level(most, round, clients)) {
            say(tally, "%d descriptors, %d threads, %ld KiB, no growth in the last %d of %d rounds",
                usage.descriptors, usage.threads, usage.memory, WINDOW, round + 1);
            return;
        }
    } while (++round < ROUNDS && (round < FEWEST || clock_now() < end));
    tally->failed = true;
    say(tally, "it grows: %ld KiB, %d threads after %d clients; %ld KiB, %d threads after %d",
        most[WINDOW].memory, most[WINDOW].threads, WINDOW * clients, usage.memory, usage.threads,
        round * clients);
}
