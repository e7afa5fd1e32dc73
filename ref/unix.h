/* unix.h: the runtime's record of a descriptor. */
#ifndef REF_UNIX_H
#define REF_UNIX_H

#include "inbox.h"
#include "miou.h"
#include "pool.h"

#include <stdbool.h>

/* What a task may do with a descriptor: all, or what a half of it is for. */
enum half { WHOLE, HALF_TO_READ, HALF_TO_WRITE };

/* Several domains may use a plain descriptor's record at once. The fields that are not atomic are
 * set before users get the descriptor, and may be read only between use_begin and use_end, see
 * unix.c. */
struct descriptor {
    struct slot slot;
    int number;               /* the system's */
    int type;                 /* SOCK_STREAM and so on; 0: no socket */
    bool blocks;              /* a call may block its domain */
    bool unblocked;           /* it did block before it was adopted */
    bool may_drain;           /* a short read means that nothing is left to read */
    _Atomic bool drained;     /* the last read was short */
    _Atomic unsigned users;   /* calls that use it at the moment, and do not wait */
    _Atomic unsigned waiters; /* tasks that wait until it is ready */
    _Atomic(enum half) half;
    _Atomic(miou_resource *) resource; /* NULL: a plain descriptor */
    struct message closed;             /* to the domains whose tasks may wait */
    int closer;                        /* the domain that has sent it, and gets it last */
};

#endif
