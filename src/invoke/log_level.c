/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_level.h"

#include <strings.h>

#include "base/json_doc.h"

static const struct {
    struct str name;
    enum log_level level;
} names[] = {
    {STR_INIT("TRACE"), LOG_LEVEL_TRACE}, {STR_INIT("DEBUG"), LOG_LEVEL_DEBUG},
    {STR_INIT("INFO"), LOG_LEVEL_INFO},   {STR_INIT("INFORMATION"), LOG_LEVEL_INFO},
    {STR_INIT("WARN"), LOG_LEVEL_WARN},   {STR_INIT("WARNING"), LOG_LEVEL_WARN},
    {STR_INIT("ERROR"), LOG_LEVEL_ERROR}, {STR_INIT("CRITICAL"), LOG_LEVEL_FATAL},
    {STR_INIT("FATAL"), LOG_LEVEL_FATAL},
};

enum log_level log_level_of_name(struct str name)
{
    for (size_t i = 0; i < array_count(names); i++)
        if (name.len == names[i].name.len &&
            strncasecmp(name.ptr, names[i].name.ptr, name.len) == 0)
            return names[i].level;
    return LOG_LEVEL_NONE;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Does the text begin so? '0' stands for any digit. */
static bool skip_form(struct str *text, const char *form)
{
    size_t len = 0;

    for (; form[len]; len++) {
        if (len >= text->len ||
            (form[len] == '0' ? !is_digit(text->ptr[len]) : text->ptr[len] != form[len]))
            return false;
    }
    *text = str_sub(*text, len, text->len);
    return true;
}

static bool is_rfc3339(struct str text)
{
    if (!skip_form(&text, "0000-00-00T00:00:00"))
        return false;
    if (skip_form(&text, ".0")) {
        while (text.len && is_digit(text.ptr[0]))
            text = str_sub(text, 1, text.len);
    }
    return (skip_form(&text, "Z") || skip_form(&text, "+00:00") || skip_form(&text, "-00:00")) &&
           text.len == 0;
}

static struct str either(const json_t *object, const char *key, const char *other)
{
    struct str value = json_doc_str(object, key);

    return value.ptr ? value : json_doc_str(object, other);
}

/* Where the character stands for the last time; it does. */
static size_t last(struct str text, char c)
{
    size_t at = text.len - 1;

    while (text.ptr[at] != c)
        at--;
    return at;
}

struct log_event_facts log_event_look(struct str message)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct log_event_facts facts = {.level = LOG_LEVEL_INFO};
    enum log_level level;

    if (!str_starts_with(message, STR("{")) || json_doc_load(&doc, message, NULL) < 0)
        return facts;
    if (!json_object_get(doc, "timestamp") && !json_object_get(doc, "time"))
        facts.stamp_at = last(message, '}');
    if (!is_rfc3339(either(doc, "timestamp", "time")))
        return facts;
    level = log_level_of_name(either(doc, "level", "log_level"));
    if (level != LOG_LEVEL_NONE)
        facts.level = level;
    return facts;
}
