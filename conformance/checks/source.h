/* source: the lines of a check, for people who want to know what failed. Each file that includes
 * this one holds its own text, as it was compiled. */
#ifndef SOURCE_H
#define SOURCE_H

__asm__(".pushsection check_sources, \"aw\"\n"
        ".balign 8\n"
        ".dc.a 1f, 2f\n"
        ".popsection\n"
        ".pushsection .rodata\n"
        "1: .asciz \"" __BASE_FILE__ "\"\n"
        "2: .incbin \"" __BASE_FILE__ "\"\n"
        ".byte 0\n"
        ".popsection");

/* Print a check of this file and what it calls and uses there, with the numbers of the lines; and,
 * of this file or others, the functions that hold the places that the reason of its failure names,
 * such as "tasks.c:12". These lines are marked. The reason may be empty. */
void source_print(const char *file, const char *check, const char *reason);

#endif
