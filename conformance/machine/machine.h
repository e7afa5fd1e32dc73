/* machine: what this machine has that some tests need. It is tried in plain POSIX, without a
 * runtime, so that no runtime can have a say in it. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>

enum {
    MACHINE_DESCRIPTORS = 2100, /* that one test opens at a time, at most */
    MACHINE_THREADS = 64,       /* likewise */
    MACHINE_ADDRESSES = 2 << 10 /* MiB of addresses that are enough for each test */
};

/* Whether 127.0.0.1, or ::1, can be reached. */
bool machine_has_loopback(void);
bool machine_has_ipv6(void);

/* How many descriptors this process can be allowed to have. */
unsigned long machine_descriptors(void);

/* How many threads can be made beside those that there are; as many as wanted, at most. As many as
 * MACHINE_THREADS are tried, with the default attributes, and have ended; for more, the limits that
 * the system tells are believed. */
int machine_threads(int wanted);

/* Whether the stacks of as many tasks have room, with as much to spare. */
bool machine_has_room(int tasks);

/* The MiB of addresses that this process is allowed to use; 0: there is no limit. */
unsigned long machine_addresses(void);

/* How much memory can be taken without harm, in bytes: the machine has it, and the control groups
 * of this process allow it. */
unsigned long long machine_memory(void);

/* The bytes that the system may keep at one end of a TCP connection, in both directions together.
 */
unsigned long machine_buffers(void);

/* The directory for temporary files: TMPDIR, or else /tmp. */
const char *machine_directory(void);
bool machine_can_write(void);

/* A list of what is missing, for people: "IPv6, threads (only 22 can be made)". To be freed. NULL:
 * nothing is. */
char *machine_lacks(void);

#endif
