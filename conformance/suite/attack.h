/* attack: tests a server of any language. The attack is a program of its own: each test is one of
 * its checks, in a process that starts the server, judges it by the test's rule and ends it. */
#ifndef ATTACK_H
#define ATTACK_H

#include "session.h"

struct result attack_execute(const struct session *session, const struct test *test);

/* Find out whether the server can be attacked at all. Returns why not, as one line, to be freed;
 * NULL: it starts and listens. */
char *attack_nothing(const struct session *session, const struct suite *suite);

#endif
