/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the generated structures to JSON. Absent members are left out; so are those that are not in
 * the body. */

struct json_writer;
struct model_shape;

/* Failures stay in the writer's buffer. */
void model_encode_structure(struct json_writer *writer, const struct model_shape *shape,
                            const void *structure);
