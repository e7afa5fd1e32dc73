/* says.c: what the driver says, line by line. */
#include "driver.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void (*deliver)(const char *text, size_t size);

void die(int status, const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    _exit(status);
}

static atomic_flag talking = ATOMIC_FLAG_INIT;

/* Lines from several domains must not mix. A relaxed lock is enough for that: it separates writes,
 * which the system keeps in order, and protects no memory. A stronger lock would order the domains
 * where the runtime may have failed to do so, and hide that from a race detector. */
void begin_talking(void)
{
    while (atomic_flag_test_and_set_explicit(&talking, memory_order_relaxed))
        sched_yield();
}

void stop_talking(void)
{
    atomic_flag_clear_explicit(&talking, memory_order_relaxed);
}

void say_bytes(const char *text, size_t size)
{
    begin_talking();
    deliver(text, size);
    stop_talking();
}

void say(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    say_bytes(line, (size_t)size);
}
