/* traffic_judge.h: what an echo server promises its clients. A broken promise aborts, with a line
 * on standard error. */
#ifndef FUZZ_TRAFFIC_JUDGE_H
#define FUZZ_TRAFFIC_JUDGE_H

#include "traffic_clients.h"

#include <stdint.h>

_Noreturn void judge_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes came, where these were expected. */
void judge_bytes(const struct client *client, const void *came, const uint8_t *expected,
                 size_t size);

/* The client's stream has ended: error is 0, or -errno. */
void judge_end(const struct client *client, int error);

/* The server has nothing more to do, and so has the client, which behaves and still waits. */
_Noreturn void judge_unserved(const struct client *client);

/* The server waits, and nothing can come any more that would wake it. */
_Noreturn void judge_stuck(const struct server *server);

/* The server waits. */
void judge_idle(const struct server *server);

/* The server has ended with this outcome; what it left behind is looked at. */
void judge_outcome(const struct server *server, int outcome);

/* The server has ended, and everything that was under way to this client has been received. */
void judge_left_behind(const struct client *client);

#endif
