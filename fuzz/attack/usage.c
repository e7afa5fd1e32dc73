/* The checks for which the server's process is watched: processor, descriptors, threads, memory. */
#include "checks.h"

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

/* Silent ones, one that has flooded the server, and half-closed ones that have not read. */
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

/* While we sleep nobody sends anything. Of several windows of time there is one in which the server
 * rests; one that spins uses all it gets in each of them. */
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
        say(tally, "it uses %.0f %% of a processor while nobody sends anything",
            100 * used / window);
    return used <= little;
}

void check_rest(struct trial *trial)
{
    struct crowd crowd = {.name = trial->name, .count = 8, .at_once = 8};

    crowd.script = idling;
    crowd.at_hold = rests;
    crowd_run(&crowd, trial->target, &trial->tally);
}

/* ---- Descriptors ---- */

/* Whether what the server had for clients that have gone has gone as well. */
static bool recovers(struct trial *trial)
{
    if (server_has_recovered(trial->server, trial->target->patience, trial->tally.reason))
        return true;
    trial->tally.failed = true;
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

/* The server has fewer descriptors than clients, and later has them back. */
void check_exhaustion(struct trial *trial)
{
    struct crowd crowd = {.name = trial->name, .count = TOO_MANY, .at_once = TOO_MANY};
    struct rlimit before;

    crowd.script = cramming;
    crowd.no_newcomers = true;
    if (!server_limit(trial->server, PLACES, &before)) {
        trial->tally.unknown = true;
        say(&trial->tally, "the limit of its descriptors cannot be lowered");
        return;
    }
    if (crowd_run(&crowd, trial->target, &trial->tally) && recovers(trial))
        send_crowd(trial, 20, 1, calling);
    prlimit(trial->server->pid, RLIMIT_NOFILE, &before, NULL);
}

/* ---- Everything, in rounds ---- */

enum {
    ROUNDS = 100, /* at most: a heap whose garbage is collected takes long to level off */
    FEWEST = 24,  /* if patience ends before that */
    WINDOW = 8,   /* rounds in which it must not have grown any more */
    VISITS = 200, /* a round */
    VISITORS = 4, /* at once: what many leave free would hide what is lost */
    NOISE = 12,   /* bytes a client: no allocator gives less, and most waste some by and by */
    PAGES = 16    /* KiB, however few the clients */
};

/* In every way in which a client can leave. */
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

/* The same clients again and again. The first rounds fill what the server keeps for the next ones;
 * an allocator takes what it takes, but with a good server it comes to an end of it. */
void check_rounds(struct trial *trial)
{
    int clients = trial->connections < VISITS ? trial->connections : VISITS;
    struct tally *tally = &trial->tally;
    double end = now() + trial->target->patience;
    struct usage most[ROUNDS], usage;
    int round = 0;

    do {
        if (!send_crowd(trial, clients, VISITORS, visit))
            return;
        if (!recovers(trial))
            return;
        usage = server_usage(trial->server);
        note_most(most, round, &usage);
        if (round >= WINDOW && is_level(most, round, clients)) {
            say(tally, "%d descriptors, %d threads, %ld KiB, no more in the last %d of %d rounds",
                usage.descriptors, usage.threads, usage.memory, WINDOW, round + 1);
            return;
        }
    } while (++round < ROUNDS && (round < FEWEST || now() < end));
    tally->failed = true;
    say(tally, "it grows: %ld KiB, %d threads after %d clients; %ld KiB, %d threads after %d",
        most[WINDOW].memory, most[WINDOW].threads, WINDOW * clients, usage.memory, usage.threads,
        round * clients);
}
