/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/event_pattern.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_doc.h"

enum { IPV4_BITS = 32, IPV6_BITS = 128, ADDRESS_CHARACTERS_MAX = 64 };

/* Numbers are compared within ±5.0e9. */
#define NUMBER_MAX 5.0e9

/* An operator of a test; true when the operand is one. */
struct pattern_operator {
    const char *name;
    bool (*takes)(const json_t *operand);
};

static const struct pattern_operator *operator_find(const struct pattern_operator *operators,
                                                    size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(str_of(operators[i].name), str_of(name)))
            return &operators[i];
    return NULL;
}

/* The only member of an object: its name, or NULL when it has more or none. */
static const char *only_member(const json_t *object, const json_t **ret_value)
{
    void *iterator = json_object_iter((json_t *)object);

    if (json_object_size(object) != 1)
        return NULL;
    *ret_value = json_object_iter_value(iterator);
    return json_object_iter_key(iterator);
}

/* One member, which is one of the operators with an operand that it takes. */
static bool is_operation(const json_t *object, const struct pattern_operator *operators,
                         size_t count)
{
    const struct pattern_operator *found;
    const json_t *operand = NULL;
    const char *name = only_member(object, &operand);

    if (!name)
        return false;
    found = operator_find(operators, count, name);
    return found && found->takes(operand);
}

static bool is_filled_string(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool is_string(const json_t *value)
{
    return json_is_string(value);
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

/* A list with at least one element, all of the same kind. */
static bool is_list_of(const json_t *value, bool (*is_one)(const json_t *value))
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_one(json_array_get(value, i)))
            return false;
    return json_array_size(value) > 0;
}

/* "*" is any run and must not stand beside another one; a backslash quotes "*" and itself. */
static bool is_wildcard(const json_t *value)
{
    struct str text = json_doc_text(value);
    bool after_star = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_star = text.ptr[i] == '*';

        if (is_star && after_star)
            return false;
        after_star = is_star;
        if (text.ptr[i] == '\\' && (++i == text.len || (text.ptr[i] != '*' && text.ptr[i] != '\\')))
            return false;
    }
    return str_is_set(text);
}

static const struct pattern_operator affix_operators[] = {{"equals-ignore-case", is_string}};

static bool is_affix(const json_t *value)
{
    return json_is_string(value) ||
           is_operation(value, affix_operators, array_count(affix_operators));
}

static bool are_filled_strings(const json_t *value)
{
    return is_filled_string(value) || is_list_of(value, is_filled_string);
}

static bool are_strings(const json_t *value)
{
    return json_is_string(value) || is_list_of(value, is_string);
}

static bool are_wildcards(const json_t *value)
{
    return is_wildcard(value) || is_list_of(value, is_wildcard);
}

static const struct pattern_operator anything_but_operators[] = {
    {"equals-ignore-case", are_strings},
    {"prefix", are_filled_strings},
    {"suffix", are_filled_strings},
    {"wildcard", are_wildcards},
};

static bool is_anything_but(const json_t *value)
{
    return are_strings(value) || json_is_number(value) || is_list_of(value, is_number) ||
           is_operation(value, anything_but_operators, array_count(anything_but_operators));
}

static bool is_bound(const json_t *value)
{
    double number = json_number_value(value);

    return json_is_number(value) && number >= -NUMBER_MAX && number <= NUMBER_MAX;
}

static bool is_lower_sign(struct str sign)
{
    return str_eq(sign, STR(">")) || str_eq(sign, STR(">="));
}

static bool is_upper_sign(struct str sign)
{
    return str_eq(sign, STR("<")) || str_eq(sign, STR("<="));
}

/* [sign, number], or [">" or ">=", number, "<" or "<=", larger number]. */
static bool is_numeric(const json_t *value)
{
    struct str sign = json_doc_text(json_array_get(value, 0));
    const json_t *bound = json_array_get(value, 1), *upper = json_array_get(value, 3);

    if (!str_is_set(sign) || !is_bound(bound))
        return false;
    if (json_array_size(value) == 2)
        return str_eq(sign, STR("=")) || is_lower_sign(sign) || is_upper_sign(sign);
    return json_array_size(value) == 4 && is_lower_sign(sign) &&
           is_upper_sign(json_doc_text(json_array_get(value, 2))) && is_bound(upper) &&
           json_number_value(bound) < json_number_value(upper);
}

/* "10.0.0.0/24", "2001:db8::/32" */
static bool is_cidr(const json_t *value)
{
    struct str bits = json_doc_text(value), address;
    char text[ADDRESS_CHARACTERS_MAX];
    struct in6_addr parsed;
    uint64_t count;

    if (!str_next(&bits, '/', &address) || !str_to_u64(bits, &count) ||
        !str_to_cstr(address, text, sizeof(text)))
        return false;
    return (count <= IPV4_BITS && inet_pton(AF_INET, text, &parsed) == 1) ||
           (count <= IPV6_BITS && inet_pton(AF_INET6, text, &parsed) == 1);
}

static const struct pattern_operator test_operators[] = {
    {"anything-but", is_anything_but},
    {"cidr", is_cidr},
    {"equals-ignore-case", is_string},
    {"exists", is_boolean},
    {"numeric", is_numeric},
    {"prefix", is_affix},
    {"suffix", is_affix},
    {"wildcard", is_wildcard},
};

static bool is_test(const json_t *value)
{
    if (json_is_array(value))
        return false;
    return !json_is_object(value) ||
           is_operation(value, test_operators, array_count(test_operators));
}

static bool is_alternative(const json_t *value)
{
    const json_t *operand;
    const char *name = only_member(value, &operand);

    return json_is_object(value) &&
           !(name && operator_find(test_operators, array_count(test_operators), name));
}

static bool is_pattern(const json_t *value);

/* "$or" with two patterns or more; else "$or" is a field as others are. */
static bool is_or(const char *field, const json_t *value)
{
    return str_eq(str_of(field), STR("$or")) && json_array_size(value) >= 2 &&
           is_list_of(value, is_alternative);
}

static bool is_matcher(const char *field, const json_t *value)
{
    if (json_is_object(value))
        return is_pattern(value);
    return is_list_of(value, is_or(field, value) ? is_pattern : is_test);
}

static bool is_pattern(const json_t *value)
{
    const char *field;
    json_t *matcher;

    json_object_foreach((json_t *)value, field,
                        matcher) if (!is_matcher(field, matcher)) return false;
    return json_object_size(value) > 0;
}

static bool names_plain_string(const json_t *pattern, struct str document)
{
    const json_t *tests = json_object_getn(pattern, document.ptr, document.len);

    for (size_t i = 0; i < json_array_size(tests); i++)
        if (json_is_string(json_array_get(tests, i)))
            return true;
    return false;
}

int event_pattern_check(struct str text, struct str document)
{
    CLEANUP(json_doc_unrefp) json_t *pattern = NULL;
    int r = json_doc_load(&pattern, text, NULL);

    if (r < 0)
        return err_pass(r);
    if (!json_is_object(pattern) || !is_pattern(pattern) ||
        (str_is_set(document) && names_plain_string(pattern, document)))
        return err_new(-EINVAL);
    return 0;
}
