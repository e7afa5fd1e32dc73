/* hashes: a set of hashes. What has a hash of the set is taken to have been there. */
#ifndef MODEL_HASHES_H
#define MODEL_HASHES_H

#include "state.h"

struct hashes {
    struct hash *table; /* all zero: a free place */
    size_t room;        /* a power of 2 */
    size_t count;
};

void hashes_create(struct hashes *hashes);
void hashes_free(struct hashes *hashes);

/* Make the set empty. */
void hashes_clear(struct hashes *hashes);

/* Add a hash, which is not all zero. Returns whether it is new. */
bool hashes_add(struct hashes *hashes, struct hash hash);

#endif
