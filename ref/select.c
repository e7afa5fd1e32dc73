/* select.c: asks select(2) which descriptors are ready, with bitmaps that reach to the highest. */
#include "monitor.h"
#include "system.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { WORD = sizeof(unsigned long) * CHAR_BIT, BITMAPS = 4 };

/* The bitmap of descriptors that tasks wait for, and the one for select's answer. */
static unsigned long *wanted(const struct monitor *monitor, enum direction direction)
{
    return monitor->set + direction * (monitor->capacity / WORD);
}

static unsigned long *ready(const struct monitor *monitor, enum direction direction)
{
    return wanted(monitor, direction) + 2 * (monitor->capacity / WORD);
}

static void set_bit(unsigned long *bits, int number)
{
    bits[number / WORD] |= 1UL << number % WORD;
}

static size_t set_size(int capacity)
{
    return (size_t)capacity / WORD * BITMAPS * sizeof(unsigned long);
}

static int grow(struct monitor *monitor, int capacity)
{
    unsigned long *set = sys_map(set_size(capacity));

    if (set == NULL)
        return -ENOMEM;
    if (monitor->capacity > 0) {
        for (enum direction d = READABLE; d <= WRITABLE; d++)
            memcpy(set + d * (capacity / WORD), wanted(monitor, d),
                   (size_t)monitor->capacity / CHAR_BIT);
        sys_unmap(monitor->set, set_size(monitor->capacity));
    }
    monitor->set = set;
    return 0;
}

static int begin(struct monitor *monitor)
{
    set_bit(wanted(monitor, READABLE), monitor->bell);
    return 0;
}

static void end(struct monitor *monitor)
{
    sys_unmap(monitor->set, set_size(monitor->capacity));
}

static int want(struct monitor *monitor, int number, const void *fd, enum direction direction,
                bool again)
{
    (void)fd, (void)again;
    set_bit(wanted(monitor, direction), number);
    return 0;
}

static void unwant(struct monitor *monitor, int number, enum direction direction)
{
    wanted(monitor, direction)[number / WORD] &= ~(1UL << number % WORD);
}

static bool is_gone(struct monitor *monitor, int number)
{
    (void)monitor;
    return !sys_is_open(number);
}

/* ---- waking ---- */

static void wake_ready(struct monitor *monitor, enum direction direction, int words)
{
    unsigned long *bits = ready(monitor, direction);

    for (int word = 0; word < words; word++)
        for (; bits[word] != 0; bits[word] &= bits[word] - 1) {
            int number = word * WORD + __builtin_ctzl(bits[word]);

            if (number == monitor->bell)
                sys_bell_clear(monitor->bell);
            else
                monitor_wake_first(monitor, number, direction);
        }
}

static void copy(unsigned long *to, const unsigned long *from, int words)
{
    for (int word = 0; word < words; word++)
        to[word] = from[word];
}

static int ask(struct monitor *monitor, int64_t nanoseconds)
{
    int words = monitor->highest / WORD + 1, found;
    bool writing = monitor->writing > 0;
    unsigned long *readable = ready(monitor, READABLE), *writable = NULL;

    copy(readable, wanted(monitor, READABLE), words);
    if (writing) {
        writable = ready(monitor, WRITABLE);
        copy(writable, wanted(monitor, WRITABLE), words);
    }
    found = sys_select(monitor->highest + 1, readable, writable, monitor->waiting > 0, nanoseconds);
    if (found > 0) {
        wake_ready(monitor, READABLE, words);
        if (writing)
            wake_ready(monitor, WRITABLE, words);
    }
    return found;
}

const struct poller select_poller = {.begin = begin,
                                     .end = end,
                                     .grow = grow,
                                     .want = want,
                                     .unwant = unwant,
                                     .is_gone = is_gone,
                                     .ask = ask};
