/* stream.c: TCP connections in memory, which behave as they do on Linux: what has arrived can be
 * read even after the peer has reset the connection; the first write to a peer that has closed
 * succeeds and is answered by a reset; to close with unread bytes is to reset. */
#include "parts.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes under way, in a circular buffer from begin on. */
struct queue {
    size_t begin, used;
    char bytes[SIM_ROOM];
};

struct end {
    struct end *other;
    bool shut;        /* it sends no more */
    bool closed;      /* it neither sends nor receives */
    bool broken;      /* the peer has reset */
    int error;        /* that the next call returns because of a reset; 0: none */
    int number;       /* of its descriptor; -1: it is the world's, or not accepted yet */
    size_t grain;     /* bytes that a call moves at most, ... */
    unsigned grained; /* ... in this many of the next calls */
    struct queue in;
};

struct stream {
    struct end ends[2];
    size_t room;
    const char *name;
    bool used;
};

static struct stream streams[SIM_STREAMS];
static int tried; /* streams that may be in use: those below this number */

void streams_begin(void)
{
    while (tried > 0)
        streams[--tried].used = false;
}

static void end_init(struct end *end, struct end *other)
{
    end->other = other;
    end->shut = end->closed = end->broken = false;
    end->error = 0;
    end->number = -1;
    end->grained = 0;
    end->in.begin = end->in.used = 0; /* the bytes are left as they are, which is cheaper */
}

struct end *stream_new(size_t room)
{
    int free = 0;
    struct stream *s;

    while (free < tried && streams[free].used)
        free++;
    if (free == SIM_STREAMS)
        return NULL;
    if (free == tried)
        tried++;
    s = &streams[free];
    end_init(&s->ends[0], &s->ends[1]);
    end_init(&s->ends[1], &s->ends[0]);
    s->room = room < 1 ? 1 : room > SIM_ROOM ? SIM_ROOM : room;
    s->name = NULL;
    s->used = true;
    return s->ends;
}

int stream_number(const struct end *end)
{
    return (int)(((const char *)end - (const char *)streams) / (ptrdiff_t)sizeof *streams);
}

static struct stream *stream_of(const struct end *end)
{
    return &streams[stream_number(end)];
}

struct end *end_other(struct end *end)
{
    return end->other;
}

const char *stream_name(const struct end *end)
{
    static char text[24];
    const struct stream *stream = stream_of(end);

    if (stream->name != NULL && stream->name[0] != '\0')
        return stream->name;
    snprintf(text, sizeof text, "stream %d", stream_number(end));
    return text;
}

void end_attach(struct end *end, int number)
{
    end->number = number;
}

unsigned long sim_known[WORDS];

/* What an end does shows at both. */
static void changed(const struct end *end)
{
    descriptor_changed(end->number);
    descriptor_changed(end->other->number);
}

/* ---- bytes */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static void put(struct queue *queue, const char *bytes, size_t size)
{
    size_t at = (queue->begin + queue->used) % SIM_ROOM;
    size_t straight = least(size, SIM_ROOM - at, size);

    memcpy(queue->bytes + at, bytes, straight);
    if (size > straight)
        memcpy(queue->bytes, bytes + straight, size - straight);
    queue->used += size;
}

/* Take bytes, which stay where they are until others are put. An empty queue begins anew, since its
 * first bytes are still in the processor's cache. */
static void take(struct queue *queue, struct sim_piece pieces[2], size_t size)
{
    size_t straight = least(size, SIM_ROOM - queue->begin, size);

    pieces[0] = (struct sim_piece){queue->bytes + queue->begin, straight};
    pieces[1] = (struct sim_piece){queue->bytes, size - straight};
    queue->used -= size;
    queue->begin = queue->used > 0 ? (queue->begin + size) % SIM_ROOM : 0;
}

/* How much a call may move. */
static size_t take_grain(struct end *end)
{
    if (end->grained == 0)
        return SIZE_MAX;
    end->grained--;
    return end->grain;
}

static int take_error(struct end *end)
{
    int error = end->error;

    end->error = 0;
    return -error;
}

/* Reset: the peer's next call returns an error. */
static void break_peer(struct end *end)
{
    struct end *peer = end->other;

    if (peer->broken || peer->closed)
        return;
    peer->broken = true;
    peer->error = end->shut ? EPIPE : ECONNRESET;
}

ssize_t end_send(struct end *end, const void *bytes, size_t size)
{
    struct end *peer = end->other;
    size_t n;

    if (end->error != 0)
        return take_error(end);
    if (end->shut || end->broken)
        return -EPIPE;
    if (peer->closed) {
        break_peer(peer);
        return (ssize_t)size;
    }
    n = least(size, stream_of(end)->room - peer->in.used, take_grain(end));
    if (n == 0 && size > 0)
        return -EAGAIN;
    put(&peer->in, bytes, n);
    changed(end);
    return (ssize_t)n;
}

static ssize_t receive_pieces(struct end *end, struct sim_piece pieces[2], size_t size)
{
    size_t n = least(size, end->in.used, take_grain(end));

    if (n > 0) {
        take(&end->in, pieces, n);
        changed(end);
        return (ssize_t)n;
    }
    if (end->error != 0)
        return take_error(end);
    return end->broken || end->other->shut || size == 0 ? 0 : -EAGAIN;
}

ssize_t end_receive(struct end *end, void *bytes, size_t size)
{
    struct sim_piece pieces[2];
    ssize_t n = receive_pieces(end, pieces, size);

    if (n > 0)
        memcpy(bytes, pieces[0].bytes, pieces[0].size);
    if (n > 0 && pieces[1].size > 0)
        memcpy((char *)bytes + pieces[0].size, pieces[1].bytes, pieces[1].size);
    return n;
}

bool end_is_readable(const struct end *end)
{
    return end->in.used > 0 || end->broken || end->other->shut;
}

bool end_is_writable(const struct end *end)
{
    const struct end *peer = end->other;

    return end->shut || end->broken || peer->closed || peer->in.used < stream_of(end)->room;
}

/* ---- shutting and closing */

void end_shut(struct end *end)
{
    end->shut = true;
    changed(end);
}

static void leave(struct end *end)
{
    end->shut = end->closed = true;
    changed(end);
    if (end->other->closed)
        stream_of(end)->used = false;
}

void end_close(struct end *end)
{
    if (end->in.used > 0)
        break_peer(end);
    leave(end);
}

void end_reset(struct end *end)
{
    break_peer(end);
    leave(end);
}

/* ---- the world's end, which is the one that connected */

static struct end *world_end(int stream)
{
    return streams[stream].ends;
}

ssize_t sim_send(int stream, const void *bytes, size_t size)
{
    return end_send(world_end(stream), bytes, size);
}

ssize_t sim_receive(int stream, void *bytes, size_t size)
{
    return end_receive(world_end(stream), bytes, size);
}

ssize_t sim_receive_pieces(int stream, struct sim_piece pieces[2], size_t size)
{
    return receive_pieces(world_end(stream), pieces, size);
}

void sim_shut(int stream)
{
    end_shut(world_end(stream));
}

void sim_close(int stream)
{
    end_close(world_end(stream));
}

void sim_reset(int stream)
{
    end_reset(world_end(stream));
}

void sim_grain(int stream, size_t size, unsigned calls)
{
    struct end *end = world_end(stream)->other;

    end->grain = size > 0 ? size : 1;
    end->grained = calls;
}

int sim_number(int stream)
{
    return world_end(stream)->other->number;
}

void sim_name(int stream, const char *name)
{
    streams[stream].name = name;
}

/* ---- the record */

bool sim_speaks;

void sim_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

const char *sim_text(ssize_t result)
{
    static char words[32];

    if (result < 0)
        return strerror((int)-result);
    snprintf(words, sizeof words, "%zd bytes", result);
    return words;
}
