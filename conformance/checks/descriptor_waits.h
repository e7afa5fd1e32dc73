/* descriptor_waits: what the checks of chapter 6 share about calls that wait for a descriptor. */
#ifndef DESCRIPTOR_WAITS_H
#define DESCRIPTOR_WAITS_H

#include "waits.h"

/* Assert that the call goes on waiting, whatever wakes other tasks. Connecting is no such call: the
 * system takes a second to try again. */
void assert_wait_undisturbed(enum wait_kind kind);
#define assert_wait_undisturbed(...) IN_HELPER(assert_wait_undisturbed, (__VA_ARGS__), #__VA_ARGS__)

/* Two tasks wait for one descriptor, and the one that was to have what comes is cancelled just
 * then. Assert that the other one gets it, so that its call returns the result. */
void assert_handed_over(enum wait_kind kind, ssize_t result);
#define assert_handed_over(...) IN_HELPER(assert_handed_over, (__VA_ARGS__), #__VA_ARGS__)

/* Three tasks wait for one descriptor, and one of them is cancelled, whichever. Assert that the
 * others get what comes, so that their calls return the result. */
void assert_others_served(enum wait_kind kind, ssize_t result);
#define assert_others_served(...) IN_HELPER(assert_others_served, (__VA_ARGS__), #__VA_ARGS__)

#endif
