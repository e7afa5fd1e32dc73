/* The table of all checks, in the order in which they run. */
#include "checks.h"

const struct check checks[] = {
    {"byte", "one byte comes back", check_byte, false, false},
    {"pieces", "pieces of all sizes", check_pieces, false, false},
    {"stream", "megabytes, read while they are sent", check_stream, false, false},
    {"half-close", "half-closing clients get everything, then the end", check_half_close, false,
     false},
    {"crowd", "as many clients at once as --connections allows", check_crowd, false, false},
    {"queue", "a thousand clients, one after another", check_queue, false, false},
    {"silent", "clients that send nothing, or nothing more", check_silent, false, false},
    {"deaf", "clients that send until nothing fits, and never read", check_deaf, false, false},
    {"slow", "clients that send or read a byte now and then", check_slow, false, false},
    {"resets", "resets before, in the middle of and during an answer", check_resets, false, false},
    {"storm", "two thousand clients that connect and close at once", check_storm, false, false},
    {"half-open", "half-closed clients that stay and read late", check_half_open, false, false},
    {"random", "random scripts, for --seconds", check_random, false, false},
    {"rest", "an idle server uses no processor", check_rest, true, false},
    {"exhaustion", "out of descriptors: clients inside are served, others later", check_exhaustion,
     true, false},
    {"rounds", "what the server uses does not grow with its clients", check_rounds, true, true},
};
const int check_count = sizeof checks / sizeof *checks;
