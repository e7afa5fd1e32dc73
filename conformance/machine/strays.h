/* strays: processes that have lost their parent, and become children of this one. */
#ifndef STRAYS_H
#define STRAYS_H

/* Adopt from now on what a descendant leaves behind when it ends. */
void strays_adopt(void);

/* Kill all children of this process, which has one thread, and their descendants. It takes no memory
 * and no lock, so that it works after fork in a process that had several threads. */
void strays_kill(void);

#endif
