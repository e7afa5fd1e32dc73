/* proofs: scenario after scenario, and how many of each kind. */
#include "proofs.h"

#include "model/proof.h"

#include <stdlib.h>

static const char *const verdicts[] = {[PROOF_HOLDS] = "proven",
                                       [PROOF_UNSOUND] = "unsound",
                                       [PROOF_LOOSE] = "loose",
                                       [PROOF_BOUNDED] = "unknown",
                                       [PROOF_UNKNOWN] = "unknown"};

size_t proofs_write(FILE *stream, const struct suite *suite, uint32_t limit)
{
    size_t counts[PROOF_UNKNOWN + 1] = {0};
    unsigned long long states = 0;

    for (size_t i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];
        struct proof proof;

        if (!test->chosen || !test->scenario)
            continue;
        proof = prove(test->scenario->text, test->scenario->size, limit, FREEDOM_KINDS);
        counts[proof.kind]++;
        states += proof.states;
        if (proof.kind != PROOF_HOLDS)
            fprintf(stream, "%s %s\n%s", test->id, verdicts[proof.kind], proof.why);
        fflush(stream);
        free(proof.why);
    }
    fprintf(stream, "%llu states; the model cannot tell %zu, and %zu have too many states\n",
            states, counts[PROOF_UNKNOWN], counts[PROOF_BOUNDED]);
    fprintf(stream, "%zu passed, %zu failed\n", counts[PROOF_HOLDS],
            counts[PROOF_UNSOUND] + counts[PROOF_LOOSE]);
    return counts[PROOF_UNSOUND] + counts[PROOF_LOOSE];
}
