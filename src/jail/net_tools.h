/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The programs of the host that an outbound network needs. */

enum net_tool { NET_TOOL_NFT, NET_TOOL_PASTA };

/* Its path, in system folders only; NULL when it is not installed. */
const char *net_tool_find(enum net_tool tool);
