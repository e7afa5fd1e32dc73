/* legible: text that came from anywhere, made fit for every format: UTF-8 without characters that
 * control. */
#ifndef LEGIBLE_H
#define LEGIBLE_H

/* A copy of a text in which each byte is written as \xNN that is no part of a character of UTF-8,
 * or of one that controls, which newlines and tabs do not here. To be freed. */
char *legible(const char *text);

/* The same on one line: each newline and tab becomes a blank. */
char *legible_line(const char *text);

#endif
