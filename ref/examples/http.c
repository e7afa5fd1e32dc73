/* http.c: an echo over HTTP/1.1: what a request carries comes back in the response. Connections are
 * kept open; a request has a time limit, and its head and its body have a largest size.
 *
 *     http [PORT [LIMIT]]    LIMIT is in milliseconds; ten seconds unless it is given */
#include "serve.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD = 8 << 10, BODY = 1 << 20 };

struct connection {
    miou_fd *fd;
    char *bytes;  /* HEAD + BODY of them: what has been read and not been answered */
    size_t size;  /* of these */
    size_t head;  /* of the request: the bytes up to the body; 0: not whole yet */
    size_t body;  /* its Content-Length */
    bool closing; /* the connection, after this request */
    int status;   /* of the response; 0: no request has come */
};

static int64_t limit = 10 * SECOND;

/* ---- reading a request ---- */

/* The value of a header line of that name, without blanks before it; NULL: the line is another. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    for (line += length + 1; *line == ' ' || *line == '\t';)
        line++;
    return line;
}

static int parse_length(struct connection *c, const char *value)
{
    char *end;
    unsigned long length = strtoul(value, &end, 10);

    if (!isdigit((unsigned char)*value) || (*end != '\r' && *end != ' '))
        return 400;
    c->body = length;
    return length <= BODY ? 0 : 413;
}

/* Returns 0, or the status of what is wrong. The head is whole, and a string. */
static int parse_head(struct connection *c)
{
    const char *line = strstr(c->bytes, "\r\n"), *version = strstr(c->bytes, " HTTP/1."), *value;
    int status = 0;

    if (version == NULL || version > line)
        return 400;
    c->closing = version[8] == '0';
    for (; status == 0 && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        if ((value = value_of(line + 2, "Content-Length")) != NULL)
            status = parse_length(c, value);
        else if (value_of(line + 2, "Transfer-Encoding") != NULL)
            status = 501;
        else if ((value = value_of(line + 2, "Connection")) != NULL)
            c->closing |= strncasecmp(value, "close", 5) == 0;
    }
    return status;
}

/* The head is what comes before an empty line. Returns 0, or the status of what is wrong. */
static int find_head(struct connection *c)
{
    char *end = memmem(c->bytes, c->size < HEAD ? c->size : HEAD, "\r\n\r\n", 4), kept;
    int status;

    if (end == NULL)
        return c->size < HEAD ? 0 : 431;
    c->head = (size_t)(end - c->bytes) + 4;
    kept = c->bytes[c->head];
    c->bytes[c->head] = '\0';
    status = strlen(c->bytes) == c->head ? parse_head(c) : 400;
    c->bytes[c->head] = kept;
    return status;
}

/* Read until a request is whole. Returns 0, with its status; or an error, or MIOU_END_OF_FILE if no
 * other request comes. */
static int read_request(void *arg)
{
    struct connection *c = arg;
    ssize_t n;

    for (;;) {
        if (c->head == 0 && (c->status = find_head(c)) != 0)
            return 0;
        if (c->head > 0 && c->size >= c->head + c->body) {
            c->status = 200;
            return 0;
        }
        n = miou_read(c->fd, c->bytes + c->size, HEAD + BODY - c->size);
        if (n <= 0)
            return n < 0 ? (int)n : MIOU_END_OF_FILE;
        c->size += (size_t)n;
    }
}

/* ---- answering ---- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    default:
        return "Bad Request";
    }
}

static int write_response(void *arg)
{
    struct connection *c = arg;
    size_t size = c->status == 200 ? c->body : 0;
    char head[256];

    snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s\r\n", c->status,
             reason(c->status), size, c->closing ? "Connection: close\r\n" : "");
    return (int)miou_writev(c->fd,
                            (struct iovec[]){{head, strlen(head)}, {c->bytes + c->head, size}}, 2);
}

/* Read a request and answer it. Returns 1; 0 when the connection is to be closed; or an error. */
static int answer_next(struct connection *c)
{
    int error;

    c->head = c->body = 0;
    c->status = 0;
    if ((error = miou_deadline(limit, read_request, c)) == MIOU_EXPIRED && c->size > 0)
        c->status = 408;
    else if (error < 0)
        return error == MIOU_EXPIRED || error == MIOU_END_OF_FILE ? 0 : error;
    if (c->status != 200)
        c->closing = true;
    if ((error = miou_deadline(limit, write_response, c)) < 0)
        return error;
    if (c->closing)
        return 0;
    c->size -= c->head + c->body;
    memmove(c->bytes, c->bytes + c->head + c->body, c->size);
    return 1;
}

static int serve_client(void *fd)
{
    struct connection c = {.fd = fd, .bytes = malloc(HEAD + BODY + 1)};
    int more = c.bytes != NULL ? 1 : -ENOMEM;

    while (more > 0)
        if ((more = answer_next(&c)) > 0)
            more = miou_yield() < 0 ? MIOU_CANCELLED : 1; /* the others have their turn */
    free(c.bytes);
    return more < 0 ? more : miou_close(c.fd);
}

int main(int argc, char **argv)
{
    struct serve options = {
        .port = argc > 1 ? atoi(argv[1]) : 3000, .client = serve_client, .grace = 10 * SECOND};
    int error;

    if (argc > 2)
        limit = atoi(argv[2]) * (SECOND / 1000);
    if ((error = miou_unix_run(NULL, serve, &options)) < 0)
        fprintf(stderr, "http: %s\n", miou_strerror(error));
    return error < 0;
}
