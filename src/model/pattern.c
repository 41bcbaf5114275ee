/* SPDX-License-Identifier: Apache-2.0 */

#include "model/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "model/model.h"

enum {
    /* Far above what honest values need; a hostile one stops here. */
    PATTERN_MATCH_LIMIT = 100000,
};

struct model_patterns {
    const struct model_service *service;
    pcre2_match_context *match; /* owned */
    pcre2_match_data *data;     /* owned */
    pcre2_code **codes;         /* owned; NULL until used */
};

struct model_patterns *model_patterns_free(struct model_patterns *patterns)
{
    if (patterns == NULL)
        return NULL;
    for (size_t i = 0; patterns->codes != NULL && i < patterns->service->pattern_count; i++)
        pcre2_code_free(patterns->codes[i]);
    free(patterns->codes);
    pcre2_match_data_free(patterns->data);
    pcre2_match_context_free(patterns->match);
    free(patterns);
    return NULL;
}

struct model_patterns *model_patterns_new(const struct model_service *service)
{
    CLEANUP(model_patterns_freep) struct model_patterns *patterns = NULL;
    struct model_patterns *result;

    patterns = calloc(1, sizeof(*patterns));
    if (patterns == NULL)
        return NULL;
    patterns->service = service;
    patterns->codes = calloc(service->pattern_count, sizeof(*patterns->codes));
    patterns->match = pcre2_match_context_create(NULL);
    patterns->data = pcre2_match_data_create(1, NULL);
    if (patterns->codes == NULL || patterns->match == NULL || patterns->data == NULL)
        return NULL;
    (void)pcre2_set_match_limit(patterns->match, PATTERN_MATCH_LIMIT);
    result = patterns;
    patterns = NULL;
    return result;
}

static pcre2_code *compile(const char *text)
{
    /* As the service's own matcher: the whole value, in characters. */
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_UTF |
                       PCRE2_MATCH_INVALID_UTF | PCRE2_NO_AUTO_CAPTURE;
    PCRE2_SIZE offset;
    int error;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text, strlen(text), options, &error, &offset, NULL);

    must(code != NULL);
    return code;
}

bool model_pattern_matches(struct model_patterns *patterns, uint32_t pattern, struct str value)
{
    pcre2_code **code = &patterns->codes[pattern];

    must(pattern > 0);
    must(pattern < patterns->service->pattern_count);
    if (*code == NULL)
        *code = compile(patterns->service->patterns[pattern]);
    return pcre2_match(*code, (PCRE2_SPTR)value.ptr, value.len, 0, 0, patterns->data,
                       patterns->match) >= 0;
}

const char *model_pattern_text(const struct model_patterns *patterns, uint32_t pattern)
{
    return patterns->service->patterns[pattern];
}
