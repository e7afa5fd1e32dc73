/* The kinds of traffic, and the table of all checks. A crowd's clients are told apart by number. */
#include "checks.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { MEGABYTE = 1 << 20, THOUSAND = 1000 };

bool send_crowd(struct trial *trial, int count, int at_once, script_maker *script)
{
    struct crowd crowd = {.name = trial->name, .count = count, .at_once = at_once};

    crowd.script = script;
    if (at_once == 0 || crowd.at_once > count)
        crowd.at_once = count;
    if (crowd.at_once > trial->connections)
        crowd.at_once = trial->connections;
    return crowd_run(&crowd, trial->target, &trial->tally);
}

/* So many percent of the connections that we may have, but some. */
static int share(const struct trial *trial, int percent)
{
    int count = (int)((long)trial->connections * percent / 100);

    return count < 12 ? 12 : count;
}

/* A small attack has fewer. */
static int at_most(const struct trial *trial, int count)
{
    return count < trial->connections ? count : trial->connections;
}

/* ---- Orderly clients ---- */

static struct script one_byte(int number, uint64_t *random)
{
    (void)number;
    (void)random;
    return SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));
}

static void check_byte(struct trial *trial)
{
    send_crowd(trial, 3, 1, one_byte);
}

/* What fits, what just does not, and sizes at which buffers end. */
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

static void check_pieces(struct trial *trial)
{
    send_crowd(trial, 48, 8, pieces);
}

static struct script megabytes(int number, uint64_t *random)
{
    uint32_t piece = number == 0 ? 65536 : 1 + random_below(random, 60000);

    return SCRIPT(STEP(SEND, 4 * MEGABYTE, piece), STEP(AWAIT), STEP(SEND, 100), STEP(AWAIT),
                  STEP(HALF_CLOSE), STEP(END));
}

static void check_stream(struct trial *trial)
{
    send_crowd(trial, 4, 4, megabytes);
}

static struct script last_words(int number, uint64_t *random)
{
    static const uint32_t sizes[] = {0, 1, 4096, 10000, 65536, 200000, MEGABYTE, 3 * MEGABYTE};
    uint32_t size = sizes[number % COUNT(sizes)];

    return SCRIPT(STEP(SEND, size, 1 + random_below(random, 50000)), STEP(HALF_CLOSE), STEP(END));
}

static void check_half_close(struct trial *trial)
{
    send_crowd(trial, 32, 8, last_words);
}

static struct script all_together(int number, uint64_t *random)
{
    (void)number;
    return SCRIPT(STEP(HOLD), STEP(SEND, 8), STEP(AWAIT), STEP(HOLD),
                  STEP(SEND, 1 + random_below(random, 500), 100), STEP(AWAIT), STEP(HALF_CLOSE),
                  STEP(END));
}

static void check_crowd(struct trial *trial)
{
    send_crowd(trial, trial->connections, 0, all_together);
}

static void check_queue(struct trial *trial)
{
    send_crowd(trial, at_most(trial, THOUSAND), 1, one_byte);
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

static void check_silent(struct trial *trial)
{
    send_crowd(trial, share(trial, 25), 0, silence);
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

static void check_deaf(struct trial *trial)
{
    send_crowd(trial, 6, 0, flood);
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

static void check_slow(struct trial *trial)
{
    send_crowd(trial, share(trial, 5), 0, dawdling);
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
    case 3: /* the server's answer finds nobody */
        return SCRIPT(STEP(SEND, size, 2000), STEP(CLOSE));
    default: /* while it is being written to */
        script = SCRIPT(STEP(FLOOD, 400000, 20000), STEP(RESET));
        script.deaf = true;
        return script;
    }
}

static void check_resets(struct trial *trial)
{
    send_crowd(trial, at_most(trial, 200), 50, departure);
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

static void check_storm(struct trial *trial)
{
    send_crowd(trial, 2 * at_most(trial, THOUSAND), 100, passing_by);
}

/* They have said that nothing follows, and stay, and read nothing before they are asked to. */
static struct script half_open(int number, uint64_t *random)
{
    uint32_t size = number % 3 == 0 ? 0 : 1 + random_below(random, 16000);
    struct script script = SCRIPT(STEP(SEND, size, 1 + random_below(random, 4000)),
                                  STEP(HALF_CLOSE), STEP(HOLD), STEP(END, 0, 5000));

    if (number % 7 == 6)
        script.steps[3] = STEP(RESET);
    script.deaf = true;
    return script;
}

static void check_half_open(struct trial *trial)
{
    send_crowd(trial, share(trial, 25), 0, half_open);
}

/* ---- Everything ---- */

static struct script anything(int number, uint64_t *random)
{
    (void)number;
    return script_random(random);
}

static void check_random(struct trial *trial)
{
    struct crowd crowd = {.name = trial->name, .count = ENDLESS, .seconds = trial->seconds};

    crowd.script = anything;
    crowd.at_once = at_most(trial, 200);
    crowd_run(&crowd, trial->target, &trial->tally);
}

void warm_up(struct trial *trial)
{
    trial->name = "warm-up";
    send_crowd(trial, 12, 4, pieces);
}

const struct check checks[] = {
    {"byte", "one byte comes back", check_byte, 0, 0},
    {"pieces", "pieces of all sizes", check_pieces, 0, 0},
    {"stream", "megabytes, read while they are sent", check_stream, 0, 0},
    {"half-close", "who half-closes gets everything, then the end", check_half_close, 0, 0},
    {"crowd", "as many clients at once as --connections allows", check_crowd, 0, 0},
    {"queue", "a thousand clients, one after another", check_queue, 0, 0},
    {"silent", "clients that say nothing, or nothing more", check_silent, 0, 0},
    {"deaf", "clients that send until nothing fits, and never read", check_deaf, 0, 0},
    {"slow", "clients that send or read a byte now and then", check_slow, 0, 0},
    {"resets", "resets before, in the middle of and during an answer", check_resets, 0, 0},
    {"storm", "two thousand that connect and close at once", check_storm, 0, 0},
    {"half-open", "half-closed clients that stay, and read late", check_half_open, 0, 0},
    {"random", "anything, by seed, for --seconds", check_random, 0, 0},
    {"rest", "an idle server uses no processor", check_rest, true, 0},
    {"exhaustion", "out of descriptors: those inside are served, then others", check_exhaustion,
     true, 0},
    {"rounds", "what it uses does not grow with its clients", check_rounds, true, true},
};
const int check_count = COUNT(checks);
