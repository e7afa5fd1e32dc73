/* interface: the functions of the headers as pointers into a runtime library that is
 * opened at run time. interface.def is the table that everything here is made from. */
#ifndef INTERFACE_H
#define INTERFACE_H

#include "miou_server.h"
#include "miou_sync.h"

/* One pointer per function, named like the function without miou_; NULL: the library lacks it. */
struct interface {
#define FUNCTION(result, name, parameters, arguments) result(*name) parameters;
#include "interface.def"
};

/* Open the library in the file at path and find its functions; those that it lacks become NULL.
 * Returns NULL, or why the library cannot be opened, valid until the next call. The library stays
 * open. */
const char *interface_open(struct interface *interface, const char *path);

#endif
