/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scope-bound release of local resources. A variable declared with CLEANUP(fn) is given to
 * fn(&variable) when its scope ends; ownership leaves by setting it to its empty value (NULL, -1)
 * before that.
 */

#include <stddef.h>
#include <stdlib.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* For plain malloc'd pointers: CLEANUP(freep) char *text = NULL; */
static inline void freep(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;

    free(*p);
}

/* Defines x_freep() for a type whose destructor is "struct x *x_free(struct x *)" (NULL is
 * accepted). */
#define CLEANUP_DEFINE(type, fn)                                                                   \
    static inline void fn##p(type **p)                                                             \
    {                                                                                              \
        (void)fn(*p);                                                                              \
    }

#define container_of(ptr, type, member)                                                            \
    ((type *)(void *)((char *)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))

#define array_count(a) (sizeof(a) / sizeof((a)[0]))
