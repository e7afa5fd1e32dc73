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

/* Lines from several domains must not mix. While each goes to the system at once, a relaxed lock is
 * enough for that: it separates writes, which the system keeps in order, and protects no memory. A
 * stronger lock would order the domains where the runtime may have failed to do so, and hide that
 * from a race detector. */
static atomic_flag at_once = ATOMIC_FLAG_INIT;
static atomic_flag *talking = &at_once;

void talk_in_memory(atomic_flag *lock)
{
    talking = lock;
}

static bool is_taken(void)
{
    return talking == &at_once ? atomic_flag_test_and_set_explicit(talking, memory_order_relaxed)
                               : atomic_flag_test_and_set_explicit(talking, memory_order_acquire);
}

void begin_talking(void)
{
    while (is_taken())
        sched_yield();
}

void stop_talking(void)
{
    if (talking == &at_once)
        atomic_flag_clear_explicit(talking, memory_order_relaxed);
    else
        atomic_flag_clear_explicit(talking, memory_order_release);
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
