/* Tests of peers: a program whose runtime is played here says its lines, and sends what it should
 * or should not. */
#include "test_texts.h"

#include "peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

/* A scenario in play. */
struct play {
    struct program *program;
    struct peers *peers;
    struct verdict *verdict;
};

static struct play begin(const char *text)
{
    struct complaints complaints = {.size = 0};
    struct play play = {
        .program = program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, &complaints)};

    if (play.program == NULL)
        fail_msg("%s\n%s", text, complaints.text);
    play.peers = peers_start(play.program, 7);
    return play;
}

/* Say whole lines. */
static void say(struct play *play, const char *lines)
{
    for (; *lines != '\0'; lines += strcspn(lines, "\n") + 1)
        peers_hear(play->peers, lines, strcspn(lines, "\n"));
}

/* End, and expect this finding; NULL: none. Whatever was observed instead is right if that is NULL.
 */
static void end(struct play *play, int line, const char *expected, const char *observed)
{
    struct verdict verdict = {.kind = VERDICT_PASS};

    peers_end(play->peers);
    peers_tell(play->peers, &verdict);
    if (expected == NULL && verdict.finding_count > 0)
        fail_msg("%s / %s", verdict.findings[0].expected, verdict.findings[0].observed);
    assert_int_equal(verdict.finding_count, expected != NULL);
    assert_int_equal(verdict.kind, expected != NULL ? VERDICT_FAIL : VERDICT_PASS);
    if (expected != NULL) {
        assert_int_equal(verdict.findings[0].line, line);
        assert_string_equal(verdict.findings[0].expected, expected);
        if (observed != NULL)
            assert_string_equal(verdict.findings[0].observed, observed);
        free(verdict.findings[0].expected);
        free(verdict.findings[0].observed);
        free(verdict.findings[0].deviation);
    }
    peers_free(play->peers);
    program_free(play->program);
}

/* Where the only peer listens that does. */
static struct sockaddr_in address_of_peer(const struct play *play)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char *lines = peers_lines(play->peers);
    int port;

    assert_int_equal(sscanf(lines, "peer p %d\n", &port), 1);
    free(lines);
    address.sin_port = htons((in_port_t)port);
    return address;
}

static int connect_to(const struct play *play)
{
    struct sockaddr_in address = address_of_peer(play);
    int number = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(number, (struct sockaddr *)&address, sizeof address), 0);
    return number;
}

#define SERVER "task main\nsocket c tcp4\nconnect c peer=p\nexpect run ok\npeer p\nlisten\naccept\n"

static void has_nothing_to_tell(void **state)
{
    struct play play = begin("task main\nyield\nexpect run ok\n");
    char *lines = peers_lines(play.peers);

    (void)state;
    assert_null(play.peers);
    assert_string_equal(lines, "");
    free(lines);
    assert_null(peers_wait(play.peers));
    end(&play, 0, NULL, NULL);
}

static void gets_and_sends_the_pattern(void **state)
{
    struct play play = begin(SERVER "receive 300\nsend 5 2\nshutdown\nend\n");
    int number = connect_to(&play);
    unsigned char bytes[300];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i % 251);
    assert_int_equal(write(number, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(recv(number, bytes, 5, MSG_WAITALL), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(bytes[i], i);
    assert_int_equal(read(number, bytes, 1), 0);
    close(number);
    end(&play, 0, NULL, NULL);
}

static void notices_other_bytes(void **state)
{
    struct play play = begin(SERVER "receive 3\n");
    int number = connect_to(&play);

    (void)state;
    assert_int_equal(write(number, "\0\1\3", 3), 3);
    end(&play, 8, "peer p receives what was sent to it, each byte once and in order",
        "another byte at place 2 of the stream");
    close(number);
}

static void notices_an_early_end(void **state)
{
    struct play play = begin(SERVER "receive 3\n");
    int number = connect_to(&play);

    (void)state;
    assert_int_equal(write(number, "\0\1", 2), 2);
    close(number);
    end(&play, 8, "peer p receives 3 bytes", "the stream has ended after 2 bytes");
}

static void notices_more_than_the_end(void **state)
{
    struct play play = begin(SERVER "receive 1\nend\n");
    int number = connect_to(&play);

    (void)state;
    assert_int_equal(write(number, "\0\1", 2), 2);
    close(number);
    end(&play, 9, "the stream to peer p ends", "more bytes behind the first 1");
}

static void waits_in_vain_for_bytes(void **state)
{
    struct play play = begin(SERVER "receive 1\n");
    int number = connect_to(&play);

    (void)state;
    peers_end(play.peers);
    assert_string_equal(peers_wait(play.peers), "peer p receives 1 bytes");
    close(number);
    peers_free(play.peers);
    program_free(play.program);
}

static void stands_where_the_hang_finds_it(void **state)
{
    struct play play =
        begin("task main\npost up\nexpect run ok\npeer p\nuntil up 3\npeer q\nuntil up\n");

    (void)state;
    say(&play, "scenario 7\nbegin main 0\n");
    peers_hang(play.peers);
    peers_end(play.peers);
    assert_string_equal(peers_wait(play.peers),
                        "peer p waits at line 5, until; peer q waits at line 7, until");
    peers_free(play.peers);
    program_free(play.program);
}

static void waits_in_vain_for_a_flag(void **state)
{
    struct play play = begin("task main\nrepeat 2 post up\nexpect run ok\npeer p\nuntil up 3\n");

    (void)state;
    say(&play, "scenario 7\nbegin main 0\ndid main 2 ok\n");
    end(&play, 5, "peer p waits until up has been posted 3 times", "it was posted 2 times");
}

static void waits_in_vain_for_a_listener(void **state)
{
    struct play play = begin("task main\nsocket l tcp4\nlisten l\nexpect run ok\n"
                             "peer p\nconnect l\n");

    (void)state;
    say(&play, "port main 3 1\nscenario 6\nport main 3 1\nscenario 7\nbegin main 0\n");
    end(&play, 6, "peer p can connect l", "nothing happened until the driver had ended");
}

static void follows_the_lines(void **state)
{
    struct play play = begin("task main\nsocket l tcp4\nlisten l\npost up\nexpect run ok\n"
                             "peer p\nconnect l\nuntil up\nsend 1\nreset\n");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), number;
    char line[64], byte;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    snprintf(line, sizeof line, "port main 3 %d\n", ntohs(address.sin_port));
    say(&play, "driver 2 some\nready\nscenario 7\nbegin main 0\n");
    say(&play, line);
    number = accept(listener, NULL, NULL);
    assert_true(number >= 0);
    say(&play, "did main 3 ok\ndid main 4 ok\n");
    assert_int_equal(recv(number, &byte, 1, 0), 1);
    assert_int_equal(recv(number, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(number);
    close(listener);
    end(&play, 0, NULL, NULL);
}

/* A process that waits, or works, as the driver. */
static pid_t start_driver(bool works)
{
    pid_t process = fork();

    assert_true(process >= 0);
    while (process == 0)
        if (!works)
            pause();
    return process;
}

/* The byte behind `idle` is sent if the driver was idle, and if not, the connection ends. */
static void expect_idle(bool works)
{
    struct play play = begin(SERVER "idle\nsend 1\n");
    pid_t process = start_driver(works);
    int number = connect_to(&play);
    unsigned char byte;

    peers_begin(play.peers, process);
    say(&play, "scenario 7\n");
    assert_int_equal(read(number, &byte, 1), !works);
    close(number);
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    end(&play, 8, works ? "while no task can go on, no processor time is used" : NULL, NULL);
}

static void watches_the_driver(void **state)
{
    (void)state;
    expect_idle(false);
    expect_idle(true);
}

/* Who connects waits until the listener is closed. */
static void has_no_room(void **state)
{
    struct play play = begin("task main\nsocket c tcp4\nconnect c peer=p\nexpect run ok\npeer p\n"
                             "listen full\n");
    int number = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = address_of_peer(&play);
    struct pollfd poll_it = {.fd = number, .events = POLLOUT};

    (void)state;
    assert_int_equal(connect(number, (struct sockaddr *)&address, sizeof address), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(poll(&poll_it, 1, 0), 0);
    close(number);
    end(&play, 0, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_nothing_to_tell),
        cmocka_unit_test(gets_and_sends_the_pattern),
        cmocka_unit_test(notices_other_bytes),
        cmocka_unit_test(notices_an_early_end),
        cmocka_unit_test(notices_more_than_the_end),
        cmocka_unit_test(waits_in_vain_for_bytes),
        cmocka_unit_test(stands_where_the_hang_finds_it),
        cmocka_unit_test(waits_in_vain_for_a_flag),
        cmocka_unit_test(waits_in_vain_for_a_listener),
        cmocka_unit_test(follows_the_lines),
        cmocka_unit_test(watches_the_driver),
        cmocka_unit_test(has_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
