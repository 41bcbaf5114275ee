/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct symbol {
    const char *name;
    size_t offset;
};

#define AT(member) offsetof(struct curl_library, member)

static const struct symbol symbols[] = {
    {"curl_global_init", AT(global_init)},
    {"curl_easy_init", AT(easy_init)},
    {"curl_easy_cleanup", AT(easy_cleanup)},
    {"curl_easy_setopt", AT(easy_setopt)},
    {"curl_easy_getinfo", AT(easy_getinfo)},
    {"curl_easy_pause", AT(easy_pause)},
    {"curl_easy_strerror", AT(easy_strerror)},
    {"curl_slist_append", AT(slist_append)},
    {"curl_slist_free_all", AT(slist_free_all)},
    {"curl_multi_init", AT(multi_init)},
    {"curl_multi_cleanup", AT(multi_cleanup)},
    {"curl_multi_setopt", AT(multi_setopt)},
    {"curl_multi_add_handle", AT(multi_add_handle)},
    {"curl_multi_remove_handle", AT(multi_remove_handle)},
    {"curl_multi_assign", AT(multi_assign)},
    {"curl_multi_socket_action", AT(multi_socket_action)},
    {"curl_multi_info_read", AT(multi_info_read)},
};

/* The same interface under the names of its two builds in Debian. */
static const char *const file_names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static void *open_any(void)
{
    void *handle = NULL;

    for (size_t i = 0; !handle && i < array_count(file_names); i++)
        handle = dlopen(file_names[i], RTLD_NOW | RTLD_LOCAL);
    return handle;
}

int curl_library_load(struct curl_library *ret_library, struct reason *why)
{
    struct curl_library library;
    void *handle = open_any();

    if (!handle) {
        reason_set(why, "libcurl is not installed");
        return err_new(-ENOENT);
    }
    for (size_t i = 0; i < array_count(symbols); i++) {
        void *symbol = dlsym(handle, symbols[i].name);

        if (!symbol) {
            reason_set(why, "the installed libcurl has no %s", symbols[i].name);
            return err_new(-ENOENT);
        }
        *(void **)(void *)((char *)&library + symbols[i].offset) = symbol;
    }
    if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        reason_set(why, "libcurl cannot be initialised");
        return err_new(-ENOENT);
    }
    *ret_library = library;
    return 0;
}
