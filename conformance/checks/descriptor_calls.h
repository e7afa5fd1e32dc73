/* descriptor_calls: every call that uses or makes a descriptor, one after the other, for the rules
 * that say the same of all of them. */
#ifndef DESCRIPTOR_CALLS_H
#define DESCRIPTOR_CALLS_H

#include "waits.h"

enum { DESCRIPTOR_USES = 10, DESCRIPTOR_MAKERS = 6 };

struct descriptor_results {
    ssize_t uses[DESCRIPTOR_USES]; /* bind_and_listen, those that can wait, close and fd_number */
    ssize_t makers[DESCRIPTOR_MAKERS];
    bool untouched; /* no call has written through its arguments */
};

enum { FIRST_WAIT = 1, END_OF_WAITS = 8, USE_CLOSE = 8 };

/* Make every call that uses a descriptor. */
void use_descriptor(struct descriptor_results *t, miou_fd *fd);

/* After use_descriptor: make every call that makes a descriptor; number is to be adopted. */
void make_descriptors(struct descriptor_results *t, int number);

/* Assert that every use returned error; that every call that can suspend did, makers included. */
void assert_uses_return(const struct descriptor_results *t, int error);
#define assert_uses_return(...) IN_HELPER(assert_uses_return, (__VA_ARGS__), #__VA_ARGS__)
void assert_suspending_return(const struct descriptor_results *t, int error);
#define assert_suspending_return(...)                                                              \
    IN_HELPER(assert_suspending_return, (__VA_ARGS__), #__VA_ARGS__)

/* A descriptor whose calls never have to wait. */
struct ready {
    struct pair pair; /* with a byte to be read */
    int number;       /* to adopt */
    struct waiter stranger;
    struct descriptor_results results;
    char byte;
};

int ready_open(struct ready *t, unsigned flags);

/* Read the byte, unless something has been sent; returns 1, or an error. */
int ready_read(struct ready *t);

#endif
