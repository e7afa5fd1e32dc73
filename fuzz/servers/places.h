/* places.h: tells the commands of a test where the servers and the tools are, by variables. */
#ifndef PLACES_H
#define PLACES_H

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Set BAD, ECHO, ATTACK, CONFORM_SERVER and SERVERS, for a test in a folder beside this one. Exits
 * if the test's own place is unknown. */
static inline void places_set(const char *test)
{
    static const char *const places[][2] = {
        {"BAD", "servers/bad"},
        {"ECHO", "../miou-echo"},
        {"ATTACK", "../attack"},
        {"CONFORM_SERVER", "../conform"},
    };
    char room[PATH_MAX], path[2 * PATH_MAX];
    size_t i;

    if (!realpath(test, room))
        exit(1);
    dirname(dirname(room));
    for (i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", room, places[i][1]);
        setenv(places[i][0], path, 1);
    }
    setenv("SERVERS", "fuzz/servers", 1);
#ifdef __SANITIZE_ADDRESS__
    /* What a server has freed must not look like what it has lost. */
    snprintf(path, sizeof path, "%s:quarantine_size_mb=0:thread_local_quarantine_size_kb=0",
             getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");
    setenv("ASAN_OPTIONS", path, 1);
#endif
}

#endif
