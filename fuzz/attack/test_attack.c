/* Tests of the attack: good servers of several kinds pass, each bad server fails the check that is
 * there for its fault, and bad options are refused. Several attacks run at the same time. */
#include "script.h"
#include "../servers/places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { AT_ONCE = 4, OUTPUT = 1 << 16 };

/* An attack: `attack OPTIONS`, where BAD, ECHO and SERVERS stand for the servers. */
struct attack {
    const char *name, *options;
    int status;
    const char *says, *also; /* what must be in its output */
    FILE *output;
};

#define QUICK "--connections 100 --seconds 0.5 --patience 30 -- "
#define PASSES(name, command)                                                                      \
    {                                                                                              \
        name, QUICK command, 0, "19 passed, 0 failed\n", "", NULL                                  \
    }
#define FAILS(fault, check, reason)                                                                \
    {                                                                                              \
        fault,                                                                                     \
            "--connections 200 --seconds 0.5 --patience 2 --only " check " -- $BAD " fault         \
            " PORT",                                                                               \
            1, "FAIL   ", reason, NULL                                                             \
    }

#define STOPS         "--only refusal --only last-clients --only last-rest --only end --only second "
#define BY_RULE(rule) "--patience 2 --plain --rule " rule " "

static struct attack attacks[] = {
    PASSES("miou-echo", "$ECHO --port PORT"),
    PASSES("socat", "socat -t 60 -b 4096 TCP-LISTEN:PORT,fork,backlog=1000 PIPE"),
    PASSES("python3, selectors", "python3 $SERVERS/selecting.py PORT"),
    PASSES("python3, fork", "python3 $SERVERS/forking.py PORT"),
    PASSES("none of the faults", "$BAD none PORT"),

    FAILS("greets", "byte", "came back"), /* before anything is sent or after */
    FAILS("holds-last", "byte", "63 of 64 bytes came back, but no more within 2 s"),
    FAILS("doubles", "pieces", "came back"),
    FAILS("swaps", "pieces", "of what came back is not the one that was sent: expected \\x"),
    FAILS("mixes", "crowd", "came back"),
    FAILS("text", "pieces", "came back"),
    FAILS("short-writes", "deaf", "is not the one that was sent"),
    FAILS("closes-early", "half-close", "the server "),
    FAILS("resets-at-end", "half-close", "bytes: ECONNRESET (Connection reset by peer)"),
    FAILS("no-end", "byte", "all 100 bytes came back, but not the end within 2 s"),
    FAILS("hasty", "silent", "though the client had not"),
    FAILS("few", "crowd", "the server closed after 0 of 0 bytes, though the client had not"),
    FAILS("tires", "queue", "the server ended with status 3"),
    FAILS("blocks", "deaf", "within 2 s"),
    FAILS("hoards", "flood", "from a client that reads nothing"),
    FAILS("naps", "stalled", "beside 8 clients that do not read"),
    FAILS("one-at-a-time", "silent", "0 of 100 bytes came back, but no more"),
    FAILS("sigpipe", "resets", "the server was killed by SIGPIPE"),
    FAILS("reset-kills", "resets", "the server was killed by SIGABRT"),
    FAILS("spins", "rest", "of a processor while nobody sends anything"),
    FAILS("spins-at-stop", "last-rest", "of a processor while nobody sends anything"),
    FAILS("emfile-hangs", "exhaustion", "within 2 s"),
    FAILS("emfile-kills", "exhaustion", "the server ended with status 1"),
    FAILS("leaks-fd", "queue", "left behind: "),
    FAILS("leaks-fd-on-reset", "resets", "left behind: "),
    FAILS("leaks-memory", "rounds", "it grows: "),
    FAILS("leaks-memory-on-reset", "rounds", "it grows: "),
    FAILS("leaks-thread", "queue", "left behind: "),
    FAILS("leaks-zombie", "queue", "left behind: "),
    {"leaks-fd, seen late",
     "--connections 16 --seconds 0.2 --patience 2 --only rounds -- $BAD leaks-fd PORT", 1,
     "FAIL   ", "it grows: ", NULL},
    FAILS("drops-the-rest", "half-open", "the server "),
    FAILS("keeps-answered", "answered", "have half-closed, but the server keeps "),
    FAILS("one-listener", "crowd", "within 2 s"),
    FAILS("accepts-on", "refusal", "new clients are still accepted 2 s after SIGTERM"),
    FAILS("cuts-off", "last-clients", "ended with status 0 on SIGTERM, though it had clients"),
    FAILS("never-ends", "end", "runs 2 s after SIGTERM and the end of its last client"),
    FAILS("ends-badly", "end", "the server ended with status 1 after SIGTERM"),
    FAILS("one-signal", "second", "the server still runs 2 s after the second SIGTERM"),

    {"stops", "--patience 30 " STOPS "-- $BAD none PORT", 0, "5 passed, 0 failed\n", "", NULL},
    {"miou-echo stops", "--patience 30 " STOPS "-- $ECHO --port PORT", 0, "5 passed, 0 failed\n",
     "", NULL},
    /* The process that stops, and that runs out of descriptors, is not the shell. */
    {"below a shell", "--only exhaustion --only end -- sh -c 'A=1 $BAD none $0; exit $?' PORT", 0,
     "2 passed, 0 failed\n", "", NULL},
    {"below a shell, badly", "--only exhaustion -- sh -c '$BAD emfile-kills $0; exit $?' PORT", 1,
     "FAIL   the server ended with status 1", "", NULL},
    {"by its rule", BY_RULE("R7.6") "--only queue -- $BAD leaks-fd PORT", 1,
     "queue fail left behind: ", "again: ", NULL},
    {"by another rule", BY_RULE("R7.9") "--only queue -- $BAD leaks-fd PORT", 0, "queue pass\n", "",
     NULL},
    {"something else", BY_RULE("R7.6") "--only queue -- $BAD tires PORT", 2,
     "queue unknown something else is wrong: the server ended with status 3\n", "", NULL},
    {"all of a rule", BY_RULE("R7.4") "-- $BAD none PORT", 0, "resets pass\nstorm pass\n", "",
     NULL},
    {"too small a crowd",
     BY_RULE("R7.7") "--connections 100000 -- sh -c 'ulimit -n 300; exec $BAD none $0' PORT", 2,
     "crowd unknown only 2", "the limit on descriptors allows no more\n", NULL},
    {"a variable of the shell", "--only byte -- sh -c 'PORT=PORT; exec $BAD none $PORT'", 0,
     "1 passed, 0 failed\n", "", NULL},
    {"listens elsewhere", "--patience 1 -- $BAD elsewhere PORT", 2,
     "within 1 s, but elsewhere: ", "", NULL},
    {"prints without end", "-- $BAD prints PORT", 2, "the server ended when it had printed 64 MiB",
     "before it listened", NULL},

    {"again", "--only byte --patience 2 -- sh -c 'exec $BAD greets $0' PORT", 1,
     "/attack --seed 1 --only byte --seed 1 --patience 2 -- sh -c 'exec ", "greets $0' PORT\n",
     NULL},
    {"ignores SIGTERM", "--only byte --patience 1 -- $BAD stays PORT", 0,
     "(the server did not end on SIGTERM within 1 s and was killed)\n", "1 passed, 0 failed\n",
     NULL},
    {"never listens", "--patience 1 -- $BAD never-listens PORT", 2,
     "the server does not listen on port ", " within 1 s\n", NULL},
    {"cannot be started", "-- $BAD.not none PORT", 2, "cannot start ", "No such file", NULL},
    {"ends at once", "-- sh -c 'echo oh dear; exit 7' PORT", 2,
     "the server ended with status 7 before it listened on port", "the server: oh dear\n", NULL},
    {"is killed at once", "-- sh -c 'kill -SEGV $$' PORT", 2, "killed by SIGSEGV before", "", NULL},
    {"takes no port", "-- $BAD none 3000", 2, "lacks the word PORT", "", NULL},
    {"none named", "", 2, "which server?", "", NULL},
    {"another machine", "--address 192.0.2.1 --port 7", 2, "not a loopback address", "", NULL},
    {"any address", "--address 0.0.0.0 --port 7", 2, "not a loopback address", "", NULL},
    {"no such check", "--only bytes --port 7", 2, "no such check", "", NULL},
    {"no number", "--connections many --port 7", 2, "--connections many: not a number", "", NULL},
    {"IPv6", "--address ::1 --only byte -- socat 'TCP6-LISTEN:PORT,bind=[::1],fork' PIPE", 0,
     "1 passed, 0 failed\n", "", NULL},
    {"no such rule", "--rule R7 --port 7", 2, "--rule R7: no check is about it", "", NULL},
    {"the list", "--list", 0, "half-close   R7.2 ", "rounds       R7.6 R7.23 ", NULL},
    {"the rules", "--rules", 0, "R7.6 queue\n", "R7.9 queue\n", NULL},
    {"help", "--help", 0, "usage: attack", "Exit status", NULL},
};

enum { OTHERS = 7, ATTACKS = sizeof attacks / sizeof *attacks };

/* ---- Attacks ---- */

static FILE *start_attack(const char *options)
{
    char command[1000];
    FILE *output;

    snprintf(command, sizeof command, "exec 2>&1; exec timeout -k 5 3600 $ATTACK --seed 1 %s",
             options);
    output = popen(command, "r");
    assert_non_null(output);
    return output;
}

/* Reads what the attack has printed. Returns its exit status. */
static int finish_attack(FILE *output, char *text)
{
    size_t size = fread(text, 1, OUTPUT - 1, output);
    int status = pclose(output);

    text[size] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *part, const char *text)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_attack(void **state)
{
    static char text[OUTPUT];
    struct attack *attack = *state;
    int status;
    struct attack *next = attack;

    for (; next < &attack[AT_ONCE] && next < &attacks[ATTACKS]; next++)
        if (!next->output)
            next->output = start_attack(next->options);
    status = finish_attack(attack->output, text);
    expect(attack->says, text);
    expect(attack->also, text);
    assert_int_equal(status, attack->status);
}

/* ---- A server that runs already ---- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void attack_port(int port, const char *checks, int status, const char *says)
{
    static char text[OUTPUT];
    char options[200];
    int ended;

    snprintf(options, sizeof options, "--port %d --patience 2 %s", port, checks);
    ended = finish_attack(start_attack(options), text);
    expect(says, text);
    assert_int_equal(ended, status);
}

static void await_listener(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int error = -1;

    while (error < 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        error = connect(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
        poll(NULL, 0, 5);
    }
}

static pid_t start_bad(const char *fault, int port)
{
    char number[16];
    pid_t pid = fork();

    snprintf(number, sizeof number, "%d", port);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(getenv("BAD"), "bad", fault, number, NULL);
        _exit(127);
    }
    await_listener(port);
    return pid;
}

static void test_a_server_that_runs(void **state)
{
    int port = free_port();
    pid_t pid;

    (void)state;
    attack_port(port, "", 2, "nothing listens at 127.0.0.1, port ");
    pid = start_bad("reset-kills", port);
    attack_port(port, "--only byte --only rounds", 0, "1 passed, 0 failed, 1 skipped\n");
    attack_port(port, "--only resets --only storm", 1, "0 passed, 1 failed, 1 skipped\n");
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What does not come in time is no failure, as the server may have been kept from running. */
static void test_a_silent_server_that_runs(void **state)
{
    int port = free_port();
    pid_t pid = start_bad("holds-last", port);

    (void)state;
    attack_port(port, "--only byte", 2, "0 passed, 0 failed, 1 unknown\n");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- A server that gets next to nothing of its processor ---- */

enum { BUSY = 4 };

static pid_t keep_busy(int processor)
{
    cpu_set_t one;
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    CPU_ZERO(&one);
    CPU_SET((size_t)processor, &one);
    sched_setaffinity(0, sizeof one, &one);
    for (;;)
        ;
}

static void test_a_server_may_starve(void **state)
{
    static char text[OUTPUT];
    char options[200];
    cpu_set_t ours;
    int processor = 0, status, i;
    pid_t busy[BUSY];

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
    while (!CPU_ISSET((size_t)processor, &ours))
        processor++;
    for (i = 0; i < BUSY; i++)
        busy[i] = keep_busy(processor);
    snprintf(options, sizeof options,
             "--only byte --patience 0.2 -- taskset -c %d nice -n 19 $BAD none PORT", processor);
    status = finish_attack(start_attack(options), text);
    for (i = 0; i < BUSY; i++) {
        kill(busy[i], SIGKILL);
        assert_int_equal(waitpid(busy[i], NULL, 0), busy[i]);
    }
    expect("1 passed, 0 failed\n", text);
    assert_int_equal(status, 0);
}

/* ---- What is left of the server ---- */

static void expect_none_left(const char *script)
{
    const char *directory = getenv("TMPDIR");
    char path[PATH_MAX], options[300], text[OUTPUT];
    int pid = 0, status, file, found;
    FILE *numbers;

    directory = directory && *directory ? directory : "/tmp";
    assert_true(snprintf(path, sizeof path, "%s/attack-XXXXXX", directory) < PATH_MAX);
    file = mkstemp(path);
    assert_true(file >= 0);
    setenv("PIDS", path, 1);
    snprintf(options, sizeof options, "--only byte --patience 1 -- sh -c '%s' PORT", script);
    status = finish_attack(start_attack(options), text);
    unlink(path);
    numbers = fdopen(file, "r");
    assert_non_null(numbers);
    found = fscanf(numbers, "%d", &pid);
    fclose(numbers);
    expect("1 passed, 0 failed\n", text);
    assert_int_equal(status, 0);
    assert_int_equal(found, 1);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void test_no_process_is_left(void **state)
{
    (void)state;
    expect_none_left("echo $$ >$PIDS; exec $BAD stays $0");
    expect_none_left("$BAD stays $0 & echo $! >$PIDS; wait");
}

/* ---- Scripts and streams ---- */

static void test_a_stream_is_the_same_in_any_pieces(void **state)
{
    unsigned char whole[1000], pieces[1000], other[1000];
    size_t place, i;

    (void)state;
    stream_fill(7, 0, whole, sizeof whole);
    stream_fill(8, 0, other, sizeof other);
    assert_memory_not_equal(whole, other, 8);
    for (place = i = 0; place < sizeof pieces; i++) {
        size_t size = i % 13 < sizeof pieces - place ? i % 13 : sizeof pieces - place;

        stream_fill(7, place, &pieces[place], size);
        place += size;
    }
    assert_memory_equal(whole, pieces, sizeof whole);
    for (i = 8; i < sizeof whole; i += 8)
        assert_memory_not_equal(whole, &whole[i], 8);
}

/* A deaf client must not send more than any server takes, or it might wait for ever. */
static void assert_ends_well(const struct script *script)
{
    enum step_kind last = script->steps[script->count - 1].kind;
    uint32_t unread = 0;
    int i;

    assert_in_range(script->count, 1, STEPS);
    assert_true(last == END || last == CLOSE || last == RESET);
    for (i = 0; i < script->count; i++) {
        if (script->steps[i].kind == SEND)
            unread += script->steps[i].count;
        if (script->steps[i].kind == AWAIT)
            unread = 0;
        assert_true(!script->deaf || unread <= 1 << 14);
    }
}

static void test_random_scripts(void **state)
{
    int i, same = 0, seen[RESET + 1] = {0};

    (void)state;
    for (i = 0; i < 10000; i++) {
        uint64_t random = random_hash(1, "a") + (uint64_t)i, again = random, other = ~random;
        struct script script = script_random(&random), twin = script_random(&again);
        struct script stranger = script_random(&other);

        assert_memory_equal(&script, &twin, sizeof script);
        same += memcmp(&script, &stranger, sizeof script) == 0;
        seen[script.steps[0].kind]++;
        assert_ends_well(&script);
    }
    assert_in_range(same, 0, 500); /* scripts of one or two steps */
    assert_int_not_equal(seen[SEND] && seen[AWAIT] && seen[PAUSE] && seen[RESET], 0);
}

static void test_scripts_as_text(void **state)
{
    struct script script = SCRIPT(STEP(SEND, 100, 7), STEP(AWAIT, 5, 1), STEP(AGAIN, 3),
                                  STEP(HALF_CLOSE), STEP(PAUSE, 20), STEP(END));
    char text[200], little[10];

    (void)state;
    script_text(&script, text, sizeof text);
    assert_string_equal(text, "send 100 in pieces of 7; await 5, 1 at a time; again 3 times; "
                              "half-close; pause 20 ms; end");
    script_text(&script, little, sizeof little);
    assert_string_equal(little, "send 100 ");
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[OTHERS + ATTACKS] = {
        cmocka_unit_test(test_a_server_that_runs),
        cmocka_unit_test(test_a_silent_server_that_runs),
        cmocka_unit_test(test_a_server_may_starve),
        cmocka_unit_test(test_no_process_is_left),
        cmocka_unit_test(test_a_stream_is_the_same_in_any_pieces),
        cmocka_unit_test(test_random_scripts),
        cmocka_unit_test(test_scripts_as_text)};
    int i;

    (void)argc;
    places_set(argv[0]);
    for (i = 0; i < ATTACKS; i++)
        tests[OTHERS + i] = (struct CMUnitTest){
            .name = attacks[i].name, .test_func = test_attack, .initial_state = &attacks[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
