/* findings: reports what an execution did wrong, and words for it. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "inquiry.h"
#include "scenario/memory.h"

/* Report that the invariant of a rule is broken on a line of the scenario; 0 stands for the whole
 * scenario. The texts are taken over. */
void report_finding(struct inquiry *inquiry, const char *rule, int line, char *expected,
                    char *observed);

/* Report that an expectation of the scenario is not met, also in short. The texts are taken over.
 */
void report_deviation(struct inquiry *inquiry, int line, char *deviation, char *expected,
                      char *observed);

/* The same of what the model does not allow; the rule is that of what happened. */
void report_disallowed(struct inquiry *inquiry, const char *rule, int line, char *deviation,
                       char *expected, char *observed);

void finding_free(struct finding *finding);

/* A short text, returned by value so that it can stand in an argument list. */
struct phrase {
    char text[224];
};
struct phrase task_phrase(const struct inquiry *inquiry, int instance);
struct phrase event_phrase(const struct inquiry *inquiry, int event);
struct phrase list_phrase(const struct inquiry *inquiry, struct outcomes list);
struct phrase outcome_phrase(const struct inquiry *inquiry, struct outcome outcome);
struct phrase operation_phrase(const struct inquiry *inquiry, int operation);

/* How the end of a task was seen that should have been refused. */
char *seen_ending(const struct inquiry *inquiry, int instance);

#endif
