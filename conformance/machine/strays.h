/* strays: processes that have lost their parent, and become children of this one. */
#ifndef STRAYS_H
#define STRAYS_H

/* Adopt from now on what a descendant leaves behind when it ends. */
void strays_adopt(void);

/* Kill all children of this process, and their descendants. Not to be called while another thread
 * waits for a child. */
void strays_kill(void);

#endif
