/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/net_tools.h"

#include <stddef.h>
#include <unistd.h>

enum { PATHS_MAX = 4 };

static const char *const paths[][PATHS_MAX] = {
    [NET_TOOL_NFT] = {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"},
    [NET_TOOL_PASTA] = {"/usr/bin/pasta", "/usr/local/bin/pasta"},
};

const char *net_tool_find(enum net_tool tool)
{
    for (size_t i = 0; i < PATHS_MAX && paths[tool][i]; i++)
        if (access(paths[tool][i], X_OK) == 0)
            return paths[tool][i];
    return NULL;
}
