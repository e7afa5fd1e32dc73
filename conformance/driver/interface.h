/* interface: the functions of miou.h and miou_unix.h as pointers into a runtime library that is
 * opened at run time. interface.def is the table that everything here is made from. */
#ifndef INTERFACE_H
#define INTERFACE_H

#include "miou_sync.h"
#include "miou_unix.h"

/* A pointer a function, named as the function without miou_; NULL for one that is not there. */
struct interface {
#define FUNCTION(result, name, parameters, arguments) result(*name) parameters;
#include "interface.def"
};

/* Open the library at path, a file and not a name to be searched for, and find its functions; those
 * it lacks become NULL. Returns NULL, or why it cannot be opened, valid until the next call. The
 * library stays open. */
const char *interface_open(struct interface *interface, const char *path);

/* The names of all functions, miou_ and all, with a NULL behind the last. */
extern const char *const interface_names[];

#endif
