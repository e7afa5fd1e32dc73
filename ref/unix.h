/* unix.h: a descriptor, as the runtime keeps it. */
#ifndef REF_UNIX_H
#define REF_UNIX_H

#include "inbox.h"
#include "miou.h"
#include "pool.h"

#include <stdbool.h>

/* Of a plain descriptor several domains may use the record at once. What is not atomic here is set
 * before the descriptor is handed out, and is to be looked at only by who uses it. */
struct descriptor {
    struct slot slot;
    int number;                        /* the system's */
    int type;                          /* of the socket, SOCK_STREAM and so on; 0: it is none */
    bool blocks;                       /* a call may block its domain */
    bool may_drain;                    /* a read that comes back short has taken all there was */
    _Atomic bool drained;              /* and it did */
    _Atomic unsigned users;            /* calls that are at it, and do not wait */
    _Atomic unsigned waiters;          /* and tasks that do */
    _Atomic(miou_resource *) resource; /* NULL: not owned, by whomever */
    struct message closed;             /* to the domains whose tasks wait */
};

#endif
