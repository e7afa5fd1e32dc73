/* conclusion: what all results together say about a runtime. */
#ifndef CONCLUSION_H
#define CONCLUSION_H

#include "suite/session.h"
#include "suite/suite.h"

#include <stdio.h>

/* What the results say about a runtime, and the exit status of conform. */
enum conclusion { CONFORMS = 0, DOES_NOT_CONFORM = 1, COULD_NOT_TELL = 2 };

/* A runtime conforms if it keeps every chosen MUST rule that was tested; what it declines was not,
 * and what it is declared to do otherwise does not count. A broken SHOULD or MAY rule is a failed
 * test, but does not count here. What this machine cannot test leaves the answer open, unless
 * another MUST rule is broken or not implemented. */
enum conclusion conclude(const struct suite *suite);

/* The exit status: the conclusion, but 1 if a declared difference is no longer true. */
int conclude_status(const struct suite *suite);

/* Chosen tests by their results, and as skipped also the chosen rules that have no test. */
struct counts {
    size_t passed;
    size_t failed;
    size_t differ; /* as declared */
    size_t unknown;
    size_t skipped;
};
struct counts conclusion_count(const struct suite *suite);

/* Whether the session tested all MUST rules, as far as they can be tested. */
bool conclusion_is_of_all(const struct session *session, const struct suite *suite);

/* Write the conclusion in sentences, for people, and what to implement next. */
void conclusion_write(FILE *stream, const struct session *session, const struct suite *suite);

/* Write how far the scenarios were explored, if they were, which declared differences are no longer
 * true, and the last line: `N passed, N failed`, and `, N skipped` if any were. */
void conclusion_counts(FILE *stream, const struct suite *suite);

#endif
