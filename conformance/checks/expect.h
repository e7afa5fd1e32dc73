/* expect: what a check expects. If something else came, the check fails, and one line says what was
 * called, what was expected and what came:
 *
 *     6_unix_connecting.c:46: miou_connect(fd, there, size) in line 38: expected -EISCONN, got 0
 *
 * followed by the helpers that were called and the rows of the loops that were executed on the way
 * there. To be used on the thread of the check and outside tasks only: a failure longjmps. What
 * tasks, finalisers and other threads see, they write into plain variables. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdbool.h>
#include <stddef.h>

/* ---- For use anywhere ---- */

/* A call begins here. The last one that has begun is told of a check that hangs or crashes. */
#define CALL_HERE                                                                                  \
    __extension__({                                                                                \
        static const struct call_place here_ = {__FILE__, __LINE__};                               \
        call_begins(&here_);                                                                       \
    })
struct call_place {
    const char *file;
    int line;
};
void call_begins(const struct call_place *here);

/* Make a call and put its result into a place: NOTE(t->first, miou_read(fd, bytes, 4)). A failure
 * of expect_noted(t.first, ...) then tells the call. */
#define NOTE(place, call)                                                                          \
    do {                                                                                           \
        CALL_HERE;                                                                                 \
        __typeof__(&(place)) place_ = &(place);                                                    \
        *place_ = (call);                                                                          \
        note_call(place_, (long long)*place_, #call, __FILE__, __LINE__);                          \
    } while (0)
void note_call(const void *place, long long result, const char *call, const char *file, int line);

/* Note the first call that returned this error to TRY; returns the error. A run that returns it may
 * do so because of that call, and a failure tells it. */
int note_error(int error, const char *call, const char *file, int line);

/* Note a call that returned another code than this one; returns the line, so that a task can return
 * it and a failure tells the call. */
int note_other(long long code, const char *expected_text, long long expected, const char *call,
               const char *file, int line);

/* A result by its name, such as MIOU_CANCELLED or -EINVAL, or in figures. */
struct code_text {
    char text[48];
} code_text(long long code);

/* Whether it says that there are no threads or no memory. */
bool is_shortage(long long code);

/* A text that says that this call was expected to return one code and returned another. */
const char *other_code(const char *call, const char *expected_text, long long expected,
                       long long code);

/* ---- Outside tasks ---- */

/* The result of a call: a number from 0 on, -errno, or a code of miou.h. */
#define expect_code(call, code)                                                                    \
    (CALL_HERE,                                                                                    \
     expect_code_at(__FILE__, __LINE__, #call, (long long)(call), #code, (long long)(code)))

/* The same, of a call that was made before, by NOTE. */
#define expect_noted(place, code)                                                                  \
    expect_noted_at(__FILE__, __LINE__, #place, &(place), (long long)(place), #code,               \
                    (long long)(code))

/* The same of one of several codes that are right. */
#define expect_one_of(place, ...)                                                                  \
    expect_one_of_at(__FILE__, __LINE__, #place, &(place), (long long)(place),                     \
                     (const long long[]){__VA_ARGS__},                                             \
                     sizeof((const long long[]){__VA_ARGS__}) / sizeof(long long))

/* A number that is no result, or a character. */
#define expect_number(value, number)                                                               \
    expect_number_at(__FILE__, __LINE__, #value, (long long)(value), #number, (long long)(number), \
                     _Generic((value), char                                                        \
                              : true, default                                                      \
                              : false))

#define expect_true(condition)  expect_truth_at(__FILE__, __LINE__, #condition, condition, true)
#define expect_false(condition) expect_truth_at(__FILE__, __LINE__, #condition, condition, false)

/* A number between two others, both included. */
#define expect_at_least(value, least)                                                              \
    expect_range_at(__FILE__, __LINE__, #value, value, #least, least, NULL, 0)
#define expect_at_most(value, most)                                                                \
    expect_range_at(__FILE__, __LINE__, #value, value, NULL, 0, #most, most)
#define expect_in_range(value, least, most)                                                        \
    expect_range_at(__FILE__, __LINE__, #value, value, #least, least, #most, most)

#define expect_text(value, text) expect_text_at(__FILE__, __LINE__, #value, value, text)

/* Bytes in memory. */
#define expect_bytes(value, bytes, size)                                                           \
    expect_bytes_at(__FILE__, __LINE__, #value, value, bytes, size)

/* Fail with a sentence of one's own, without its full stop. */
#define fail_with(...) fail_with_at(__FILE__, __LINE__, __VA_ARGS__)

/* Follow a helper that expects with
 *
 *     #define assert_slept(...) IN_HELPER(assert_slept, (__VA_ARGS__), #__VA_ARGS__)
 *
 * and a failure in it also tells the call. One that a header declares is defined with its name in
 * parentheses, so that the macro is not meant. */
#define IN_HELPER(function, arguments, text)                                                       \
    __extension__({                                                                                \
        struct frame frame_ __attribute__((cleanup(frame_leave))) =                                \
            frame_enter(&frame_, #function "(" text ")", NULL, __FILE__, __LINE__);                \
        function arguments;                                                                        \
    })

/* In a block that is executed again and again, name the round by a variable or by a text; before
 * the first statement. */
#define with_index(i)                                                                              \
    struct frame FRAME(__LINE__) __attribute__((cleanup(frame_leave))) =                           \
        frame_enter(&FRAME(__LINE__), #i, NULL, NULL, (long long)(i))
#define with_name(name)                                                                            \
    struct frame FRAME(__LINE__) __attribute__((cleanup(frame_leave))) =                           \
        frame_enter(&FRAME(__LINE__), NULL, name, NULL, 0)
#define FRAME(line)      FRAME_OF_LINE(line)
#define FRAME_OF_LINE(n) frame_##n

/* ---- What the macros call ---- */

/* A call of a helper, a round with the number of a variable, or one with a name. */
struct frame {
    struct frame *outer;
    const char *text, *name, *file;
    long long number; /* of the line, or the variable's */
};
struct frame frame_enter(struct frame *frame, const char *text, const char *name, const char *file,
                         long long number);
void frame_leave(struct frame *frame);

void expect_code_at(const char *file, int line, const char *call, long long code,
                    const char *expected_text, long long expected);
void expect_noted_at(const char *file, int line, const char *text, const void *place,
                     long long code, const char *expected_text, long long expected);
void expect_one_of_at(const char *file, int line, const char *text, const void *place,
                      long long code, const long long *expected, size_t count);
void expect_number_at(const char *file, int line, const char *text, long long number,
                      const char *expected_text, long long expected, bool is_char);
void expect_truth_at(const char *file, int line, const char *text, bool value, bool expected);
void expect_range_at(const char *file, int line, const char *text, long double value,
                     const char *least_text, long double least, const char *most_text,
                     long double most);
void expect_text_at(const char *file, int line, const char *text, const char *value,
                    const char *expected);
void expect_bytes_at(const char *file, int line, const char *text, const void *bytes,
                     const void *expected, size_t size);
__attribute__((format(printf, 3, 4))) _Noreturn void fail_with_at(const char *file, int line,
                                                                  const char *format, ...);

/* ---- For the frame of the checks ---- */

/* How the check failed, in one line; empty: it did not. */
const char *expect_failure(void);

/* Whether a call was expected to return another code and was refused for want of threads or memory.
 */
bool expect_refused(void);

/* Write the last call that has begun and the way to the check, as a line of standard error. A
 * signal handler may call it, as nothing goes on then. */
void tell_last_call(void);

/* Let nothing be printed through stdout and stderr, or let it again: cmocka's own words. */
void hush(bool on);

#endif
