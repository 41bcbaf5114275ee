/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Values as the service prints them in its error texts: [a, b], {k=v}, 2.0, Name(member=value). */

#include <stdbool.h>

struct buf;
struct model_shape;

/* Whether the value at `value` (the C type of an element of the shape) is there at all. */
bool model_is_present(const struct model_shape *shape, const void *value);

/* Failures stay in the buffer. An absent value prints as null. */
void model_print(struct buf *out, const struct model_shape *shape, const void *value);
void model_print_double(struct buf *out, double value);
