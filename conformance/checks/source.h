/* source: the lines of a check, for people who want to know what failed. Each file that includes
 * this one holds its own text, as it was compiled. */
#ifndef SOURCE_H
#define SOURCE_H

struct source {
    const char *file, *text;
    struct source *next;
};

void source_register(struct source *source);

__asm__(".pushsection .rodata\n"
        "source_text: .incbin \"" __BASE_FILE__ "\"\n"
        ".byte 0\n"
        ".popsection");
extern __attribute__((visibility("hidden"))) const char source_text[];

__attribute__((constructor)) static void register_source(void)
{
    static struct source source = {.file = __BASE_FILE__, .text = source_text};

    source_register(&source);
}

/* Print a check of this file and what it calls and uses there, with the numbers of the lines; and,
 * of this file or others, the functions that hold the places that the reason of its failure names,
 * such as "tasks.c:12". These lines are marked. The reason may be empty. */
void source_print(const char *file, const char *check, const char *reason);

#endif
