/* Tests of the driver: what it says about an execution on runtimes that are known, and what it does
 * with input that is not a scenario. */
#include "test_support.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING "driver 2 c\nready\n"

/* Run the driver on a library, with size bytes of input. */
static struct process start_driver(char *const *arguments, const char *input, size_t size,
                                   double seconds)
{
    struct process process;

    process_run(&(struct command){.arguments = arguments,
                                  .input = input,
                                  .input_size = size,
                                  .seconds = seconds,
                                  .output_limit = 1 << 26},
                &process);
    return process;
}

static struct process talk_to_driver(const char *library, const char *input, size_t size)
{
    char *const arguments[] = {(char *)(uintptr_t)built("driver"), (char *)(uintptr_t)library,
                               NULL};

    return start_driver(arguments, input, size, HANG);
}

/* Let the driver execute one scenario, and take away the conversation around it. */
static struct process run_driver(const char *library, const char *scenario, size_t size)
{
    char *input = malloc(size + 3);
    struct process process;

    memcpy(input, scenario, size);
    memcpy(input + size, "go\n", 3);
    process = talk_to_driver(library, input, size + 3);
    free(input);
    if (process.end == PROCESS_EXITED && process.status == 0) {
        char *end = process.output + process.output_size - strlen("ready\n");

        assert_memory_equal(process.output, GREETING, strlen(GREETING));
        assert_string_equal(end, "ready\n");
        *end = '\0';
        process.output_size -= strlen(GREETING) + strlen("ready\n");
        memmove(process.output, process.output + strlen(GREETING), process.output_size + 1);
    }
    return process;
}

/* Expect exactly these lines about a scenario. */
static void expect(const char *library, const char *scenario, const char *lines)
{
    struct process process = run_driver(built(library), scenario, strlen(scenario));

    assert_int_equal(process.end, PROCESS_EXITED);
    assert_string_equal(process.output, lines);
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void tells_what_happens(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 4711\n"
           "task main\n"
           "    p = async child\n"
           "    await p\n"
           "    q = repeat 2 async child\n"
           "    await q\n"
           "    create r\n"
           "    release r\n"
           "    self\n"
           "    print hello\n"
           "    return 12\n"
           "    print never\n"
           "task child\n"
           "    fail boom\n",
           "scenario 4711\n"
           "begin main 0\n"
           "spawn main 2 child\n"
           "begin child 0\n"
           "end child\n"
           "did main 2 ok\n"
           "did main 3 failed boom\n"
           "spawn main 4 child#2\n"
           "begin child#2 0\n"
           "end child#2\n"
           "spawn main 4 child#3\n"
           "begin child#3 0\n"
           "end child#3\n"
           "did main 4 ok\n"
           "did main 5 failed boom\n"
           "did main 6 ok\n"
           "finalise main r 0\n"
           "did main 7 ok\n"
           "did main 8 ok\n"
           "print main hello\n"
           "did main 9 ok\n"
           "end main\n"
           "run ok 12\n");
}

static void tells_lists(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 0\n"
           "task main\n"
           "    parallel five boom five\n"
           "    parallel five five\n"
           "    parallel\n"
           "    p = repeat 2 async five\n"
           "    await p\n"
           "task five\n"
           "    return 5\n"
           "task boom\n"
           "    fail boom\n",
           "scenario 0\n"
           "begin main 0\n"
           "spawn main 2 five\n"
           "spawn main 2 boom\n"
           "spawn main 2 five#2\n"
           "begin five 0\n"
           "end five\n"
           "begin boom 0\n"
           "end boom\n"
           "begin five#2 0\n"
           "end five#2\n"
           "did main 2 ok 5, failed boom, ok 5\n"
           "spawn main 3 five#3\n"
           "spawn main 3 five#4\n"
           "begin five#3 0\n"
           "end five#3\n"
           "begin five#4 0\n"
           "end five#4\n"
           "did main 3 ok 5, ok 5\n"
           "did main 4 none\n"
           "spawn main 5 five#5\n"
           "begin five#5 0\n"
           "end five#5\n"
           "spawn main 5 five#6\n"
           "begin five#6 0\n"
           "end five#6\n"
           "did main 5 ok\n"
           "did main 6 ok 5\n"
           "end main\n"
           "run ok\n");
}

static void tells_errors(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 0\n"
           "task main\n"
           "    call five\n"
           "    p = call five\n"
           "    await p\n"
           "    async five\n"
           "    run five\n"
           "    post up\n"
           "    until up\n"
           "    repeat 2 print twice\n"
           "    fail boom\n"
           "task five\n"
           "    return 5\n",
           "scenario 0\n"
           "begin main 0\n"
           "spawn main 2 five\n"
           "did main 2 no-domain-available\n"
           "spawn main 3 five#2\n"
           "did main 3 no-domain-available\n"
           "did main 4 invalid\n"
           "spawn main 5 five#3\n"
           "did main 5 invalid\n"
           "spawn main 6 five#4\n"
           "begin five#4 0\n"
           "end five#4\n"
           "did main 6 ok 5\n"
           "did main 7 ok\n"
           "did main 8 ok\n"
           "print main twice\n"
           "print main twice\n"
           "did main 9 ok\n"
           "end main\n"
           "run failed boom\n");
}

/* An operation that the runtime refuses because the task is cancelled ends the task's program. */
static void stops_when_cancelled(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "task main\n"
           "    p = repeat 3 async main2\n"
           "    cancel p\n"
           "    print never\n"
           "task main2\n"
           "    print x\n"
           "    return 1\n",
           "scenario 1\n"
           "begin main 0\n"
           "spawn main 2 main2\n"
           "begin main2 0\n"
           "print main2 x\n"
           "did main2 6 ok\n"
           "end main2\n"
           "spawn main 2 main2#2\n"
           "begin main2#2 0\n"
           "print main2#2 x\n"
           "did main2#2 6 ok\n"
           "end main2#2\n"
           "spawn main 2 main2#3\n"
           "begin main2#3 0\n"
           "print main2#3 x\n"
           "did main2#3 6 ok\n"
           "end main2#3\n"
           "did main 2 ok\n"
           "did main 3 stopped\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_several_promises(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "task main\n"
           "    p = repeat 2 async five\n"
           "    q = async boom\n"
           "    await-all p q\n"
           "    await-all p p\n"
           "    await-all\n"
           "    await-one p q\n"
           "    await-one\n"
           "    await-first q\n"
           "    state p\n"
           "    state q\n"
           "    await-all p later\n"
           "    later = async five\n"
           "task five\n"
           "    return 5\n"
           "task boom\n"
           "    fail boom\n",
           "scenario 1\n"
           "begin main 0\n"
           "spawn main 2 five\n"
           "begin five 0\n"
           "end five\n"
           "spawn main 2 five#2\n"
           "begin five#2 0\n"
           "end five#2\n"
           "did main 2 ok\n"
           "spawn main 3 boom\n"
           "begin boom 0\n"
           "end boom\n"
           "did main 3 ok\n"
           "did main 4 ok 5, ok 5, failed boom\n"
           "did main 5 ok 5\n"
           "did main 6 none\n"
           "did main 7 failed boom\n"
           "did main 8 invalid\n"
           "did main 9 error 2147483647\n"
           "did main 10 finished\n"
           "did main 11 exited\n"
           "did main 12 invalid\n"
           "spawn main 13 five#3\n"
           "begin five#3 0\n"
           "end five#3\n"
           "did main 13 ok\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_orphanages_and_time(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "task main\n"
           "    r = take o\n"
           "    await r\n"
           "    get o\n"
           "    length o\n"
           "    orphans o\n"
           "    sleep 1234\n"
           "    sleep 1235\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 2 taken\n"
           "did main 3 ok 7\n"
           "did main 4 ok 8\n"
           "did main 5 ok 9\n"
           "did main 6 ok\n"
           "did main 7 ok\n"
           "did main 8 invalid\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_mutexes_and_conditions(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "task main\n"
           "    lock m\n"
           "    mutex m\n"
           "    repeat 7 lock m\n"
           "    wait c m\n"
           "    condition c\n"
           "    wait c m\n"
           "    signal c\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 2 invalid\n"
           "did main 3 ok\n"
           "did main 4 ok, would-deadlock, not-permitted, error 11, busy, undefined, deadlock\n"
           "did main 5 invalid\n"
           "did main 6 ok\n"
           "did main 7 ok\n"
           "did main 8 ok\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_lazy_values_and_computations(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "shared k\n"
           "task main\n"
           "    lazy l part\n"
           "    lazy k boom\n"
           "    repeat 2 force l\n"
           "    force l\n"
           "    computation x\n"
           "    peek x\n"
           "    repeat 2 complete x 6\n"
           "    peek x\n"
           "    computation y\n"
           "    complete y boom\n"
           "    await-computation y\n"
           "    attach x t\n"
           "    trigger t\n"
           "task part\n"
           "    print a\n"
           "    force k\n"
           "    print b\n"
           "    return 4\n"
           "task boom\n"
           "    fail boom\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 3 ok\n"
           "did main 4 ok\n"
           "force main 5 part\n"
           "begin part 0\n"
           "print part a\n"
           "did part 17 ok\n"
           "force part 18 boom\n"
           "begin boom 0\n"
           "end boom\n"
           "did part 18 failed boom\n"
           "print part b\n"
           "did part 19 ok\n"
           "end part\n"
           "did main 5 ok 4\n"
           "did main 6 ok 4\n"
           "did main 7 ok\n"
           "did main 8 running\n"
           "did main 9 ok, already\n"
           "did main 10 ok 6\n"
           "did main 11 ok\n"
           "did main 12 ok\n"
           "did main 13 failed boom\n"
           "did main 14 ok\n"
           "did main 15 ok\n"
           "end main\n"
           "run ok\n");
}

/* Everything that is written and read has its place in the pattern, in each direction. */
static void tells_of_descriptors(void **state)
{
    (void)state;
    expect("liars/plain.so",
           "scenario 5\n"
           "task main\n"
           "    read c 1\n"
           "    pipe a b\n"
           "    write b 3\n"
           "    read a 10\n"
           "    write b 300\n"
           "    read a 300\n"
           "    write b 4\n"
           "    read-exactly a 4\n"
           "    close b\n"
           "    read a 1\n"
           "    close b\n"
           "    resource r a\n"
           "    socket c unix\n",
           "scenario 5\n"
           "begin main 0\n"
           "did main 2 bad-descriptor\n"
           "did main 3 ok\n"
           "did main 4 ok 3\n"
           "did main 5 ok 3\n"
           "did main 6 ok 300\n"
           "did main 7 ok 300\n"
           "did main 8 ok 4\n"
           "did main 9 garbled\n"
           "did main 10 ok\n"
           "did main 11 ok\n"
           "did main 12 bad-descriptor\n"
           "did main 13 empty\n"
           "did main 14 ok\n"
           "end main\n"
           "run ok\n");
}

/* Put # in the place of the ports, which the system has chosen. */
static void hide_ports(char *text)
{
    char *port, *rest;

    for (port = strstr(text, "\nport "); port; port = strstr(port + 1, "\nport ")) {
        rest = strchr(port + 1, '\n');
        while (rest[-1] != ' ')
            memmove(rest - 1, rest, strlen(rest) + 1), rest--;
        memmove(rest + 1, rest, strlen(rest) + 1);
        *rest = '#';
    }
}

static void tells_where_it_listens(void **state)
{
    static const char scenario[] = "scenario 5\n"
                                   "task main\n"
                                   "    socket l tcp4\n"
                                   "    listen l\n"
                                   "    socket c tcp4\n"
                                   "    connect c l\n"
                                   "    accept d l\n"
                                   "    write c 5\n"
                                   "    shutdown c\n"
                                   "    read d 9\n"
                                   "    read d 1\n"
                                   "    listen d l\n"
                                   "    socket u udp4\n"
                                   "    listen u\n"
                                   "    socket v udp4\n"
                                   "    send v 7 u\n"
                                   "    receive u 9\n";
    struct process process = run_driver(built("liars/plain.so"), scenario, sizeof scenario - 1);

    (void)state;
    hide_ports(process.output);
    assert_string_equal(process.output, "scenario 5\n"
                                        "begin main 0\n"
                                        "did main 2 ok\n"
                                        "port main 3 #\n"
                                        "did main 3 ok\n"
                                        "did main 4 ok\n"
                                        "did main 5 ok\n"
                                        "did main 6 ok\n"
                                        "did main 7 ok 5\n"
                                        "did main 8 ok\n"
                                        "did main 9 ok 5\n"
                                        "did main 10 ok\n"
                                        "did main 11 invalid\n"
                                        "did main 12 ok\n"
                                        "port main 13 #\n"
                                        "did main 13 ok\n"
                                        "did main 14 ok\n"
                                        "did main 15 ok 7\n"
                                        "did main 16 ok 7\n"
                                        "end main\n"
                                        "run ok\n");
    process_free(&process);
}

/* A peer sends back what it gets. */
static void echo_once(int listener)
{
    char bytes[100];
    int number = accept(listener, NULL, NULL);
    ssize_t size = read(number, bytes, sizeof bytes);

    if (size > 0 && write(number, bytes, (size_t)size) == size)
        close(number);
    _exit(0);
}

static void connects_to_peers(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char scenario[200];
    pid_t peer;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    peer = fork();
    if (peer == 0)
        echo_once(listener);
    snprintf(scenario, sizeof scenario,
             "scenario 5\npeer other 1\npeer p %d\ntask main\nsocket c tcp4\nconnect c peer=p\n"
             "write c 4\nread c 9\nread c 1\n",
             ntohs(address.sin_port));
    expect("liars/plain.so", scenario,
           "scenario 5\nbegin main 0\ndid main 2 ok\ndid main 3 ok\ndid main 4 ok 4\n"
           "did main 5 ok 4\ndid main 6 ok\nend main\nrun ok\n");
    waitpid(peer, NULL, 0);
    close(listener);
    expect("liars/plain.so", "scenario 5\npeer p x\ntask main\n",
           "scenario 5\nrefused not a peer\n");
}

/* A part is executed by the operation; a callback when the runtime calls it. */
static void tells_of_parts_and_callbacks(void **state)
{
    (void)state;
    expect("liars/plain.so",
           "scenario 5\n"
           "task main\n"
           "    create r a\n"
           "    trigger t\n"
           "    on-signal t a\n"
           "    protect b a\n"
           "    protect b a b\n"
           "    mutex m\n"
           "    protect-mutex m b\n"
           "    hook h a\n"
           "    yield\n"
           "    unhook h\n"
           "    yield\n"
           "    run b\n"
           "task a\n"
           "    print here\n"
           "task b\n"
           "    return 3\n",
           "scenario 5\n"
           "begin main 0\n"
           "finalise main r 0\n"
           "callback main 2 a\nbegin a 0\nprint a here\ndid a 15 ok\nend a\n"
           "did main 2 ok\n"
           "did main 3 ok\n"
           "callback main 4 a#2\nbegin a#2 0\nprint a#2 here\ndid a#2 15 ok\nend a#2\n"
           "did main 4 ok\n"
           "force main 5 b\nbegin b 0\nend b\n"
           "force main 5 a#3\nbegin a#3 0\nprint a#3 here\ndid a#3 15 ok\nend a#3\n"
           "did main 5 ok 3\n"
           "force main 6 b#2\nbegin b#2 0\nend b#2\n"
           "force main 6 a#4\nbegin a#4 0\nprint a#4 here\ndid a#4 15 ok\nend a#4\n"
           "force main 6 b#3\nbegin b#3 0\nend b#3\n"
           "did main 6 ok 3\n"
           "did main 7 ok\n"
           "force main 8 b#4\nbegin b#4 0\nend b#4\n"
           "did main 8 ok 3\n"
           "did main 9 ok\n"
           "callback main 9 a#5\nbegin a#5 ?\nprint a#5 here\ndid a#5 15 ok\nend a#5\n"
           "did main 10 ok\n"
           "did main 11 ok\n"
           "did main 12 ok\n"
           "spawn main 13 b#5\n"
           "did main 13 busy\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_what_servers_do(void **state)
{
    (void)state;
    expect("liars/plain.so",
           "scenario 5\n"
           "task main\n"
           "    deadline 0 a\n"
           "    deadline longest a\n"
           "    blocking a\n"
           "    pipe r w\n"
           "    wait-readable r\n"
           "    wait-writable r\n"
           "    split v w\n"
           "    write v 3\n"
           "task a\n"
           "    return 3\n",
           "scenario 5\n"
           "begin main 0\n"
           "did main 2 expired\n"
           "force main 3 a\nbegin a 0\nend a\n"
           "did main 3 ok 3\n"
           "force main 4 a#2\nbegin a#2 ?\nend a#2\n"
           "did main 4 ok 3\n"
           "did main 5 ok\n"
           "did main 6 ok\n"
           "did main 7 not-supported\n"
           "did main 8 ok\n"
           "did main 9 ok 3\n"
           "end main\n"
           "run ok\n");
}

static void tells_of_signals(void **state)
{
    (void)state;
    expect("liars/plain.so",
           "scenario 5\n"
           "task main\n"
           "    handle usr1 a\n"
           "    raise usr1\n"
           "    yield\n"
           "    ignore usr1\n"
           "    raise usr1\n"
           "    yield\n"
           "    handle kill a\n"
           "    restore usr1\n"
           "    raise usr1\n"
           "task a\n"
           "    return 3\n",
           "scenario 5\n"
           "begin main 0\n"
           "did main 2 ok\n"
           "did main 3 ok\n"
           "callback main 2 a\nbegin a 0\nend a\n"
           "did main 4 ok\n"
           "did main 5 ok\n"
           "did main 6 ok\n"
           "did main 7 ok\n"
           "did main 8 invalid\n"
           "did main 9 ok\n"
           "died signal 10\n");
}

/* What is outside the run comes first, and may have a run of its own. */
static void executes_what_is_outside(void **state)
{
    (void)state;
    expect("liars/plain.so",
           "scenario 5\n"
           "outside before\n"
           "task main\n"
           "    return 2\n"
           "task before\n"
           "    yield\n"
           "    run inside\n"
           "task inside\n"
           "    print here\n"
           "    return 9\n",
           "scenario 5\n"
           "outside before\n"
           "begin before ?\n"
           "did before 5 ok\n"
           "spawn before 6 inside\n"
           "begin inside 0\nprint inside here\ndid inside 8 ok\nend inside\n"
           "did before 6 ok 9\n"
           "end before\n"
           "begin main 0\n"
           "end main\n"
           "run ok 2\n");
}

/* Each instance has names of its own; what is shared is known to all. */
static void names_belong_to_instances(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "shared s\n"
           "task main\n"
           "    create r\n"
           "    create s\n"
           "    p = repeat 2 async child\n"
           "    q = async boom\n"
           "    await p\n"
           "    release r\n"
           "    await-all p q\n"
           "task child\n"
           "    create r\n"
           "    release r\n"
           "    await-all q\n"
           "    q = async five\n"
           "    await q\n"
           "    return 1\n"
           "task boom\n"
           "    release s\n"
           "    fail boom\n"
           "task five\n"
           "    return 5\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 3 ok\n"
           "did main 4 ok\n"
           "spawn main 5 child\n"
           "begin child 0\n"
           "did child 11 ok\n"
           "finalise child r 0\n"
           "did child 12 ok\n"
           "did child 13 invalid\n"
           "spawn child 14 five\n"
           "begin five 0\n"
           "end five\n"
           "did child 14 ok\n"
           "did child 15 ok 5\n"
           "end child\n"
           "spawn main 5 child#2\n"
           "begin child#2 0\n"
           "did child#2 11 ok\n"
           "finalise child#2 r 0\n"
           "did child#2 12 ok\n"
           "did child#2 13 invalid\n"
           "spawn child#2 14 five#2\n"
           "begin five#2 0\n"
           "end five#2\n"
           "did child#2 14 ok\n"
           "did child#2 15 ok 5\n"
           "end child#2\n"
           "did main 5 ok\n"
           "spawn main 6 boom\n"
           "begin boom 0\n"
           "finalise main s 0\n"
           "did boom 18 ok\n"
           "end boom\n"
           "did main 6 ok\n"
           "did main 7 ok 1\n"
           "finalise main r 0\n"
           "did main 8 ok\n"
           "did main 9 ok 1, ok 1, failed boom\n"
           "end main\n"
           "run ok\n");
}

/* A flag is up for `until` once it has been posted that many times. */
static void counts_posts(void **state)
{
    (void)state;
    expect("liars/eager.so",
           "scenario 1\n"
           "task main\n"
           "    p = async child\n"
           "    repeat 2 post up\n"
           "    until up 3\n"
           "    until up\n"
           "    cancel p\n"
           "task child\n"
           "    post up\n",
           "scenario 1\n"
           "begin main 0\n"
           "spawn main 2 child\n"
           "begin child 0\n"
           "did child 8 ok\n"
           "end child\n"
           "did main 2 ok\n"
           "did main 3 ok\n"
           "did main 4 ok\n"
           "did main 5 ok\n"
           "did main 6 stopped\n"
           "end main\n"
           "run ok\n");
    expect("liars/lacks_functions.so",
           "scenario 1\n"
           "task main\n"
           "    repeat 2 post up\n"
           "    until up 2\n"
           "    until up 3\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 2 ok\n"
           "did main 3 ok\n"
           "did main 4 absent\n");
}

/* Which instance computes a value does not depend on the stack or the thread of its function. */
static void tells_which_instance_computes(void **state)
{
    (void)state;
    expect("liars/computes_elsewhere.so",
           "scenario 1\n"
           "shared k\n"
           "task main\n"
           "    lazy l outer\n"
           "    lazy k inner\n"
           "    force l\n"
           "    force k\n"
           "task outer\n"
           "    force k\n"
           "    return 1\n"
           "task inner\n"
           "    return 2\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 3 ok\n"
           "did main 4 ok\n"
           "force main 5 outer\n"
           "begin outer 0\n"
           "force outer 8 inner\n"
           "begin inner 0\n"
           "end inner\n"
           "did outer 8 ok 2\n"
           "end outer\n"
           "did main 5 ok 1\n"
           "did main 6 ok 2\n"
           "end main\n"
           "run ok\n");
    expect("liars/computes_elsewhere.so",
           "scenario 1\n"
           "shared l\n"
           "task main\n"
           "    lazy l compute\n"
           "    parallel child child\n"
           "task child\n"
           "    force l\n"
           "task compute\n"
           "    return 3\n",
           "scenario 1\n"
           "begin main 0\n"
           "did main 3 ok\n"
           "spawn main 4 child\n"
           "spawn main 4 child#2\n"
           "begin child 0\n"
           "begin child#2 0\n"
           "force child 6 compute\n"
           "begin compute 0\n"
           "end compute\n"
           "did child 6 stopped\n"
           "end child\n"
           "force child#2 6 compute#2\n"
           "begin compute#2 0\n"
           "end compute#2\n"
           "did child#2 6 ok 3\n"
           "end child#2\n"
           "did main 4 cancelled, ok\n"
           "end main\n"
           "run ok\n");
}

/* ---- Schedules ---- */

static const char one_task[] = "task main\n    create r\n    print x\n";

#define ONE_TASK "begin main 0\ndid main 2 ok\nprint main x\ndid main 3 ok\nend main\nrun ok\n"

/* A generator's answers are those of SplitMix64's published test, modulo the number of
 * possibilities. A task of the run before is run again; it is not an instance of this run. */
static void steers_a_runtime(void **state)
{
    char scenario[256];

    (void)state;
    snprintf(scenario, sizeof scenario,
             "scenario 5\nschedule # all 0\nschedule  1 5\t7 9\nschedule seed 1234567\n%s",
             one_task);
    expect("liars/asks.so", scenario,
           "scenario 5\n"
           "chose 0 2\nchose 0 3\nchose 0 4\n" ONE_TASK "scenario 5\n"
           "chose 1 2\nchose 2 3\nchose 3 4\nbegin ? 0\n" ONE_TASK "scenario 5\n"
           "chose 1 2\nchose 1 3\nchose 3 4\nbegin ? 0\n" ONE_TASK);
}

static void answers_out_of_range(void **state)
{
    char scenario[256];

    (void)state;
    snprintf(scenario, sizeof scenario, "scenario 5\nschedule 1 beyond\n%s", one_task);
    expect("liars/asks.so", scenario, "scenario 5\nchose 1 2\nchose 3 3\nchose 0 4\n" ONE_TASK);
    snprintf(scenario, sizeof scenario, "scenario 5\nschedule beyond 1\n%s", one_task);
    expect("liars/asks.so", scenario, "scenario 5\nrefused not a schedule\n");
}

static void steers_only_with_schedules(void **state)
{
    char scenario[256];

    (void)state;
    snprintf(scenario, sizeof scenario, "scenario 5\n%s", one_task);
    expect("liars/asks.so", scenario, "scenario 5\n" ONE_TASK);
}

static void tells_of_a_runtime_that_cannot_be_steered(void **state)
{
    char scenario[256];

    (void)state;
    snprintf(scenario, sizeof scenario, "scenario 5\nschedule\n%s", one_task);
    expect("liars/eager.so", scenario, "scenario 5\nabsent choose\n");
}

/* Claiming success without handing out an object does not help a runtime. */
static void does_not_take_a_word_for_a_deed(void **state)
{
    (void)state;
    expect("liars/runs_main.so",
           "scenario 1\n"
           "task main\n"
           "    p = async child\n"
           "    await p\n"
           "    parallel child child\n"
           "    orphans o\n"
           "    q = care o\n"
           "    create r\n"
           "    release r\n"
           "    await-all p\n"
           "    await-one p p\n"
           "    lazy l child\n"
           "    force l\n"
           "task child\n"
           "    return 0\n",
           "scenario 1\n"
           "begin main 0\n"
           "spawn main 2 child\n"
           "did main 2 ok\n"
           "did main 3 error 2147483647\n"
           "spawn main 4 child#2\n"
           "spawn main 4 child#3\n"
           "did main 4 error 2147483647, error 2147483647\n"
           "did main 5 ok\n"
           "did main 6 empty\n"
           "did main 7 ok\n"
           "did main 8 ok\n"
           "did main 9 error 2147483647\n"
           "did main 10 error 2147483647\n"
           "did main 11 ok\n"
           "did main 12 error 2147483647\n"
           "end main\n"
           "run ok\n");
}

static const char small[] = "scenario 3\ntask main\n    create r\n    yield\n";

static void tells_of_a_missing_function(void **state)
{
    (void)state;
    expect("liars/lacks_functions.so", small, "scenario 3\nbegin main 0\ndid main 2 absent\n");
}

static void survives_what_a_runtime_does(void **state)
{
    struct process process;

    (void)state;
    expect("liars/exits_in_run.so", small,
           "scenario 3\nbegin main 0\ndid main 2 ok\ndid main 3 ok\nend main\n");
    expect("liars/closes_descriptors.so", small,
           "scenario 3\nbegin main 0\ndid main 2 ok\ndid main 3 ok\nend main\nrun ok\n"
           "died status 3\n");
    expect("liars/aborts_in_run.so", small,
           "scenario 3\nbegin main 0\ndid main 2 ok\ndid main 3 ok\nend main\n"
           "died signal 6\n");
    process = run_driver(built("liars/crashes_at_load.so"), small, strlen(small));
    assert_int_equal(process.end, PROCESS_SIGNALLED);
    assert_int_equal(process.status, SIGABRT);
    process_free(&process);
    process = talk_to_driver(built("liars/prints_rubbish.so"), "", 0);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_non_null(memmem(process.output, process.output_size, "\xff", 1));
    assert_non_null(memmem(process.output, process.output_size, GREETING, strlen(GREETING)));
    process_free(&process);
}

/* Whoever ends what hangs has heard all that it said. */
static void says_what_it_does_before_it_hangs(void **state)
{
    static const char input[] = "scenario 1\ntask main\n    print hello\n    until never\ngo\n";
    char *const arguments[] = {(char *)(uintptr_t)built("driver"),
                               (char *)(uintptr_t)built("libmiou.so"), NULL};
    struct process process = start_driver(arguments, input, strlen(input), 1);

    (void)state;
    assert_int_equal(process.end, PROCESS_HUNG);
    assert_string_equal(process.output, GREETING "scenario 1\nbegin main 0\nprint main hello\n"
                                                 "did main 2 ok\n");
    process_free(&process);
}

/* What it says does not depend on when it is written. */
static void says_the_same_at_once(void **state)
{
    char *const arguments[] = {(char *)(uintptr_t)built("driver"), (char *)(uintptr_t) "--at-once",
                               (char *)(uintptr_t)built("libmiou.so"), NULL};
    char *input;
    struct process process;

    (void)state;
    assert_true(asprintf(&input, "%sgo\n", small) > 0);
    process = start_driver(arguments, input, strlen(input), HANG);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.output, GREETING "scenario 3\nbegin main 0\ndid main 2 ok\n"
                                                 "did main 3 ok\nend main\nrun ok\nready\n");
    process_free(&process);
    free(input);
}

/* Threads that were started when a library was opened are not in a copy of the process. */
static void copies_no_library_that_has_threads(void **state)
{
    struct process process;
    char *input;

    (void)state;
    setenv("MIOU_LOADED", built("libmiou.so"), 1);
    assert_true(asprintf(&input, "%sgo\n", small) > 0);
    process = talk_to_driver(built("peers/at_load.so"), input, strlen(input));
    free(input);
    unsetenv("MIOU_LOADED");
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.output, GREETING "scenario 3\nbegin main 0\ndid main 2 ok\n"
                                                 "did main 3 ok\nend main\nrun ok\n");
    process_free(&process);
}

/* What a runtime prints to standard output does not become part of what the driver says. */
static void keeps_standard_output_apart(void **state)
{
    struct process process;

    (void)state;
    process = run_driver(built("liars/talks.so"), small, strlen(small));
    assert_string_equal(process.output, "scenario 3\nbegin main 0\ndid main 2 ok\n"
                                        "did main 3 ok\nend main\nrun ok\n");
    assert_true(contains(process.errors, "run ok 99\n"));
    process_free(&process);
}

static void many_instances(void **state)
{
    static const char scenario[] = "scenario 1\n"
                                   "task main\n"
                                   "    p = repeat 10000 async child\n"
                                   "    await p\n"
                                   "task child\n"
                                   "    return 1\n";
    struct process process = run_driver(built("liars/eager.so"), scenario, strlen(scenario));
    static const char last[] =
        "end child#10000\ndid main 2 ok\ndid main 3 ok 1\nend main\nrun ok\n";
    size_t lines = 0, i;

    (void)state;
    for (i = 0; i < process.output_size; i++)
        lines += process.output[i] == '\n';
    assert_int_equal(lines, 3 * 10000 + 6);
    assert_string_equal(process.output + process.output_size - strlen(last), last);
    process_free(&process);
}

/* A scenario is refused in one line, and the next one is executed. */
static void refuses(const char *program, size_t size, const char *why)
{
    static const char next[] = "go\nscenario 2\ntask main\n    print on\ngo\n";
    static const char rest[] = "ready\nscenario 2\nbegin main 0\nprint main on\ndid main 2 ok\n"
                               "end main\nrun ok\nready\n";
    char *input = malloc(size + sizeof next), *end;
    struct process process;

    memcpy(input, program, size);
    memcpy(input + size, next, sizeof next);
    process = talk_to_driver(built("liars/eager.so"), input, size + sizeof next - 1);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 0);
    assert_true(contains(process.output, GREETING "scenario 1\nrefused "));
    assert_true(contains(process.output, why));
    end = process.output + process.output_size - strlen(rest);
    assert_string_equal(end, rest);
    assert_int_equal(end[-1], '\n');
    process_free(&process);
    free(input);
}

#define REFUSES(program, why)                                                                      \
    refuses("scenario 1\n" program, sizeof "scenario 1\n" program - 1, "refused " why)

static void refuses_what_is_no_scenario(void **state)
{
    char *endless = malloc(3 << 20);

    (void)state;
    REFUSES("", "");
    REFUSES("task other\n    yield\n", "");
    REFUSES("task main\n    dance\n", "line 2: ");
    REFUSES("task main\n    p = async nobody\n", "");
    REFUSES("task main\n    await p\n", "");
    REFUSES("task main\n    yield => ok\n", "line 2: ");
    REFUSES("task main\n    yield\nexpect run ok\n", "line 3: ");
    REFUSES("schedule x\ntask main\n", "not a schedule");
    REFUSES("schedule 1 -1\ntask main\n", "not a schedule");
    REFUSES("schedule 18446744073709551616\ntask main\n", "not a schedule");
    REFUSES("schedule seed\ntask main\n", "not a schedule");
    REFUSES("schedule seed 1 2\ntask main\n", "not a schedule");
    REFUSES("schedules\ntask main\n", "line 1: ");
    REFUSES("task main\nschedule\n", "line 2: ");
    memset(endless, 'x', 3 << 20);
    memcpy(endless, "scenario 1\n", 11);
    endless[(3 << 20) - 1] = '\n';
    refuses(endless, 3 << 20, "refused the scenario is too long");
    endless[(1 << 19) - 1] = '\n';
    refuses(endless, 1 << 19, "refused line 1: ");
    free(endless);
}

/* Without a scenario there is nothing that could be refused. */
static void ends_where_the_protocol_does(const char *input, int status, const char *why)
{
    struct process process = talk_to_driver(built("liars/eager.so"), input, strlen(input));

    assert_int_equal(process.end, PROCESS_EXITED);
    assert_string_equal(process.output, GREETING);
    assert_int_equal(process.status, status);
    assert_true(contains(process.errors, why));
    process_free(&process);
}

static void notices_what_is_no_protocol(void **state)
{
    (void)state;
    ends_where_the_protocol_does("", 0, "");
    ends_where_the_protocol_does("task main\n", 2, "driver: this is not `scenario`");
    ends_where_the_protocol_does("scenario\ntask main\n", 2, "driver: this is not `scenario`");
    ends_where_the_protocol_does("scenario x\ntask main\n", 2, "driver: this is not `scenario`");
    ends_where_the_protocol_does("scenario 1 2\ntask main\n", 2, "driver: this is not `scenario`");
    ends_where_the_protocol_does("scenario 1\ntask main\n", 2, "driver: the input ends before");
    ends_where_the_protocol_does("scenario 1\ngone\n", 2, "driver: the input ends before");
}

/* A conversation: carriage returns do no harm, and no scenario leaves anything to the next. */
static void executes_one_scenario_after_the_other(void **state)
{
    static const char input[] = "scenario 5\r\nschedule 1\r\ntask main\r\n    post f\r\ngo\r\n"
                                "scenario 9\ntask main\n    create r\ngo\n";
    struct process process = talk_to_driver(built("liars/asks.so"), input, sizeof input - 1);

    (void)state;
    assert_int_equal(process.status, 0);
    assert_true(contains(process.output, GREETING "scenario 5\nchose 1 2\n"));
    assert_true(contains(process.output, "ready\nscenario 9\nbegin main 0\ndid main 2 ok\n"));
    process_free(&process);
}

static void refuses_what_is_no_library(void **state)
{
    struct process process;

    (void)state;
    process = run_driver("/nonexistent/lib.so", small, strlen(small));
    assert_int_equal(process.status, 2);
    assert_string_equal(process.output, "");
    assert_string_equal(process.errors, "driver: cannot open /nonexistent/lib.so: "
                                        "No such file or directory\n");
    process_free(&process);
    process = run_driver("spec/miou.h", small, strlen(small));
    assert_int_equal(process.status, 2);
    assert_true(contains(process.errors, "driver: cannot open spec/miou.h: "));
    process_free(&process);
    process = run_driver(NULL, small, strlen(small));
    assert_int_equal(process.status, 2);
    assert_true(contains(process.errors, "usage: driver [--at-once | --lacks] LIBRARY"));
    process_free(&process);
}

static void notices_that_nobody_listens(void **state)
{
    char text[4 * PATH_MAX];
    struct process process;

    (void)state;
    snprintf(text, sizeof text, "'%s' '%s' >/dev/full", built("driver"), built("liars/eager.so"));
    shell(&process, "", 0, text);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 3);
    process_free(&process);
}

/* ---- What a library lacks ---- */

static void expect_lacks(const char *library, const char *left_out, const char *lines)
{
    char command[2 * PATH_MAX];
    struct process process;

    snprintf(command, sizeof command, "MIOU_SABOTAGED=%s MIOU_LEFT_OUT='%s' %s --lacks %s",
             built("peers/threads.so"), left_out, built("driver"), built(library));
    shell(&process, "", 0, command);
    assert_string_equal(process.output, lines);
    assert_int_equal(process.status, 0);
    process_free(&process);
}

#define LACKS_THE_PART_FOR_SERVERS                                                                 \
    "lacks miou_deadline\nlacks miou_wait_readable\nlacks miou_wait_writable\n"                    \
    "lacks miou_blocking\nlacks miou_fd_split\nlacks miou_writev\nlacks miou_accept4\n"            \
    "lacks miou_setsockopt\nlacks miou_getsockopt\n"

static void says_what_a_library_lacks(void **state)
{
    char command[2 * PATH_MAX];
    struct process process;

    (void)state;
    expect_lacks("liars/says_ok.so", "", "");
    expect_lacks("liars/leaves_out.so", "", LACKS_THE_PART_FOR_SERVERS "lacks choose\n");
    expect_lacks("liars/leaves_out.so", "hooks",
                 "lacks miou_hook_add\nlacks miou_hook_remove\n" LACKS_THE_PART_FOR_SERVERS
                 "lacks choose\n");
    expect_lacks("liars/leaves_out.so", "miou_sleep monitor",
                 "lacks miou_sleep\n" LACKS_THE_PART_FOR_SERVERS "lacks monitor\nlacks choose\n");
    /* A function of the core that returns -ENOSYS is not left out, but wrong. */
    expect_lacks("liars/leaves_out.so", "miou_yield", LACKS_THE_PART_FOR_SERVERS "lacks choose\n");
    snprintf(command, sizeof command, "%s --lacks %s", built("driver"),
             built("liars/lacks_functions.so"));
    shell(&process, "", 0, command);
    assert_true(contains(process.output, "lacks miou_strerror\n"));
    assert_true(contains(process.output, "lacks miou_mutex_lock\n"));
    assert_null(strstr(process.output, "lacks miou_await\n"));
    assert_null(strstr(process.output, "lacks choose\n"));
    process_free(&process);
}

/* Expect this of a scenario on a library that leaves out a part or a function. */
static void expect_without(const char *left_out, const char *scenario, const char *lines)
{
    setenv("MIOU_SABOTAGED", built("peers/threads.so"), 1);
    setenv("MIOU_LEFT_OUT", left_out, 1);
    expect("liars/leaves_out.so", scenario, lines);
    unsetenv("MIOU_LEFT_OUT");
    unsetenv("MIOU_SABOTAGED");
}

/* What returns -ENOSYS is absent, but for a run that steers or has a monitor. What only gives
 * something back may be absent, unless it is used afterwards. */
static void tells_what_is_refused(void **state)
{
    static const char mutex[] = "scenario 1\ntask main\n    mutex m\n";
    static const char sleeping[] = "scenario 1\ntask main\n    sleep 1\n";
    static const char freeing[] = "scenario 1\ntask main\n    mutex m\n    free-mutex m\n";
    static const char using[] =
        "scenario 1\ntask main\n    mutex m\n    free-mutex m\n    lock m\n";

    (void)state;
    expect_without("hooks", mutex, "scenario 1\nbegin main 0\ndid main 2 ok\nend main\nrun ok\n");
    expect_without("synchronisation", mutex, "scenario 1\nbegin main 0\ndid main 2 absent\n");
    expect_without("miou_mutex_create", mutex, "scenario 1\nbegin main 0\ndid main 2 absent\n");
    expect_without("miou_mutex_free", freeing,
                   "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 absent\n"
                   "end main\nrun ok\n");
    expect_without("miou_mutex_free", using,
                   "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 absent\n");
    expect_without("miou_domain_self", mutex,
                   "scenario 1\nbegin main ?\ndid main 2 ok\nend main\nrun ok\n");
    expect_without("time", sleeping, "scenario 1\nabsent miou_unix_run\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_a_library_lacks),
        cmocka_unit_test(tells_what_is_refused),
        cmocka_unit_test(tells_what_happens),
        cmocka_unit_test(tells_lists),
        cmocka_unit_test(tells_errors),
        cmocka_unit_test(tells_of_several_promises),
        cmocka_unit_test(tells_of_orphanages_and_time),
        cmocka_unit_test(tells_of_mutexes_and_conditions),
        cmocka_unit_test(tells_of_lazy_values_and_computations),
        cmocka_unit_test(tells_of_descriptors),
        cmocka_unit_test(tells_where_it_listens),
        cmocka_unit_test(connects_to_peers),
        cmocka_unit_test(tells_of_parts_and_callbacks),
        cmocka_unit_test(tells_of_what_servers_do),
        cmocka_unit_test(tells_of_signals),
        cmocka_unit_test(executes_what_is_outside),
        cmocka_unit_test(names_belong_to_instances),
        cmocka_unit_test(counts_posts),
        cmocka_unit_test(tells_which_instance_computes),
        cmocka_unit_test(steers_a_runtime),
        cmocka_unit_test(answers_out_of_range),
        cmocka_unit_test(steers_only_with_schedules),
        cmocka_unit_test(tells_of_a_runtime_that_cannot_be_steered),
        cmocka_unit_test(stops_when_cancelled),
        cmocka_unit_test(does_not_take_a_word_for_a_deed),
        cmocka_unit_test(tells_of_a_missing_function),
        cmocka_unit_test(survives_what_a_runtime_does),
        cmocka_unit_test(says_what_it_does_before_it_hangs),
        cmocka_unit_test(says_the_same_at_once),
        cmocka_unit_test(copies_no_library_that_has_threads),
        cmocka_unit_test(keeps_standard_output_apart),
        cmocka_unit_test(many_instances),
        cmocka_unit_test(refuses_what_is_no_scenario),
        cmocka_unit_test(notices_what_is_no_protocol),
        cmocka_unit_test(executes_one_scenario_after_the_other),
        cmocka_unit_test(refuses_what_is_no_library),
        cmocka_unit_test(notices_that_nobody_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
