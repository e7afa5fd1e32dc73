/* The checks that watch what the server's processes use: processor, descriptors, threads, memory.
 */
#include "checks.h"
#include "clock.h"
#include "machine/machine.h"

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

/* ---- Clients that do not read ---- */

enum {
    HELD = 16 << 20,        /* bytes of one client that a server may hold, as R7.24 says */
    BUFFERS_MAX = 512 << 20 /* bytes that the system keeps are taken to be no more */
};

static uint32_t too_much;

static struct script without_end(int number, uint64_t *random)
{
    struct script script =
        SCRIPT(STEP(FLOOD, too_much, 1 + random_below(random, 60000)), STEP(HOLD), STEP(RESET));

    (void)number;
    script.deaf = true;
    return script;
}

/* The deaf client has small buffers itself, so most is where the server is. */
static enum hold has_taken_all(void *context, struct tally *tally)
{
    (void)context;
    if (tally->bytes < too_much)
        return HOLD_GOES_ON;
    say(tally,
        "the server took %u MiB from a client that reads nothing; the system keeps %u of them",
        too_much >> 20, (too_much - HELD) >> 20);
    return HOLD_IS_WRONG;
}

void check_flood(struct attack *attack)
{
    struct crowd_plan plan = {.name = attack->name, .count = 1, .at_once = 1};
    unsigned long kept = machine_buffers();

    too_much = (uint32_t)(kept < BUFFERS_MAX ? kept : BUFFERS_MAX) + HELD;
    plan.script = without_end;
    plan.at_hold = has_taken_all;
    crowd_attack(&plan, attack->target, &attack->tally);
}

enum {
    STALLED = 8, /* clients */
    TURNS = 5,   /* of the others without them, and as many beside them */
    MUCH = 5     /* times: how much later is too late */
};

/* While they hold, the others are served; they fill the buffers half-way. */
static struct script stalling(int number, uint64_t *random)
{
    struct script script =
        SCRIPT(STEP(HOLD), STEP(HOLD), STEP(HOLD), STEP(HOLD), STEP(HOLD), STEP(HOLD),
               STEP(FLOOD, 32 << 20, 1 + random_below(random, 60000)), STEP(HOLD), STEP(HOLD),
               STEP(HOLD), STEP(HOLD), STEP(HOLD), STEP(HOLD), STEP(RESET));

    (void)number;
    script.deaf = true;
    return script;
}

struct turns {
    int count;
    double begun, least[2]; /* seconds for a turn: without, and beside those that stall */
};

/* The quickest turns tell most, since much else can make one slow. */
static enum hold time_turn(void *context, struct tally *tally)
{
    struct turns *turns = context;
    double now = clock_of_server(), took = now - turns->begun;
    int which = turns->count > TURNS, turn = turns->count++ % (TURNS + 1);

    turns->begun = now;
    if (turn > 0 && (turn == 1 || took < turns->least[which]))
        turns->least[which] = took;
    if (turn < TURNS || !which || turns->least[1] <= MUCH * turns->least[0])
        return HOLD_GOES_ON;
    say(tally,
        "beside %d clients that do not read, others are served in %.0f ms, and without in %.0f",
        STALLED, 1000 * turns->least[1], 1000 * turns->least[0]);
    return HOLD_IS_WRONG;
}

void check_stalled(struct attack *attack)
{
    struct turns turns = {0};
    struct crowd_plan plan = {.name = attack->name, .count = STALLED, .at_once = STALLED};

    plan.script = stalling;
    plan.at_hold = time_turn;
    plan.context = &turns;
    crowd_attack(&plan, attack->target, &attack->tally);
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

/* Nobody sends anything meanwhile. A good server rests most of the time in at least one of several
 * windows of time; a server that spins never does. */
enum hold rests(void *context, struct tally *tally)
{
    const double window = 0.1, little = 0.2;
    double share = 1;
    int i;

    (void)context;
    for (i = 0; i < 10 && share > little; i++)
        share = clock_share(window);
    if (share > little)
        say(tally, "the server uses %.0f %% of a processor while nobody sends anything",
            100 * share);
    return share <= little ? HOLD_GOES_ON : HOLD_IS_WRONG;
}

void check_rest(struct attack *attack)
{
    struct crowd_plan plan = {.name = attack->name, .count = 8, .at_once = 8};

    plan.script = idling;
    plan.at_hold = rests;
    crowd_attack(&plan, attack->target, &attack->tally);
}

/* ---- Descriptors ---- */

/* Whether the server closes the connections of clients that have gone. */
static bool recovers(struct attack *attack)
{
    if (server_has_recovered(attack->server, attack->target->patience, attack->tally.reason, false))
        return true;
    attack->tally.failed = attack->tally.left = true;
    return false;
}

/* ---- Half-closed clients that stay ---- */

enum { STAYING = 24 };

static struct script staying(int number, uint64_t *random)
{
    struct script script =
        SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(HOLD), STEP(SEND, 1 + random_below(random, 8000)),
               STEP(HALF_CLOSE), STEP(HOLD), STEP(END));

    (void)number;
    script.deaf = true;
    return script;
}

struct stay {
    struct attack *attack;
    int clients;
    int sockets; /* before anybody has half-closed; 0: not known yet */
};

/* At first nobody has half-closed, then everybody but the regular has. The server may have several
 * descriptors for each client, which it then has for the regular. */
static enum hold is_done_with_them(void *context, struct tally *tally)
{
    struct stay *stay = context;
    const struct attack *attack = stay->attack;
    int first = attack->server->first.sockets, now;
    int a_client = (stay->sockets - first) / (stay->clients + 1);
    double start = clock_of_server();

    if (stay->sockets == 0) {
        stay->sockets = server_usage(attack->server).sockets;
        return HOLD_GOES_ON;
    }
    while ((now = server_usage(attack->server).sockets) > first + a_client) {
        if (clock_of_server() > start + attack->target->patience) {
            say(tally, "%d clients have half-closed, but the server keeps %d sockets too many",
                stay->clients, now - first - a_client);
            return HOLD_IS_WRONG;
        }
        clock_wait();
    }
    return HOLD_GOES_ON;
}

void check_answered(struct attack *attack)
{
    int count = attack->connections < STAYING ? attack->connections : STAYING;
    struct stay stay = {.attack = attack, .clients = count};
    struct crowd_plan plan = {.name = attack->name, .count = count, .at_once = count};

    plan.script = staying;
    plan.no_newcomers = true;
    plan.at_hold = is_done_with_them;
    plan.context = &stay;
    crowd_attack(&plan, attack->target, &attack->tally);
}

/* ---- Too few descriptors ---- */

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
    server_unlimit(attack->server, &before);
}

/* ---- Everything, in rounds ---- */

enum {
    FIRST = 12,    /* rounds after which the server is judged, and after each doubling of them */
    LONG = 96,     /* rounds after which a collector must have been at work */
    ROUNDS = 384,  /* at most */
    VISITS = 200,  /* clients a round */
    VISITORS = 4,  /* at once: memory that many clients leave free would hide what is lost */
    NOISE = 12,    /* bytes a client that may be lost: most allocators waste some over time */
    LOSS = 30,     /* bytes a client that are no waste, if they are lost all the time */
    GARBAGE = 512, /* bytes a client that a collector may leave for longer than LONG */
    PAGES = 16,    /* KiB that may be lost however few the clients */
    BLOCKS = 8     /* of the later rounds, in each of which a server that leaks must have grown */
};

/* Clients that leave in every way in which a client can. */
static struct script visiting(int number, uint64_t *random)
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

/* What the server used after each round. */
struct rounds {
    struct usage usage[ROUNDS];
    int count, clients; /* clients a round */
};

/* Take over the larger of each figure; if the sign is -1, the smaller. */
static void widen(struct usage *usage, const struct usage *other, int sign)
{
    int *const mine[] = {&usage->threads, &usage->descriptors, &usage->processes};
    const int others[] = {other->threads, other->descriptors, other->processes};
    size_t i;

    for (i = 0; i < 3; i++)
        *mine[i] = sign * others[i] > sign * *mine[i] ? others[i] : *mine[i];
    usage->memory = sign * other->memory > sign * usage->memory ? other->memory : usage->memory;
}

/* The most that was used of each kind after one of the rounds from `begin` to `end`. */
static struct usage peak(const struct rounds *rounds, int begin, int end)
{
    struct usage most = rounds->usage[begin];

    for (; begin < end; begin++)
        widen(&most, &rounds->usage[begin], 1);
    return most;
}

/* The least. */
static struct usage lowest(const struct rounds *rounds, int begin, int end)
{
    struct usage least = rounds->usage[begin];

    for (; begin < end; begin++)
        widen(&least, &rounds->usage[begin], -1);
    return least;
}

/* What the memory grew by in the second half of so many rounds, in KiB: from peak to peak. */
static long growth(const struct rounds *rounds, int count)
{
    return peak(rounds, count / 2, count).memory - peak(rounds, 0, count / 2).memory;
}

/* In the second half of the rounds. */
static long bytes_a_client(const struct rounds *rounds)
{
    return growth(rounds, rounds->count) * 1024 / (rounds->clients * (rounds->count / 2));
}

/* Nothing has been seen that grows with the clients. */
static bool is_level(const struct rounds *rounds)
{
    struct usage before = peak(rounds, 0, rounds->count / 2);
    struct usage now = peak(rounds, rounds->count / 2, rounds->count);

    return (growth(rounds, rounds->count) <= PAGES || bytes_a_client(rounds) < NOISE) &&
           now.threads <= before.threads && now.descriptors <= before.descriptors &&
           now.processes <= before.processes;
}

/* Whether the least of threads, of descriptors or of processes is in each block of the later rounds
 * more than in the block before. What a server keeps for as many clients as there were at the same
 * time grows ever more seldom. */
static bool climbs(const struct rounds *rounds)
{
    int half = rounds->count / 2, length = half / BLOCKS, i, kinds = 7;
    struct usage last = {0}, next;

    if (rounds->count < LONG)
        return false;
    for (i = 0; i < BLOCKS; i++, last = next) {
        next = lowest(rounds, half + i * length, half + (i + 1) * length);
        kinds &= (next.threads > last.threads) | (next.descriptors > last.descriptors) << 1 |
                 (next.processes > last.processes) << 2;
    }
    return kinds != 0;
}

/* Whether the least memory of each block of the later rounds is more than that of the block before,
 * by much the same. */
static bool grows_steadily(const struct rounds *rounds)
{
    int half = rounds->count / 2, length = half / BLOCKS, i;
    long first = lowest(rounds, half, half + length).memory, last = first, next;
    long whole = lowest(rounds, rounds->count - length, rounds->count).memory - first;

    for (i = 1; i < BLOCKS; i++, last = next) {
        next = lowest(rounds, half + i * length, half + (i + 1) * length).memory;
        if (next <= last || (next - last) * 2 * (BLOCKS - 1) < whole)
            return false;
    }
    return true;
}

/* Whether what the server uses grows with its clients: steadily, and with twice as many by about
 * twice as much. What an allocator or a collector keeps grows ever more slowly, or in leaps. */
static bool grows(const struct rounds *rounds)
{
    long now = growth(rounds, rounds->count), before = growth(rounds, rounds->count / 2);

    return rounds->count >= LONG && bytes_a_client(rounds) >= LOSS && before > 0 &&
           2 * now >= 3 * before && 2 * before >= 3 * growth(rounds, rounds->count / 4) &&
           grows_steadily(rounds);
}

/* Whether it is certain enough that it is a collector, if it is anything, that keeps more. */
static bool wavers(const struct rounds *rounds)
{
    return rounds->count >= LONG && !grows_steadily(rounds) &&
           growth(rounds, rounds->count) <= peak(rounds, 0, rounds->count).memory / 16;
}

static bool is_told(const struct rounds *rounds)
{
    return is_level(rounds) || wavers(rounds) || climbs(rounds) || rounds->count == ROUNDS ||
           (grows(rounds) && bytes_a_client(rounds) < GARBAGE);
}

/* Returns whether all is well with each single round. */
static bool visit(struct attack *attack, struct rounds *rounds, int count)
{
    for (; rounds->count < count; rounds->count++) {
        if (!send_clients(attack, rounds->clients, VISITORS, visiting) || !recovers(attack))
            return false;
        rounds->usage[rounds->count] = server_usage(attack->server);
    }
    return true;
}

static void report_rounds(struct tally *tally, const struct rounds *rounds)
{
    int half = rounds->count / 2, clients = half * rounds->clients;
    struct usage before = peak(rounds, 0, half), now = peak(rounds, half, rounds->count);

    if (now.memory < 0) {
        tally->unknown = true;
        say(tally, "this machine does not tell how much memory a process has");
    } else if (climbs(rounds) || !(is_level(rounds) || wavers(rounds))) {
        tally->failed = tally->left = grows(rounds) || climbs(rounds);
        tally->unknown = !tally->failed;
        say(tally,
            "%s: %ld KiB, %d threads, %d descriptors after %d clients; %ld KiB, %d threads, %d "
            "descriptors after %d",
            tally->failed ? "it grows" : "it may grow", before.memory, before.threads,
            before.descriptors, clients, now.memory, now.threads, now.descriptors, 2 * clients);
    } else {
        say(tally, "%d descriptors, %d threads, %ld KiB, no %sgrowth in the last %d of %d rounds",
            now.descriptors, now.threads, now.memory, is_level(rounds) ? "" : "steady ", half,
            rounds->count);
    }
}

/* The same clients again and again. The server may grow at first, because it keeps things for the
 * next clients and because of its allocator or its collector; a good server levels off. */
void check_rounds(struct attack *attack)
{
    struct rounds rounds = {.clients = attack->connections < VISITS ? attack->connections : VISITS};
    int count = FIRST;

    while (visit(attack, &rounds, count)) {
        if (is_told(&rounds)) {
            report_rounds(&attack->tally, &rounds);
            return;
        }
        count *= 2;
    }
}
