/* Tests of the simulated system: what a run relies on, and what the world sees. */
#include "sim.h"
#include "system.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { PORT = 3000, PAGE = 4096 };

static const struct sim_world nobody;

static int begin(void **state)
{
    (void)state;
    sim_begin(&nobody);
    sim_audits = true;
    return 0;
}

static int listen_at(int port, bool shared)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int number = sys_socket(AF_INET, SOCK_STREAM), error;

    assert_true(number >= 0);
    error = sys_bind(number, (const void *)&address, sizeof address, true, shared);
    if (error == 0)
        error = sys_listen(number, 0);
    if (error < 0)
        sys_close(number);
    return error < 0 ? error : number;
}

/* A stream with this much room, and the server's descriptor for it. */
static int connected(size_t room, int *server)
{
    int listener = listen_at(PORT, false), stream = sim_connect(PORT, 0, room);

    assert_true(stream >= 0);
    *server = sys_accept(listener, NULL, 0);
    assert_int_equal(sim_number(stream), *server);
    return stream;
}

/* Whether select finds a descriptor ready; the same with an audit, which asks each descriptor, and
 * without. */
static bool is_ready(int number, bool to_write)
{
    int found[2];

    for (int audits = 0; audits < 2; audits++) {
        unsigned long bits[4] = {0}, none[4] = {0}, bit = 1UL << number % 64;

        sim_audits = audits;
        bits[number / 64] = bit;
        found[audits] = to_write ? sys_select(number + 1, none, bits, false, 0)
                                 : sys_select(number + 1, bits, audits ? none : NULL, false, 0);
        assert_int_equal(bits[number / 64], found[audits] > 0 ? bit : 0);
    }
    assert_int_equal(found[0], found[1]);
    return found[0] == 1;
}

/* ---- memory */

static void expect_zero(const char *memory, size_t size)
{
    for (size_t at = 0; at < size; at++)
        if (memory[at] != 0)
            fail_msg("byte %zu of %zu", at, size);
}

/* A small mapping is cleaned wherever it was written to, a large one as far as it was filled. */
static void test_memory_is_zero_again(void **state)
{
    static const size_t small[] = {1, PAGE / 2, PAGE}, large = 1 << 20;

    (void)state;
    for (int round = 0; round < 3; round++) {
        char *memory = sys_map(large);

        expect_zero(memory, large);
        memset(memory, 1, 5 * PAGE + 1);
        sys_unmap(memory, large);
        for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
            memory = sys_map(small[i]);
            expect_zero(memory, small[i]);
            memory[round == 0 ? 0 : small[i] - 1] = 1;
            sys_unmap(memory, small[i]);
        }
    }
}

static void test_memory_is_used_again(void **state)
{
    void *first = sys_map(7 * PAGE), *second;

    (void)state;
    assert_ptr_not_equal(first, sys_map(7 * PAGE));
    assert_int_equal(sim_left().mappings, 2);
    sim_begin(&nobody);
    assert_int_equal(sim_left().mappings, 0);
    second = sys_map(7 * PAGE);
    assert_ptr_equal(first, second);
    sys_unmap(second, 7 * PAGE);
}

static void test_a_guard_page_stays_one(void **state)
{
    char *stack = sys_map(4 * PAGE);

    (void)state;
    assert_int_equal(sys_guard(stack + PAGE, PAGE), 0);
    stack[3 * PAGE] = 1;
    sys_unmap(stack, 4 * PAGE);
    assert_ptr_equal(sys_map(4 * PAGE), stack);
    assert_int_equal(sys_guard(stack + PAGE, PAGE), 0);
    stack[2 * PAGE] = 1;
    sys_unmap(stack, 4 * PAGE);
}

/* ---- descriptors */

static void test_numbers_are_the_lowest_free(void **state)
{
    int a = sys_bell_create(), b = sys_socket(AF_INET, SOCK_STREAM), c = sys_bell_create();

    (void)state;
    assert_int_equal(b, a + 1);
    assert_int_equal(c, b + 1);
    assert_int_equal(sys_close(b), 0);
    assert_int_equal(sys_close(b), -EBADF);
    assert_false(sys_is_open(b));
    assert_int_equal(sim_left().descriptors, 2);
    assert_int_equal(sys_bell_create(), b);
    sim_limit(c + 1);
    assert_int_equal(sys_bell_create(), -EMFILE);
    assert_int_equal(sys_socket(AF_INET, SOCK_STREAM), -EMFILE);
}

static void test_a_bell(void **state)
{
    int bell = sys_bell_create();

    (void)state;
    assert_false(is_ready(bell, false));
    sys_bell_ring(bell);
    sys_bell_ring(bell);
    assert_true(is_ready(bell, false));
    sys_bell_clear(bell);
    assert_false(is_ready(bell, false));
}

static void test_select_tells_of_a_closed_descriptor(void **state)
{
    unsigned long bits[4] = {1UL << 20};

    (void)state;
    assert_int_equal(sys_select(64, bits, NULL, false, 0), -EBADF);
    assert_int_equal(sys_select(64, NULL, bits, false, 0), -EBADF);
}

/* ---- addresses and listeners */

static void test_select_reaches_high_numbers(void **state)
{
    unsigned long bits[4] = {0};
    int bells[80], last = 0;

    (void)state;
    for (int i = 0; i < 80; i++)
        last = bells[i] = sys_bell_create();
    assert_true(last > 64);
    for (int i = 0; i < 80; i++)
        bits[bells[i] / 64] |= 1UL << bells[i] % 64;
    sys_bell_ring(bells[0]);
    sys_bell_ring(last);
    assert_int_equal(sys_select(last + 1, bits, NULL, false, 0), 2);
    assert_int_equal(bits[0], 1UL << bells[0]);
    assert_int_equal(bits[1], 1UL << last % 64);
    sys_bell_clear(last);
    assert_true(is_ready(bells[0], false));
    assert_false(is_ready(last, false));
    sys_close(last);
    assert_int_equal(sys_select(last + 1, bits, NULL, false, 0), -EBADF);
}

/* What select has found of a socket no longer holds. */
static void test_a_socket_becomes_another_thing(void **state)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = sys_socket(AF_INET, SOCK_STREAM), client = sys_socket(AF_INET, SOCK_STREAM);

    (void)state;
    assert_true(is_ready(listener, false) && is_ready(client, false));
    assert_int_equal(sys_bind(listener, (const void *)&address, sizeof address, true, false), 0);
    assert_int_equal(sys_listen(listener, 0), 0);
    assert_false(is_ready(listener, false));
    assert_int_equal(sys_connect(client, (const void *)&address, sizeof address), 0);
    assert_false(is_ready(client, false));
    assert_true(is_ready(listener, false));
}

static void test_a_stream_with_two_numbers(void **state)
{
    char bytes[8];
    int server, twin, stream = connected(100, &server);

    (void)state;
    assert_false(is_ready(server, false));
    twin = sys_duplicate(server);
    assert_true(twin > server);
    assert_false(is_ready(server, false) || is_ready(twin, false));
    sim_send(stream, "ab", 2);
    assert_true(is_ready(server, false) && is_ready(twin, false));
    assert_int_equal(sys_read(twin, bytes, 8), 2);
    assert_false(is_ready(server, false) || is_ready(twin, false));
    sys_close(server);
    assert_false(is_ready(twin, false));
    sim_send(stream, "c", 1);
    assert_true(is_ready(twin, false));
}

static void test_a_port_is_shared_if_all_agree(void **state)
{
    int first = listen_at(PORT, true);

    (void)state;
    assert_true(first >= 0);
    assert_true(listen_at(PORT, true) >= 0);
    assert_int_equal(listen_at(PORT, false), -EADDRINUSE);
    assert_int_equal(sim_connect(PORT + 1, 0, 1), -ECONNREFUSED);
    assert_true(listen_at(PORT + 1, false) >= 0);
    assert_int_equal(listen_at(PORT + 1, true), -EADDRINUSE);
}

static void test_the_system_gives_a_port(void **state)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = listen_at(0, false);

    (void)state;
    assert_int_equal(sim_getsockname(listener, (void *)&address, &length), 0);
    assert_int_equal(address.sin_family, AF_INET);
    assert_int_equal(length, sizeof address);
    assert_true(sim_connect(ntohs(address.sin_port), 0, 1) >= 0);
    assert_int_equal(sim_getsockname(listener + 1, (void *)&address, &length), -1);
    assert_int_equal(sim_setsockopt(listener, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)), 0);
    assert_int_equal(sim_setsockopt(listener + 1, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)),
                     -1);
    assert_int_equal(errno, EBADF);
}

static void test_the_listener_is_chosen(void **state)
{
    int listeners[2] = {listen_at(PORT, true), listen_at(PORT, true)};

    (void)state;
    assert_true(sim_connect(PORT, 3, 1) >= 0);
    assert_false(is_ready(listeners[0], false));
    assert_true(is_ready(listeners[1], false));
    assert_int_equal(sys_accept(listeners[0], NULL, 0), -EAGAIN);
}

static void test_clients_are_accepted_in_order(void **state)
{
    int listener = listen_at(PORT, false), number;
    int first = sim_connect(PORT, 0, 1), second = sim_connect(PORT, 0, 1);
    struct sockaddr_storage peer;

    (void)state;
    assert_int_equal(sim_number(first), -1);
    number = sys_accept(listener, &peer, 0);
    assert_int_equal(sim_number(first), number);
    assert_int_equal(peer.ss_family, AF_INET);
    number = sys_accept(listener, NULL, 0);
    assert_int_equal(sim_number(second), number);
    assert_int_equal(sys_accept(listener, NULL, 0), -EAGAIN);
}

static void test_accept_fails_once(void **state)
{
    int listener = listen_at(PORT, false);

    (void)state;
    sim_fail_accept(ECONNABORTED);
    assert_int_equal(sys_accept(listener, NULL, 0), -EAGAIN);
    assert_true(sim_connect(PORT, 0, 1) >= 0);
    assert_int_equal(sys_accept(listener, NULL, 0), -ECONNABORTED);
    assert_true(sys_accept(listener, NULL, 0) >= 0);
}

static void test_a_closed_listener_resets_clients_that_wait(void **state)
{
    int listener = listen_at(PORT, false), client = sim_connect(PORT, 0, 10);
    char byte;

    (void)state;
    sys_close(listener);
    assert_int_equal(sim_receive(client, &byte, 1), -ECONNRESET);
    assert_int_equal(sim_connect(PORT, 0, 10), -ECONNREFUSED);
}

/* ---- streams */

static void test_bytes_go_both_ways(void **state)
{
    int server, client = connected(4, &server);
    char bytes[10];

    (void)state;
    assert_false(is_ready(server, false));
    assert_int_equal(sys_read(server, bytes, 10), -EAGAIN);
    assert_int_equal(sim_send(client, "abcdef", 6), 4);
    assert_int_equal(sim_send(client, "ef", 2), -EAGAIN);
    assert_true(is_ready(server, false));
    assert_int_equal(sys_read(server, bytes, 3), 3);
    assert_int_equal(sim_send(client, "ef", 2), 2);
    assert_int_equal(sys_read(server, bytes + 3, 7), 3);
    assert_memory_equal(bytes, "abcdef", 6);
    assert_int_equal(sys_send(server, "12345", 5, NULL, 0), 4);
    assert_false(is_ready(server, true));
    assert_int_equal(sys_send(server, "5", 1, NULL, 0), -EAGAIN);
    assert_int_equal(sim_receive(client, bytes, 1), 1);
    assert_true(is_ready(server, true));
    assert_int_equal(sim_receive(client, bytes + 1, 9), 3);
    assert_memory_equal(bytes, "1234", 4);
}

static void send_some(int client, uint8_t *sent)
{
    uint8_t bytes[1000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = *sent = (uint8_t)((*sent + 1) % 251);
    assert_int_equal(sim_send(client, bytes, sizeof bytes), sizeof bytes);
}

/* More bytes than the circular buffer holds, so that it wraps; some are always under way. */
static void test_bytes_keep_their_order(void **state)
{
    int server, client = connected(SIM_ROOM, &server);
    uint8_t sent = 0, seen = 0, bytes[1000];

    (void)state;
    send_some(client, &sent);
    for (int round = 0; round < 100; round++) {
        send_some(client, &sent);
        assert_int_equal(sys_read(server, bytes, sizeof bytes), sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], seen = (uint8_t)((seen + 1) % 251));
    }
}

/* They may be in two pieces. */
static void test_bytes_are_received_where_they_are(void **state)
{
    static char sent[SIM_ROOM];
    struct sim_piece pieces[2];
    int server, stream = connected(SIM_ROOM, &server);

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 13 / 5);
    assert_int_equal(sim_receive_pieces(stream, pieces, 1), -EAGAIN);
    assert_int_equal(sys_send(server, sent, SIM_ROOM - 10, NULL, 0), SIM_ROOM - 10);
    assert_int_equal(sim_receive_pieces(stream, pieces, SIM_ROOM - 14), SIM_ROOM - 14);
    assert_int_equal(pieces[0].size, SIM_ROOM - 14);
    assert_memory_equal(pieces[0].bytes, sent, SIM_ROOM - 14);
    assert_int_equal(pieces[1].size, 0);
    assert_int_equal(sys_send(server, sent, 100, NULL, 0), 100);
    assert_int_equal(sim_receive_pieces(stream, pieces, SIM_ROOM), 104);
    assert_int_equal(pieces[0].size + pieces[1].size, 104);
    assert_int_equal(pieces[0].size, 14);
    assert_memory_equal(pieces[0].bytes, sent + SIM_ROOM - 14, 4);
    assert_memory_equal((const char *)pieces[0].bytes + 4, sent, 10);
    assert_memory_equal(pieces[1].bytes, sent + 10, 90);
    sys_close(server);
    assert_int_equal(sim_receive_pieces(stream, pieces, 1), 0);
}

static void test_short_counts(void **state)
{
    int server, client = connected(100, &server);
    char bytes[100];

    (void)state;
    sim_grain(client, 2, 2);
    assert_int_equal(sim_send(client, "abcdefgh", 8), 8);
    assert_int_equal(sys_read(server, bytes, 100), 2);
    assert_int_equal(sys_send(server, bytes, 100, NULL, 0), 2);
    assert_int_equal(sys_read(server, bytes, 100), 6);
}

static void test_half_close(void **state)
{
    int server, client = connected(10, &server);
    char bytes[10];

    (void)state;
    sim_send(client, "ab", 2);
    sim_shut(client);
    assert_int_equal(sys_read(server, bytes, 10), 2);
    assert_true(is_ready(server, false));
    assert_int_equal(sys_read(server, bytes, 10), 0);
    assert_int_equal(sys_send(server, "cd", 2, NULL, 0), 2);
    assert_int_equal(sys_close(server), 0);
    assert_int_equal(sim_receive(client, bytes, 10), 2);
    assert_int_equal(sim_receive(client, bytes, 10), 0);
    assert_int_equal(sim_send(client, "e", 1), -EPIPE);
}

static void test_reset(void **state)
{
    int server, client = connected(10, &server);
    char bytes[10];

    (void)state;
    sim_send(client, "ab", 2);
    sys_send(server, "0123456789", 10, NULL, 0);
    assert_false(is_ready(server, true));
    sim_reset(client);
    assert_true(is_ready(server, false));
    assert_true(is_ready(server, true));
    assert_int_equal(sys_read(server, bytes, 10), 2);
    assert_int_equal(sys_read(server, bytes, 10), -ECONNRESET);
    assert_int_equal(sys_read(server, bytes, 10), 0);
    assert_int_equal(sys_send(server, "c", 1, NULL, 0), -EPIPE);
}

static void test_closing_with_unread_bytes_resets(void **state)
{
    int server, client = connected(10, &server);
    char bytes[10];

    (void)state;
    sim_send(client, "ab", 2);
    sys_send(server, "cd", 2, NULL, 0);
    sys_close(server);
    assert_int_equal(sim_receive(client, bytes, 10), 2);
    assert_int_equal(sim_receive(client, bytes, 10), -ECONNRESET);
}

static void test_the_second_write_to_a_closed_peer_fails(void **state)
{
    int server, client = connected(10, &server);
    char byte;

    (void)state;
    sim_close(client);
    assert_int_equal(sys_read(server, &byte, 1), 0);
    assert_int_equal(sys_send(server, "ab", 2, NULL, 0), 2);
    assert_int_equal(sys_send(server, "ab", 2, NULL, 0), -EPIPE);
}

static void test_the_runtime_connects_to_itself(void **state)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = listen_at(PORT, false), client = sys_socket(AF_INET, SOCK_STREAM), server;
    char byte;

    (void)state;
    assert_int_equal(sys_connect(client, (const void *)&address, sizeof address), 0);
    server = sys_accept(listener, NULL, 0);
    assert_int_equal(sys_send(client, "a", 1, NULL, 0), 1);
    assert_int_equal(sys_read(server, &byte, 1), 1);
    assert_int_equal(byte, 'a');
    sys_close(listener);
    assert_int_equal(
        sys_connect(sys_socket(AF_INET, SOCK_STREAM), (const void *)&address, sizeof address),
        -ECONNREFUSED);
}

static void test_there_are_only_so_many_streams(void **state)
{
    int listener = listen_at(PORT, false);

    (void)state;
    for (int i = 0; i < 3 * SIM_STREAMS; i++) {
        int client = sim_connect(PORT, 0, 1);

        assert_true(client >= 0);
        sim_close(client);
        sys_close(sys_accept(listener, NULL, 0));
    }
    for (int i = 0; i < SIM_STREAMS; i++)
        assert_true(sim_connect(PORT, 0, 1) >= 0);
    assert_int_equal(sim_connect(PORT, 0, 1), -EAGAIN);
}

/* ---- signals */

static int raised;

static void note(int number)
{
    raised = number;
}

static void test_signals(void **state)
{
    struct sigaction before;

    (void)state;
    raised = 0;
    assert_false(sim_raise(SIGTERM));
    assert_int_equal(sys_signal_handle(SIGTERM, note, &before), 0);
    assert_int_equal(sim_left().signals, 1);
    assert_true(sim_raise(SIGTERM));
    assert_int_equal(raised, SIGTERM);
    assert_int_equal(sys_signal_handle(SIGTERM, NULL, NULL), 0);
    assert_false(sim_raise(SIGTERM));
    sys_signal_restore(SIGTERM, &before);
    assert_int_equal(sim_left().signals, 0);
    assert_int_equal(sys_signal_handle(SIGKILL, note, NULL), -EINVAL);
}

/* ---- the world's turn, and time */

struct clients {
    int idle, busy; /* turns */
    int moves;      /* left */
    int bell;       /* which a move rings */
};

static bool turn(void *state, bool idle)
{
    struct clients *clients = state;

    *(idle ? &clients->idle : &clients->busy) += 1;
    if (!idle || clients->moves == 0)
        return false;
    if (--clients->moves == 0)
        sys_bell_ring(clients->bell);
    return true;
}

/* A system with a world and one bell, which the bits stand for. */
static void begin_beside(struct clients *clients, unsigned long *bits)
{
    sim_begin(&(struct sim_world){.turn = turn, .state = clients});
    clients->bell = sys_bell_create();
    bits[0] = 1UL << clients->bell;
}

static void test_the_world_moves_until_something_is_ready(void **state)
{
    struct clients clients = {.moves = 3};
    unsigned long bits[4] = {0};

    (void)state;
    begin_beside(&clients, bits);
    assert_int_equal(sys_select(clients.bell + 1, bits, NULL, false, -1), 1);
    assert_int_equal(bits[0], 1UL << clients.bell);
    assert_int_equal(clients.idle, 3);
    assert_int_equal(clients.busy, 0);
}

static void test_a_poll_does_not_move_the_world(void **state)
{
    struct clients clients = {.moves = 3};
    unsigned long bits[4] = {0};

    (void)state;
    begin_beside(&clients, bits);
    assert_int_equal(sys_select(clients.bell + 1, bits, NULL, false, 0), 0);
    assert_int_equal(bits[0], 0);
    assert_int_equal(clients.idle, 0);
    assert_int_equal(clients.busy, 1);
    assert_int_equal(sys_select(0, NULL, NULL, false, 1000), 0); /* on behalf of others: one move */
    assert_int_equal(clients.idle, 1);
}

static void test_time_passes_when_nothing_else_does(void **state)
{
    struct clients clients = {.moves = 1};
    unsigned long bits[4] = {0};
    int64_t before;

    (void)state;
    begin_beside(&clients, bits);
    before = sys_clock();
    assert_int_equal(sys_select(64, bits, NULL, false, 1000000000), 0);
    assert_int_equal(bits[0], 0);
    assert_in_range(sys_clock() - before, 1000000000, 2000000000);
    assert_int_equal(clients.idle, 0);
    assert_int_equal(clients.busy, 1);
}

static jmp_buf after_stuck;

static void stuck(void *state)
{
    (void)state;
    longjmp(after_stuck, 1);
}

static void test_waiting_for_ever_is_noticed(void **state)
{
    unsigned long bits[4] = {0};

    (void)state;
    sim_begin(&(struct sim_world){.stuck = stuck});
    bits[0] = 1UL << sys_bell_create();
    if (setjmp(after_stuck) == 0) {
        sys_select(64, bits, NULL, false, -1);
        fail();
    }
}

static void test_limits_as_an_application_sees_them(void **state)
{
    struct rlimit limit;

    (void)state;
    sim_limit(77);
    assert_int_equal(sim_getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(test_memory_is_zero_again),
        TEST(test_memory_is_used_again),
        TEST(test_a_guard_page_stays_one),
        TEST(test_numbers_are_the_lowest_free),
        TEST(test_a_bell),
        TEST(test_select_tells_of_a_closed_descriptor),
        TEST(test_select_reaches_high_numbers),
        TEST(test_a_socket_becomes_another_thing),
        TEST(test_a_stream_with_two_numbers),
        TEST(test_a_port_is_shared_if_all_agree),
        TEST(test_the_system_gives_a_port),
        TEST(test_the_listener_is_chosen),
        TEST(test_clients_are_accepted_in_order),
        TEST(test_accept_fails_once),
        TEST(test_a_closed_listener_resets_clients_that_wait),
        TEST(test_bytes_go_both_ways),
        TEST(test_bytes_keep_their_order),
        TEST(test_bytes_are_received_where_they_are),
        TEST(test_short_counts),
        TEST(test_half_close),
        TEST(test_reset),
        TEST(test_closing_with_unread_bytes_resets),
        TEST(test_the_second_write_to_a_closed_peer_fails),
        TEST(test_the_runtime_connects_to_itself),
        TEST(test_there_are_only_so_many_streams),
        TEST(test_signals),
        TEST(test_the_world_moves_until_something_is_ready),
        TEST(test_a_poll_does_not_move_the_world),
        TEST(test_time_passes_when_nothing_else_does),
        TEST(test_waiting_for_ever_is_noticed),
        TEST(test_limits_as_an_application_sees_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
