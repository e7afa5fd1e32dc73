/* json_test: a test and its result as members of an object of JSON. */
#ifndef JSON_TEST_H
#define JSON_TEST_H

#include "members.h"
#include "report.h"

void json_test(json_t *object, const struct report *report, const struct test *test);

#endif
