/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An image is named by a tag or by its digest. Nobody asks the registry when a function is made, so
 * a name without a digest gets one that is made from the name: it is stable, tells names apart, and
 * gives way to the real one as soon as images are pulled.
 */

#include "api/lambda/image.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "catalog/config.h"
#include "model/lambda/shapes.h"

#define DIGEST_MARK STR("@sha256:")

/* Where the digest of a name begins; the length when it has none. */
static size_t digest_place(struct str uri)
{
    size_t at = str_find(uri, '@');

    return str_starts_with(str_sub(uri, at, uri.len), DIGEST_MARK) ? at : uri.len;
}

/* The name without tag and digest. A colon before the last slash is that of a port. */
static struct str repository_of(struct str uri)
{
    size_t end = digest_place(uri);

    for (size_t at = end; at > 0 && uri.ptr[at - 1] != '/'; at--)
        if (uri.ptr[at - 1] == ':')
            end = at - 1;
    return str_sub(uri, 0, end);
}

int image_apply(struct str image_uri, struct function_config *config)
{
    size_t at = digest_place(image_uri) + DIGEST_MARK.len;
    int r = 0;

    if (!digest_from_hex(&config->code, str_sub(image_uri, at, image_uri.len)))
        r = hash_bytes(&config->code, image_uri.ptr, image_uri.len);
    config->image_uri = image_uri;
    return r < 0 ? err_pass(r) : 0;
}

static struct codec_list list_of(const struct lambda_string_list *list)
{
    return (struct codec_list){list->ptr, list->count};
}

void image_config_apply(const struct lambda_image_config *image_config,
                        struct function_config *config)
{
    config->image_entry_point = list_of(&image_config->entry_point);
    config->image_command = list_of(&image_config->command);
    config->image_working_directory = image_config->working_directory;
}

struct str image_resolved_uri(struct arena *arena, const struct function_config *config)
{
    char hex[DIGEST_HEX_BYTES];

    return arena_printf(arena, "%.*s@sha256:%s", STR_FMT(repository_of(config->image_uri)),
                        digest_hex(&config->code, hex));
}
