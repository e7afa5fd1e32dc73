/* libuv as a peer of the benchmark: its echo server. It has no tasks. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { LISTENER = 3, SIZE = 4096 };

static void allocate(uv_handle_t *client, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[SIZE]; /* what is read is written, or copied, at once */

    (void)client, (void)suggested;
    *buffer = uv_buf_init(bytes, SIZE);
}

static void forget(uv_handle_t *client)
{
    free(client);
}

static void written(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

/* Write what could not be written at once. */
static void write_rest(uv_stream_t *client, const char *bytes, size_t size)
{
    uv_write_t *write = malloc(sizeof *write + size);
    uv_buf_t rest = uv_buf_init((char *)(write + 1), (unsigned)size);

    memcpy(rest.base, bytes, size);
    uv_write(write, client, &rest, 1, written);
}

static void answer(uv_stream_t *client, ssize_t n, const uv_buf_t *buffer)
{
    uv_buf_t all = uv_buf_init(buffer->base, n > 0 ? (unsigned)n : 0);
    int sent;

    if (n < 0)
        uv_close((uv_handle_t *)client, forget);
    if (n <= 0 || (sent = uv_try_write(client, &all, 1)) == n)
        return;
    sent = sent > 0 ? sent : 0;
    write_rest(client, buffer->base + sent, (size_t)(n - sent));
}

static void admit(uv_stream_t *listener, int status)
{
    uv_tcp_t *client = malloc(sizeof *client);

    (void)status;
    uv_tcp_init(listener->loop, client);
    if (uv_accept(listener, (uv_stream_t *)client) == 0)
        uv_read_start((uv_stream_t *)client, allocate, answer);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;

    if (argc < 2 || strcmp(argv[1], "echo"))
        return 2;
    uv_tcp_init(loop, &listener);
    uv_tcp_open(&listener, LISTENER);
    uv_listen((uv_stream_t *)&listener, 4096, admit);
    return uv_run(loop, UV_RUN_DEFAULT);
}
