/* reason: why an execution did not pass, in a few lines. */
#include "reason.h"

void reason_write(FILE *stream, const struct result *result)
{
    const struct verdict *verdict = result->verdict;
    int i;

    fprintf(stream, "  %s\n", result->reason ? result->reason : "");
    if (result->replay)
        fprintf(stream, "  with %s\n", result->replay);
    for (i = 0; verdict && i < verdict->finding_count; i++) {
        const struct finding *finding = &verdict->findings[i];

        if (finding->line)
            fprintf(stream, "  line %d:\n", finding->line);
        if (finding->rule)
            fprintf(stream, "  rule %s, which holds for every program:\n", finding->rule);
        fprintf(stream, "    expected: %s\n    observed: %s\n", finding->expected,
                finding->observed);
    }
    if (verdict && verdict->more)
        fprintf(stream, "  and %d more\n", verdict->more);
}
