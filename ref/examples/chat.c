/* chat.c: a chat server. What a client says, line by line, all others are told. A client that says
 * nothing for too long is sent away. One that does not read holds up nobody: it is cut off when it
 * misses a line, since its queue is full, or takes none for some seconds. All clients are on one
 * domain, so that what they share needs no lock.
 *
 *     chat [PORT [IDLE]]    IDLE is in milliseconds; one minute unless it is given */
#include "serve.h"

#include "miou_sync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512, QUEUE = 256, PATIENCE = 5 };

struct client {
    struct client *next;
    int name;
    miou_fd *in, *out;        /* the two halves */
    char input[LINE];         /* of the next line ... */
    size_t size;              /* ... what has come of it */
    char (*lines)[LINE + 32]; /* to be sent: count lines from first on, in a ring of QUEUE */
    size_t first, count;
    bool leaving, full; /* it gets no more than what is queued; or is cut off */
    miou_mutex *mutex;  /* for the condition, which asks for one */
    miou_condition *changed;
};

static struct client *clients;
static int64_t idle = 60 * SECOND;

/* ---- telling ---- */

static void tell(struct client *client, const char *line)
{
    if (client->leaving)
        return;
    if (client->count == QUEUE)
        client->full = true;
    else
        snprintf(client->lines[(client->first + client->count++) % QUEUE], sizeof *client->lines,
                 "%s", line);
    miou_condition_signal(client->changed);
}

static void tell_others(const struct client *client, const char *text)
{
    char line[LINE + 32];

    snprintf(line, sizeof line, "%d: %s\n", client->name, text);
    for (struct client *other = clients; other != NULL; other = other->next)
        if (other != client)
            tell(other, line);
}

static void leave(struct client *client)
{
    client->leaving = true;
    miou_condition_signal(client->changed);
}

static void all_leave(void)
{
    for (struct client *client = clients; client != NULL; client = client->next) {
        tell(client, "the server stops\n");
        leave(client);
    }
}

/* ---- a client's two tasks ---- */

static int await_line(struct client *client)
{
    int error = miou_mutex_lock(client->mutex);

    while (error == 0 && client->count == 0 && !client->leaving && !client->full)
        error = miou_condition_wait(client->changed, client->mutex);
    if (error == 0)
        miou_mutex_unlock(client->mutex);
    return error;
}

static int write_line(void *arg)
{
    struct client *client = arg;
    const char *line = client->lines[client->first];

    return (int)miou_write(client->out, line, strlen(line));
}

/* Owns the half for writing. Ends when all has been sent to a client that leaves. */
static int write_lines(void *arg)
{
    struct client *client = arg;
    int error = await_line(client);

    while (error >= 0 && client->count > 0 && !client->full) {
        if ((error = miou_deadline(PATIENCE * SECOND, write_line, client)) < 0)
            break;
        client->first = (client->first + 1) % QUEUE;
        client->count--;
        error = await_line(client);
    }
    return error < 0 ? error : client->full ? -ENOBUFS : miou_close(client->out);
}

static int read_more(void *arg)
{
    struct client *client = arg;

    return (int)miou_read(client->in, client->input + client->size,
                          sizeof client->input - client->size);
}

/* Tell the others each line that is whole, or longer than a line may be. */
static void take_lines(struct client *client)
{
    char *end;

    while ((end = memchr(client->input, '\n', client->size)) != NULL ||
           client->size == sizeof client->input) {
        size_t length = end != NULL ? (size_t)(end - client->input) + 1 : client->size;
        char text[LINE + 1];

        memcpy(text, client->input, length);
        text[end != NULL ? length - 1 : length] = '\0';
        tell_others(client, text);
        client->size -= length;
        memmove(client->input, client->input + length, client->size);
    }
}

/* Owns the half for reading. Returns 0 when the client has gone, or has been silent. */
static int read_lines(void *arg)
{
    struct client *client = arg;
    int n;

    while ((n = miou_deadline(idle, read_more, client)) > 0) {
        client->size += (size_t)n;
        take_lines(client);
        if ((n = miou_yield()) < 0) /* one that talks without end lets the others talk */
            break;
    }
    if (n == MIOU_EXPIRED) {
        tell(client, "you were silent for too long\n");
        n = 0;
    }
    return n < 0 ? n : miou_close(client->in);
}

static int await_end(void *promise)
{
    return miou_await(promise, NULL);
}

/* Whichever of the two ends first, the other follows: the writer has some seconds to finish. */
static int talk(struct client *client)
{
    miou_promise *both[2];
    size_t which;
    int error;

    if ((error = miou_fd_split(&client->out, client->in)) < 0 ||
        (error = miou_async(&both[0], &(miou_spawn){MIOU_GIVE(miou_fd_resource(client->in))},
                            read_lines, client)) < 0 ||
        (error = miou_async(&both[1], &(miou_spawn){MIOU_GIVE(miou_fd_resource(client->out))},
                            write_lines, client)) < 0 ||
        (error = miou_await_one(&which, NULL, both, 2)) < 0)
        return error;
    leave(client);
    if (which == 0 && miou_deadline(PATIENCE * SECOND, await_end, both[1]) == 0)
        return 0;
    return miou_cancel(both[1 - which]);
}

/* ---- clients ---- */

/* The finaliser of a client, which runs when its two tasks have ended, however that came about. */
static void depart(void *value)
{
    struct client *client = value, **place = &clients;

    while (*place != NULL && *place != client)
        place = &(*place)->next;
    if (*place != NULL) {
        *place = client->next;
        tell_others(client, "has gone");
    }
    miou_condition_free(client->changed);
    miou_mutex_free(client->mutex);
    free(client->lines);
    free(client);
}

static int arrive(struct client *client)
{
    int error;

    if ((client->lines = calloc(QUEUE, sizeof *client->lines)) == NULL)
        return -ENOMEM;
    if ((error = miou_mutex_create(&client->mutex)) < 0 ||
        (error = miou_condition_create(&client->changed)) < 0)
        return error;
    client->next = clients;
    clients = client;
    tell_others(client, "is here");
    return talk(client);
}

static int serve_client(void *fd)
{
    static int last_name;
    struct client *client = calloc(1, sizeof *client);
    miou_resource *self;
    int error = client != NULL ? miou_resource_create(&self, depart, client) : -ENOMEM;

    if (error < 0) {
        free(client);
        return error;
    }
    miou_own(self);
    client->in = fd;
    client->name = ++last_name;
    error = arrive(client);
    return error < 0 ? error : miou_release(self);
}

int main(int argc, char **argv)
{
    struct serve options = {.port = argc > 1 ? atoi(argv[1]) : 3000,
                            .client = serve_client,
                            .stopping = all_leave,
                            .grace = 10 * SECOND};
    int error;

    if (argc > 2)
        idle = atoi(argv[2]) * (SECOND / 1000);
    if ((error = miou_unix_run(NULL, serve, &options)) < 0)
        fprintf(stderr, "chat: %s\n", miou_strerror(error));
    return error < 0;
}
