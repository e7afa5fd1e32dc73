/* The checks of a server that stops: what SIGTERM, and a second one, does to it and to its clients.
 */
#include "checks.h"
#include "clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { CLIENTS = 16, AT_ONCE = 100 /* clients that come without a pause */ };

/* Tell the server to stop, while clients keep coming. Returns whether one was refused in time. */
static bool stop(const struct attack *attack)
{
    double start = clock_of_server();
    int came = 0;

    server_signal(attack->server, SIGTERM);
    while (!server_refuses(&attack->target->address)) {
        if (clock_of_server() > start + attack->target->patience)
            return false;
        if (++came > AT_ONCE)
            clock_wait();
    }
    return true;
}

static void attack_at_stop(struct attack *attack, script_maker *script,
                           enum hold (*at_hold)(void *context, struct tally *tally))
{
    struct crowd_plan plan = {.name = attack->name, .count = CLIENTS, .at_once = CLIENTS};

    plan.script = script;
    plan.no_newcomers = true;
    plan.at_hold = at_hold;
    plan.context = attack;
    crowd_attack(&plan, attack->target, &attack->tally);
}

/* If the server has ended, that is why its clients were not served. Returns whether it has. */
static bool say_if_it_ended(struct attack *attack)
{
    char how[WHY];

    if (!attack->tally.failed || server_alive(attack->server, 0.3, how))
        return false;
    snprintf(attack->tally.reason, sizeof attack->tally.reason,
             "%s on SIGTERM, though it had clients", how);
    return true;
}

/* Write that the server runs on for all our patience after something. */
static void say_it_runs(const struct attack *attack, struct tally *tally, const char *after)
{
    snprintf(tally->reason, sizeof tally->reason, "the server still runs %g s after %s",
             attack->target->patience, after);
}

/* ---- The clients ---- */

/* It was answered before the stop, and is again after it. */
static struct script conversation(int number, uint64_t *random)
{
    (void)number;
    return SCRIPT(STEP(SEND, 1 + random_below(random, 1000)), STEP(AWAIT), STEP(HOLD),
                  STEP(SEND, 1 + random_below(random, 30000), 2000), STEP(AWAIT), STEP(HALF_CLOSE),
                  STEP(END));
}

/* Every other one has sent nothing yet, so that the server may turn it away. */
static struct script some_new(int number, uint64_t *random)
{
    struct script script =
        SCRIPT(STEP(HOLD), STEP(SEND, 100), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END));

    script.lenient = true;
    return number % 2 == 0 ? conversation(number, random) : script;
}

/* It waits for the client, or the client does not read what it writes. */
static struct script endless(int number, uint64_t *random)
{
    struct script script = SCRIPT(STEP(FLOOD, 8 << 20, 10000), STEP(HOLD), STEP(CLOSE));

    (void)random;
    if (number % 2 == 0)
        return SCRIPT(STEP(SEND, 1), STEP(AWAIT), STEP(HOLD), STEP(CLOSE));
    script.deaf = true;
    return script;
}

/* ---- The checks ---- */

static enum hold refuses(void *context, struct tally *tally)
{
    const struct attack *attack = context;

    if (stop(attack))
        return HOLD_ENDS_IT;
    snprintf(tally->reason, sizeof tally->reason,
             "new clients are still accepted %g s after SIGTERM", attack->target->patience);
    return HOLD_IS_WRONG;
}

void check_refusal(struct attack *attack)
{
    attack_at_stop(attack, conversation, refuses);
}

/* Whether it refuses others is another rule. */
static enum hold stops(void *context, struct tally *tally)
{
    (void)tally;
    stop(context);
    return HOLD_GOES_ON;
}

void check_last_clients(struct attack *attack)
{
    attack_at_stop(attack, conversation, stops);
    say_if_it_ended(attack);
}

/* Whether it serves them after the stop is another rule. */
static struct script silent_to_the_end(int number, uint64_t *random)
{
    (void)number;
    return SCRIPT(STEP(SEND, 1 + random_below(random, 1000)), STEP(AWAIT), STEP(HOLD), STEP(CLOSE));
}

static enum hold stops_and_rests(void *context, struct tally *tally)
{
    const struct attack *attack = context;

    stop(attack);
    return server_is_ending(attack->server) ? HOLD_ENDS_IT : rests(context, tally);
}

void check_rest_at_stop(struct attack *attack)
{
    attack_at_stop(attack, silent_to_the_end, stops_and_rests);
}

/* A program that stops on a signal may end with status 0, by the signal, or with the status that a
 * shell gives to the signal. */
static bool has_ended_well(const struct server *server)
{
    int status = server->status;

    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGTERM
                               : WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 128 + SIGTERM;
}

void check_end(struct attack *attack)
{
    struct tally *tally = &attack->tally;
    char how[WHY];

    attack_at_stop(attack, some_new, stops);
    if (say_if_it_ended(attack)) { /* which is another rule; what it does later is not seen */
        tally->failed = false;
        tally->unknown = true;
    }
    if (tally->failed || tally->unknown)
        return;
    if (server_alive(attack->server, attack->target->patience, how))
        say_it_runs(attack, tally, "SIGTERM and the end of its last client");
    else if (!has_ended_well(attack->server))
        snprintf(tally->reason, sizeof tally->reason, "%s after SIGTERM", how);
    tally->failed = tally->reason[0] != '\0';
}

static enum hold ends_at_once(void *context, struct tally *tally)
{
    const struct attack *attack = context;
    char how[WHY];

    stop(attack);
    if (server_is_ending(attack->server)) {
        snprintf(tally->reason, sizeof tally->reason, "the server ended on the first SIGTERM");
        tally->unknown = true; /* whether it may is another rule */
        return HOLD_IS_WRONG;
    }
    server_signal(attack->server, SIGTERM);
    if (!server_alive(attack->server, attack->target->patience, how))
        return HOLD_ENDS_IT;
    say_it_runs(attack, tally, "the second SIGTERM");
    return HOLD_IS_WRONG;
}

void check_second_signal(struct attack *attack)
{
    attack_at_stop(attack, endless, ends_at_once);
}
