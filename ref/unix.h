/* unix.h: a descriptor, as the runtime keeps it. */
#ifndef REF_UNIX_H
#define REF_UNIX_H

#include "inbox.h"
#include "miou.h"
#include "pool.h"

#include <stdbool.h>

struct descriptor {
    struct slot slot;
    int number;              /* the system's */
    int type;                /* of the socket, SOCK_STREAM and so on; 0: it is none */
    bool may_drain;          /* a read that comes back short has taken all there was */
    _Atomic bool drained;    /* and it did */
    miou_resource *resource; /* NULL: not owned, by whomever */
    _Atomic unsigned
        holders;           /* that keep the record: whoever is to close it, and who waits for it */
    struct message closed; /* to the domains whose tasks wait */
};

#endif
