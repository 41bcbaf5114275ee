/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * must(cond): an invariant of our own code. It is on in release builds too: going on with a broken
 * invariant would be worse than stopping. Never for input that comes from outside. One condition
 * per must.
 */

_Noreturn void must_fail(const char *cond, const char *file, int line);

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))
