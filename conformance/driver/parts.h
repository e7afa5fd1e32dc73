/* parts: the parts of the interface that a runtime may leave out, and what belongs to each. A
 * runtime *declines* a part if it lacks all of its items. interface.def is the table. */
#ifndef PARTS_H
#define PARTS_H

/* The parts by number, in the order of interface.def. */
enum part {
    PART_CORE, /* what no runtime may leave out */
    PARTS = 9,
    NO_PART = -1
};

/* "signals" and so on; part is from 0 to PARTS - 1. */
const char *part_name(int part);

/* The number of the part with that name; NO_PART: no part has it, or it is the core, which cannot
 * be declined. */
int part_named(const char *name);

/* The items of all parts, and a NULL behind the last: functions, "miou_yield", and members of
 * miou_options, "choose". */
extern const char *const part_items[];

/* The part that an item belongs to; NO_PART: it is not an item. */
int part_of(const char *item);

#endif
