/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* In this order, around ids_become(). 0 or -errno. */

/* No capability can be gained by exec any more. Needs CAP_SETPCAP, so it comes before the change of
 * uid. */
int caps_drop_bounding(void);
/* None in any set, and no new privileges. */
int caps_drop(void);
