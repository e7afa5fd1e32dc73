/* chance: numbers that nobody can know beforehand. */
#include "chance.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Spread what differs in a few bits over all of them. */
static uint64_t mixed(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

uint64_t chance_number(void)
{
    static atomic_uint_fast64_t calls;
    struct timespec now;
    uint64_t number;

    if (getrandom(&number, sizeof number, 0) == sizeof number)
        return number;
    clock_gettime(CLOCK_REALTIME, &now); /* a filter of the container refuses it */
    number = mixed((uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec);
    return mixed(number ^ (uint64_t)getpid() << 32 ^ atomic_fetch_add(&calls, 1));
}
