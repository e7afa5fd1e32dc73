/* The checks that differ in the traffic that they send. A script depends on the client's number in
 * its crowd, so that the clients of one crowd differ. */
#include "checks.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { MEGABYTE = 1 << 20, THOUSAND = 1000 };

bool send_clients(struct attack *attack, int count, int at_once, script_maker *script)
{
    struct crowd_plan plan = {.name = attack->name, .count = count, .at_once = at_once};

    plan.script = script;
    if (at_once == 0 || plan.at_once > count)
        plan.at_once = count;
    if (plan.at_once > attack->connections)
        plan.at_once = attack->connections;
    return crowd_attack(&plan, attack->target, &attack->tally);
}

/* This share of the connections that we may have, but a few in any case. */
static int share(const struct attack *attack, int percent)
{
    int count = (int)((long)attack->connections * percent / 100);

    return count < 12 ? 12 : count;
}

/* This many clients, or fewer if we may have fewer connections. */
static int at_most(const struct attack *attack, int count)
{
    return count < attack->connections ? count : attack->connections;
}

/* ---- Orderly clients ---- */

static struct script one_byte(int number, uint64_t *random)
{
    (void)number;
    (void)random;
    return SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));
}

void check_byte(struct attack *attack)
{
    send_clients(attack, 3, 1, one_byte);
}

/* Sizes around those at which buffers end. */
static struct script pieces(int number, uint64_t *random)
{
    static const uint32_t sizes[] = {1,    2,    3,    7,    64,    100,   255,   256,
                                     257,  511,  512,  1023, 1024,  1025,  2048,  4095,
                                     4096, 4097, 8191, 8192, 16383, 16385, 65535, 65536};
    uint32_t piece = sizes[number % COUNT(sizes)], other = sizes[random_below(random, 24)];

    return SCRIPT(STEP(SEND, piece), STEP(AWAIT), STEP(SEND, 20 * piece, piece), STEP(AWAIT),
                  STEP(SEND, 40000, 1 + random_below(random, 20000)), STEP(SEND, other),
                  STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));
}

void check_pieces(struct attack *attack)
{
    send_clients(attack, 48, 8, pieces);
}

static struct script megabytes(int number, uint64_t *random)
{
    uint32_t piece = number == 0 ? 65536 : 1 + random_below(random, 60000);

    return SCRIPT(STEP(SEND, 4 * MEGABYTE, piece), STEP(AWAIT), STEP(SEND, 100), STEP(AWAIT),
                  STEP(HALF_CLOSE), STEP(END));
}

void check_stream(struct attack *attack)
{
    send_clients(attack, 4, 4, megabytes);
}

static struct script last_words(int number, uint64_t *random)
{
    static const uint32_t sizes[] = {0, 1, 4096, 10000, 65536, 200000, MEGABYTE, 3 * MEGABYTE};
    uint32_t size = sizes[number % COUNT(sizes)];

    return SCRIPT(STEP(SEND, size, 1 + random_below(random, 50000)), STEP(HALF_CLOSE), STEP(END));
}

void check_half_close(struct attack *attack)
{
    send_clients(attack, 32, 8, last_words);
}

static struct script all_together(int number, uint64_t *random)
{
    (void)number;
    return SCRIPT(STEP(HOLD), STEP(SEND, 8), STEP(AWAIT), STEP(HOLD),
                  STEP(SEND, 1 + random_below(random, 500), 100), STEP(AWAIT), STEP(HALF_CLOSE),
                  STEP(END));
}

void check_crowd(struct attack *attack)
{
    send_clients(attack, attack->connections, 0, all_together);
}

void check_queue(struct attack *attack)
{
    send_clients(attack, THOUSAND, 1, one_byte);
}

/* ---- Clients that take their time ---- */

enum { SILENCE = 300 };

static struct script silence(int number, uint64_t *random)
{
    uint32_t size = 1 + random_below(random, 100);

    if (number % 2 == 0)
        return SCRIPT(STEP(PAUSE, SILENCE), STEP(HOLD), STEP(SEND, size), STEP(AWAIT),
                      STEP(HALF_CLOSE), STEP(END));
    return SCRIPT(STEP(SEND, size), STEP(AWAIT), STEP(PAUSE, SILENCE), STEP(HOLD), STEP(SEND, size),
                  STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));
}

void check_silent(struct attack *attack)
{
    send_clients(attack, share(attack, 25), 0, silence);
}

static struct script flood(int number, uint64_t *random)
{
    static const struct step ends[] = {{.kind = END}, {.kind = RESET}, {.kind = CLOSE}};
    uint32_t piece = 1 + random_below(random, 60000);
    struct script script = SCRIPT(STEP(FLOOD, 8 * MEGABYTE, piece), STEP(HOLD), STEP(HALF_CLOSE),
                                  ends[number % COUNT(ends)]);

    script.deaf = true;
    return script;
}

void check_deaf(struct attack *attack)
{
    send_clients(attack, 6, 0, flood);
}

static struct script dawdling(int number, uint64_t *random)
{
    struct script script = SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(PAUSE, random_below(random, 30)),
                                  STEP(AGAIN, 10), STEP(HALF_CLOSE), STEP(PAUSE, 50), STEP(END));

    if (number % 2 == 0)
        return script;
    script = SCRIPT(STEP(SEND, 600, 100), STEP(PAUSE, random_below(random, 40)), STEP(AWAIT, 40, 1),
                    STEP(AGAIN, 10), STEP(HALF_CLOSE), STEP(END, 0, 7));
    script.deaf = true;
    return script;
}

void check_slow(struct attack *attack)
{
    send_clients(attack, share(attack, 5), 0, dawdling);
}

/* ---- Clients that go away ---- */

static struct script departure(int number, uint64_t *random)
{
    uint32_t size = 1 + random_below(random, 30000);
    struct script script;

    switch (number % 5) {
    case 0: /* before anything was sent */
        return SCRIPT(STEP(RESET));
    case 1: /* before the answer */
        return SCRIPT(STEP(SEND, size, 1000), STEP(RESET));
    case 2: /* in the middle */
        return SCRIPT(STEP(SEND, 300), STEP(AWAIT), STEP(SEND, size), STEP(AWAIT, 1), STEP(RESET));
    case 3: /* before the server's answer arrives */
        return SCRIPT(STEP(SEND, size, 2000), STEP(CLOSE));
    default: /* while it is being written to */
        script = SCRIPT(STEP(FLOOD, 400000, 20000), STEP(RESET));
        script.deaf = true;
        return script;
    }
}

void check_resets(struct attack *attack)
{
    send_clients(attack, at_most(attack, 200), 50, departure);
}

static struct script passing_by(int number, uint64_t *random)
{
    (void)random;
    switch (number % 4) {
    case 0:
        return SCRIPT(STEP(SEND, 10), STEP(CLOSE));
    case 1:
        return SCRIPT(STEP(HALF_CLOSE), STEP(CLOSE));
    default:
        return SCRIPT(STEP(CLOSE));
    }
}

void check_storm(struct attack *attack)
{
    send_clients(attack, 2 * at_most(attack, THOUSAND), 100, passing_by);
}

/* They half-close, stay, and read nothing until all hold. The first few have sent ever more. Of
 * some the end has then reached the system of the server, which still waits to send to them; of
 * those that have sent more than the systems keep, it comes when they read. */
enum { NARROW = 40 };

static struct script half_open(int number, uint64_t *random)
{
    uint32_t size = number % 3 == 0 ? 0 : 1 + random_below(random, 16000);
    struct script script = SCRIPT(STEP(SEND, size, 1 + random_below(random, 4000)),
                                  STEP(HALF_CLOSE), STEP(HOLD), STEP(END, 0, 5000));

    script.narrow = number < NARROW;
    if (script.narrow)
        script.steps[0] = STEP(FLOOD, ((uint32_t)number + 1) * 60000, 10000);
    else if (number % 7 == 6)
        script.steps[3] = STEP(RESET);
    script.deaf = true;
    return script;
}

void check_half_open(struct attack *attack)
{
    send_clients(attack, share(attack, 25), 0, half_open);
}

/* ---- Everything ---- */

static struct script anything(int number, uint64_t *random)
{
    (void)number;
    return script_random(random);
}

void check_random(struct attack *attack)
{
    struct crowd_plan plan = {.name = attack->name, .count = ENDLESS, .seconds = attack->seconds};

    plan.script = anything;
    plan.at_once = at_most(attack, 200);
    crowd_attack(&plan, attack->target, &attack->tally);
}

void warm_up(struct attack *attack)
{
    attack->name = "warm-up";
    send_clients(attack, 12, 4, pieces);
}
