/* tls.c: an echo over TLS by OpenSSL, a library that reads and writes by itself: where it would
 * have to wait, its task waits for the number in the runtime. Each step of a client has a time
 * limit.
 *
 *     tls PORT CERTIFICATE KEY [LIMIT]    LIMIT is in milliseconds; ten seconds unless it is given
 */
#include "serve.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { STACK = 256 << 10 /* the library needs more than most */ };

static SSL_CTX *context;
static int64_t limit = 10 * SECOND;

struct client {
    SSL *ssl;
    int (*step)(struct client *client); /* one call of the library */
    int size;                           /* of what has been read */
    char bytes[4096];
};

static int shake_hands(struct client *client)
{
    return SSL_accept(client->ssl);
}

static int read_some(struct client *client)
{
    return SSL_read(client->ssl, client->bytes, sizeof client->bytes);
}

static int write_all(struct client *client)
{
    return SSL_write(client->ssl, client->bytes, client->size);
}

static int say_goodbye(struct client *client)
{
    int result = SSL_shutdown(client->ssl);

    return result == 0 ? 1 : result; /* it has been said; the answer does not matter */
}

/* Repeat the client's step until the library need not wait. Returns its result, or an error. */
static int go_on(void *arg)
{
    struct client *client = arg;
    int number = SSL_get_fd(client->ssl), result, error = 0;

    while (error == 0) {
        ERR_clear_error(); /* the queue of errors is the thread's, and other tasks use it, too */
        if ((result = client->step(client)) > 0)
            return result;
        switch (SSL_get_error(client->ssl, result)) {
        case SSL_ERROR_WANT_READ:
            error = miou_wait_readable(number);
            break;
        case SSL_ERROR_WANT_WRITE:
            error = miou_wait_writable(number);
            break;
        case SSL_ERROR_ZERO_RETURN:
            return MIOU_END_OF_FILE;
        default:
            return -EPROTO;
        }
    }
    return error;
}

static int do_step(struct client *client, int (*step)(struct client *client))
{
    client->step = step;
    return miou_deadline(limit, go_on, client);
}

static int echo(struct client *client)
{
    int error = do_step(client, shake_hands);

    while (error >= 0 && (error = client->size = do_step(client, read_some)) >= 0)
        error = do_step(client, write_all);
    return error == MIOU_END_OF_FILE ? do_step(client, say_goodbye) : error;
}

static int serve_client(void *fd)
{
    struct client client = {.ssl = SSL_new(context)};
    int error = client.ssl != NULL && SSL_set_fd(client.ssl, miou_fd_number(fd)) ? 0 : -ENOMEM;

    if (error == 0)
        error = echo(&client);
    SSL_free(client.ssl);
    return error < 0 ? error : miou_close(fd);
}

static int prepare(const char *certificate, const char *key)
{
    signal(SIGPIPE, SIG_IGN); /* the library writes with write(2) */
    context = SSL_CTX_new(TLS_server_method());
    if (context != NULL && SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1)
        return 0;
    ERR_print_errors_fp(stderr);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    struct serve options = {.client = serve_client, .grace = 10 * SECOND};
    int error;

    if (argc < 4) {
        fprintf(stderr, "usage: tls PORT CERTIFICATE KEY [LIMIT]\n");
        return 2;
    }
    options.port = atoi(argv[1]);
    if (argc > 4)
        limit = atoi(argv[4]) * (SECOND / 1000);
    if ((error = prepare(argv[2], argv[3])) == 0)
        error = miou_unix_run(&(miou_options){.stack_size = STACK}, serve, &options);
    if (error < 0)
        fprintf(stderr, "tls: %s\n", miou_strerror(error));
    SSL_CTX_free(context);
    return error < 0;
}
