/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* As much XML as the answers of AWS need: the text of an element that has no attributes. Pure. */

#include <stddef.h>

#include "base/str.h"

/* The text of the first element of that name, cut to the buffer, with the entities resolved that
 * XML has by itself; "" when there is none. Control characters become blanks. */
void xml_element_text(struct str document, const char *name, char *buffer, size_t size);
