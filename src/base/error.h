/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Failures and their reasons.
 *
 * A function that can fail returns int: 0 is success, a negative errno is an unexpected failure
 * that is passed upwards unchanged until the owner of the request or environment handles it, a
 * positive value is an outcome that the function's header documents and its direct caller handles.
 *
 *   return err_new(-errno);   starts a failure here (never returns >= 0, even when errno was 0)
 *   return err_pass(r);       forwards one
 *   return err_fold(r);       turns an outcome that cannot happen here into a failure
 *
 * With LAMBD_TRACE_ERRORS set in the environment each of them prints its place, which reads like a
 * stack trace of the failure. Text for people travels beside the number in a struct reason.
 */

#include <stdarg.h>
#include <stddef.h>

#define err_new(error) err_new_at((error), __FILE__, __LINE__)
#define err_pass(error) err_pass_at((error), __FILE__, __LINE__)
#define err_fold(error) err_fold_at((error), __FILE__, __LINE__)

int err_new_at(int error, const char *file, int line);
int err_pass_at(int error, const char *file, int line);
int err_fold_at(int error, const char *file, int line);

enum { REASON_BYTES_MAX = 512 };

/* One sentence for people, without a final full stop. Zero-initialised it is empty. */
struct reason {
    char text[REASON_BYTES_MAX];
};

/* Set the text; why may be NULL. A text that does not fit is cut. */
void reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same followed by ": " and the name of a (positive or negative) errno. */
void reason_set_errno(struct reason *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
