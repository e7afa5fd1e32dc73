/* test_texts: texts for parsers that must not read a byte more than they are given, so that each
 * ends at an unreadable page; and the complaints about them. */
#ifndef TEST_TEXTS_H
#define TEST_TEXTS_H

#include "test_support.h"

#include <sys/mman.h>

struct page {
    char *text;
    size_t size;
    void *map;
    size_t map_size;
};

static inline struct page page_create(const void *text, size_t size)
{
    size_t unit = (size_t)sysconf(_SC_PAGESIZE), used = (size + unit - 1) / unit * unit;
    struct page page = {.size = size, .map_size = used + unit};

    page.map =
        mmap(NULL, page.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page.map, MAP_FAILED);
    assert_int_equal(mprotect((char *)page.map + used, unit, PROT_NONE), 0);
    page.text = (char *)page.map + used - size;
    if (size > 0)
        memcpy(page.text, text, size);
    return page;
}

static inline void page_free(struct page *page)
{
    assert_int_equal(munmap(page->map, page->map_size), 0);
}

/* Complaints, one per line: "3: 'x' is not an operation". */
struct complaints {
    char text[1 << 16];
    size_t size;
    int count;
};

static inline void note(struct complaints *complaints, const char *file, int line, const char *text)
{
    size_t room = sizeof complaints->text - complaints->size;
    int size = snprintf(complaints->text + complaints->size, room, "%s%s%d: %s\n", file,
                        *file ? ":" : "", line, text);

    complaints->size += (size_t)size < room ? (size_t)size : room - 1;
    complaints->count++;
}

/* The same numbers in every run. */
static inline unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Change, remove or double some bytes. */
static inline void mutate(char *text, size_t *size, size_t room, unsigned *state)
{
    static const char bytes[] = "\n\t =|,#:-`{}R.>0129az\0\x80\xff";

    for (unsigned i = next_random(state) % 4 + 1; i > 0 && *size > 0; i--) {
        size_t at = next_random(state) % *size, length = next_random(state) % 8;

        if (length > *size - at)
            length = *size - at;
        switch (next_random(state) % 3) {
        case 0:
            text[at] = bytes[next_random(state) % (sizeof bytes - 1)];
            break;
        case 1:
            memmove(text + at, text + at + length, *size - at - length);
            *size -= length;
            break;
        default:
            if (*size + length <= room) {
                memmove(text + at + length, text + at, *size - at);
                *size += length;
            }
        }
    }
}

#endif
