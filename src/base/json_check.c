/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A JSON validator as a push-down automaton: one handler per state takes as many bytes as it can
 * and returns how far it came. Only strings are long, so only they have a fast path (eight bytes at
 * a time).
 *
 *   VALUE ──▶ STRING / NUMBER / WORD ──▶ NEXT ──','──▶ VALUE (array) or KEY (object)
 *     │ '[' ▶ FIRST_VALUE                 │ ']' '}' ▶ NEXT of the container
 *     │ '{' ▶ FIRST_KEY ──▶ STRING ──▶ COLON ──▶ VALUE
 */

#include "base/json_check.h"

#include <string.h>

enum state {
    STATE_VALUE,
    STATE_FIRST_VALUE, /* after '[': ']' may follow */
    STATE_FIRST_KEY,   /* after '{': '}' may follow */
    STATE_KEY,
    STATE_COLON,
    STATE_NEXT,
    STATE_STRING,
    STATE_ESCAPE,
    STATE_HEX,
    STATE_CONTINUATION,
    STATE_NUMBER,
    STATE_WORD,
};

/* What the service names in its texts. */
static const char expected_value[] = "expected a valid value (JSON String, Number, Array, Object "
                                     "or token 'null', 'true' or 'false')";
static const char expected_word[] =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
static const char expected_key[] = "was expecting double-quote to start field name";
static const char expected_colon[] = "was expecting a colon to separate field name and value";
static const char expected_object_next[] = "was expecting comma to separate Object entries";
static const char expected_array_next[] = "was expecting comma to separate Array entries";
static const char expected_root_next[] = "Expected space separating root-level values";
static const char expected_hex[] = "expected a hex-digit for character escape sequence";

void json_check_init(struct json_check *check)
{
    memset(check, 0, offsetof(struct json_check, word));
    check->line_now = 1;
    check->state = STATE_VALUE;
}

static uint32_t column_at(const struct json_check *check, const uint8_t *p)
{
    uint64_t offset = check->offset + (uint64_t)(p - check->chunk);

    return (uint32_t)(offset - check->line_start + 1) & INT32_MAX;
}

static const uint8_t *fail(struct json_check *check, enum json_check_error error, const uint8_t *p,
                           const char *expected)
{
    check->error = error;
    check->line = check->line_now;
    check->column = column_at(check, p);
    check->expected = expected;
    return p;
}

/* The byte at p is the culprit. */
static const uint8_t *fail_at(struct json_check *check, enum json_check_error error,
                              const uint8_t *p, const char *expected)
{
    check->byte = *p;
    return fail(check, error, p, expected);
}

/* Line ends are \n, \r or \r\n, and occur only here in a valid text. */
static const uint8_t *skip_blanks(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        bool is_pair = *p == '\n' && check->after_cr;

        check->after_cr = *p == '\r';
        if (*p == '\n' || *p == '\r') {
            check->line_start = check->offset + (uint64_t)(p - check->chunk) + 1;
            check->line_now += !is_pair;
        } else if (*p != ' ' && *p != '\t') {
            break;
        }
    }
    return p;
}

static const uint8_t *open_container(struct json_check *check, const uint8_t *p, bool is_array)
{
    if (check->depth == JSON_CHECK_DEPTH_MAX)
        return fail(check, JSON_CHECK_DEPTH, p, NULL);
    check->open[check->depth++] = (struct json_check_open){
        .line = check->line_now,
        .column = column_at(check, p) & INT32_MAX,
        .is_array = is_array,
    };
    check->state = is_array ? STATE_FIRST_VALUE : STATE_FIRST_KEY;
    return p + 1;
}

static const uint8_t *close_container(struct json_check *check, const uint8_t *p)
{
    if (check->open[check->depth - 1].is_array != (*p == ']'))
        return fail_at(check, JSON_CHECK_CLOSE, p, NULL);
    check->depth--;
    check->state = STATE_NEXT;
    return p + 1;
}

static const uint8_t *string_begin(struct json_check *check, const uint8_t *p, bool in_key)
{
    check->in_key = in_key;
    check->state = STATE_STRING;
    return p + 1;
}

static bool is_word_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

enum number {
    NUMBER_START,
    NUMBER_MINUS,
    NUMBER_ZERO,
    NUMBER_INTEGER,
    NUMBER_POINT,
    NUMBER_FRACTION,
    NUMBER_EXPONENT,
    NUMBER_SIGN,
    NUMBER_POWER,
};

static const uint8_t *take_value(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    bool is_first = check->state == STATE_FIRST_VALUE;

    p = skip_blanks(check, p, end);
    if (p == end)
        return p;
    if (*p == '"')
        return string_begin(check, p, false);
    if (*p == '{' || *p == '[')
        return open_container(check, p, *p == '[');
    if (*p == ']' && is_first)
        return close_container(check, p);
    if (*p == '-' || is_digit(*p)) {
        check->state = STATE_NUMBER;
        check->number = NUMBER_START;
        return p;
    }
    if (is_word_start(*p)) {
        check->state = STATE_WORD;
        check->word_len = 0;
        return p;
    }
    return fail_at(check, JSON_CHECK_CHARACTER, p, expected_value);
}

static const uint8_t *take_key(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    bool is_first = check->state == STATE_FIRST_KEY;

    p = skip_blanks(check, p, end);
    if (p == end)
        return p;
    if (*p == '"')
        return string_begin(check, p, true);
    if (*p == '}' && is_first)
        return close_container(check, p);
    return fail_at(check, JSON_CHECK_CHARACTER, p, expected_key);
}

static const uint8_t *take_colon(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    p = skip_blanks(check, p, end);
    if (p == end)
        return p;
    if (*p != ':')
        return fail_at(check, JSON_CHECK_CHARACTER, p, expected_colon);
    check->state = STATE_VALUE;
    return p + 1;
}

static const uint8_t *take_next(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    bool is_array;

    p = skip_blanks(check, p, end);
    if (p == end)
        return p;
    if (check->depth == 0)
        return fail_at(check, JSON_CHECK_CHARACTER, p, expected_root_next);
    is_array = check->open[check->depth - 1].is_array;
    if (*p == ']' || *p == '}')
        return close_container(check, p);
    if (*p != ',')
        return fail_at(check, JSON_CHECK_CHARACTER, p,
                       is_array ? expected_array_next : expected_object_next);
    check->state = is_array ? STATE_VALUE : STATE_KEY;
    return p + 1;
}

/*
 * Eight characters that need no look at all: none is a quote, a backslash, a control character or
 * beyond ASCII. Each term has the top bit of the lowest such byte set (the well-known "has a byte
 * less than n" test).
 */
static bool is_plain8(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t w, quote, backslash, found;

    memcpy(&w, p, sizeof(w));
    quote = w ^ ones * '"';
    backslash = w ^ ones * '\\';
    found = w | ((w - ones * 0x20) & ~w);
    found |= ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
    return (found & ones << 7) == 0;
}

/* The first byte of a character beyond ASCII: how many follow, and what the second one may be. */
static const uint8_t *take_lead(struct json_check *check, const uint8_t *p)
{
    uint8_t lead = *p;

    if (lead < 0xC2 || lead > 0xF4)
        return fail_at(check, JSON_CHECK_UTF8_START, p, NULL);
    check->left = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    check->low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    check->high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    check->state = STATE_CONTINUATION;
    return p + 1;
}

static const uint8_t *take_continuation(struct json_check *check, const uint8_t *p,
                                        const uint8_t *end)
{
    (void)end; /* one byte at a time: called only when there is one */
    if (*p < check->low || *p > check->high)
        return fail_at(check, JSON_CHECK_UTF8_MIDDLE, p, NULL);
    check->low = 0x80;
    check->high = 0xBF;
    if (--check->left == 0)
        check->state = STATE_STRING;
    return p + 1;
}

static const uint8_t *take_string(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        while (end - p >= 8 && is_plain8(p))
            p += 8;
        if (p == end)
            return p;
        if (*p == '"') {
            check->state = check->in_key ? STATE_COLON : STATE_NEXT;
            return p + 1;
        }
        if (*p == '\\') {
            check->state = STATE_ESCAPE;
            return p + 1;
        }
        if (*p >= 0x80)
            return take_lead(check, p);
        if (*p < 0x20)
            return fail_at(check, JSON_CHECK_CONTROL, p, check->in_key ? "name" : "string value");
        p++;
    }
}

static const uint8_t *take_escape(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    (void)end; /* one byte at a time */
    if (*p == 'u') {
        check->state = STATE_HEX;
        check->left = 4;
        return p + 1;
    }
    if (*p == 0 || strchr("\"\\/bfnrt", *p) == NULL)
        return fail_at(check, JSON_CHECK_ESCAPE, p, NULL);
    check->state = STATE_STRING;
    return p + 1;
}

static const uint8_t *take_hex(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    (void)end; /* one byte at a time */
    if (!is_digit(*p) && !(*p >= 'a' && *p <= 'f') && !(*p >= 'A' && *p <= 'F'))
        return fail_at(check, JSON_CHECK_CHARACTER, p, expected_hex);
    if (--check->left == 0)
        check->state = STATE_STRING;
    return p + 1;
}

enum { CLASS_ZERO, CLASS_DIGIT, CLASS_POINT, CLASS_EXPONENT, CLASS_PLUS, CLASS_MINUS, CLASS_OTHER };

static unsigned number_class(uint8_t c)
{
    if (is_digit(c))
        return c == '0' ? CLASS_ZERO : CLASS_DIGIT;
    switch (c) {
    case '.':
        return CLASS_POINT;
    case 'e':
    case 'E':
        return CLASS_EXPONENT;
    case '+':
        return CLASS_PLUS;
    case '-':
        return CLASS_MINUS;
    default:
        return CLASS_OTHER;
    }
}

/* 0: the number ends here, or is wrong here. */
static const uint8_t number_next[][CLASS_OTHER + 1] = {
    [NUMBER_START] =
        {[CLASS_ZERO] = NUMBER_ZERO, [CLASS_DIGIT] = NUMBER_INTEGER, [CLASS_MINUS] = NUMBER_MINUS},
    [NUMBER_MINUS] = {[CLASS_ZERO] = NUMBER_ZERO, [CLASS_DIGIT] = NUMBER_INTEGER},
    [NUMBER_ZERO] = {[CLASS_POINT] = NUMBER_POINT, [CLASS_EXPONENT] = NUMBER_EXPONENT},
    [NUMBER_INTEGER] = {[CLASS_ZERO] = NUMBER_INTEGER,
                        [CLASS_DIGIT] = NUMBER_INTEGER,
                        [CLASS_POINT] = NUMBER_POINT,
                        [CLASS_EXPONENT] = NUMBER_EXPONENT},
    [NUMBER_POINT] = {[CLASS_ZERO] = NUMBER_FRACTION, [CLASS_DIGIT] = NUMBER_FRACTION},
    [NUMBER_FRACTION] = {[CLASS_ZERO] = NUMBER_FRACTION,
                         [CLASS_DIGIT] = NUMBER_FRACTION,
                         [CLASS_EXPONENT] = NUMBER_EXPONENT},
    [NUMBER_EXPONENT] = {[CLASS_ZERO] = NUMBER_POWER,
                         [CLASS_DIGIT] = NUMBER_POWER,
                         [CLASS_PLUS] = NUMBER_SIGN,
                         [CLASS_MINUS] = NUMBER_SIGN},
    [NUMBER_SIGN] = {[CLASS_ZERO] = NUMBER_POWER, [CLASS_DIGIT] = NUMBER_POWER},
    [NUMBER_POWER] = {[CLASS_ZERO] = NUMBER_POWER, [CLASS_DIGIT] = NUMBER_POWER},
};

/* What is missing when a number ends in this state; NULL: it is complete. */
static const char *number_missing(uint8_t number)
{
    switch (number) {
    case NUMBER_ZERO:
    case NUMBER_INTEGER:
    case NUMBER_FRACTION:
    case NUMBER_POWER:
        return NULL;
    case NUMBER_MINUS:
        return "expected digit (0-9) to follow minus sign, for valid numeric value";
    case NUMBER_POINT:
        return "Decimal point not followed by a digit";
    default:
        return "Exponent indicator not followed by a digit";
    }
}

static const uint8_t *take_number(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        uint8_t next = number_next[check->number][number_class(*p)];

        if (next == 0) {
            const char *missing = number_missing(check->number);

            if (missing != NULL)
                return fail_at(check, JSON_CHECK_DIGIT, p, missing);
            if (check->number == NUMBER_ZERO && is_digit(*p))
                return fail_at(check, JSON_CHECK_NUMBER, p, NULL);
            check->state = STATE_NEXT;
            return p;
        }
        check->number = next;
    }
    return p;
}

static const uint8_t *word_end(struct json_check *check, const uint8_t *p)
{
    static const char *const literals[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        if (strlen(literals[i]) == check->word_len &&
            memcmp(literals[i], check->word, check->word_len) == 0) {
            check->state = STATE_NEXT;
            return p;
        }
    }
    return fail(check, JSON_CHECK_WORD, p, expected_word);
}

static const uint8_t *take_word(struct json_check *check, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        if (check->word_len == JSON_CHECK_WORD_MAX || !(is_word_start(*p) || is_digit(*p)))
            return word_end(check, p);
        check->word[check->word_len++] = (char)*p;
    }
    return p;
}

typedef const uint8_t *(*take_function)(struct json_check *, const uint8_t *, const uint8_t *);

static const take_function takes[] = {
    [STATE_VALUE] = take_value,   [STATE_FIRST_VALUE] = take_value,
    [STATE_FIRST_KEY] = take_key, [STATE_KEY] = take_key,
    [STATE_COLON] = take_colon,   [STATE_NEXT] = take_next,
    [STATE_STRING] = take_string, [STATE_ESCAPE] = take_escape,
    [STATE_HEX] = take_hex,       [STATE_CONTINUATION] = take_continuation,
    [STATE_NUMBER] = take_number, [STATE_WORD] = take_word,
};

bool json_check_feed(struct json_check *check, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    const uint8_t *end = p + len;

    check->chunk = p;
    while (p < end && check->error == JSON_CHECK_OK)
        p = takes[check->state](check, p, end);
    check->offset += len;
    return check->error == JSON_CHECK_OK;
}

/* What the service says when the text ends in this state. */
static const char *end_text(const struct json_check *check)
{
    switch (check->state) {
    case STATE_STRING:
    case STATE_CONTINUATION:
        return check->in_key ? " in field name"
                             : ": was expecting closing quote for a string value";
    case STATE_ESCAPE:
    case STATE_HEX:
        return " in character escape sequence";
    case STATE_COLON:
    case STATE_KEY:
        return " within/between Object entries";
    case STATE_VALUE:
        if (check->depth == 0)
            return "";
        return check->open[check->depth - 1].is_array ? " within/between Array entries"
                                                      : " within/between Object entries";
    default:
        return NULL; /* a container is open: its beginning is told */
    }
}

bool json_check_end(struct json_check *check)
{
    static const uint8_t nothing[1];

    if (check->error != JSON_CHECK_OK)
        return false;
    check->chunk = nothing;
    if (check->state == STATE_WORD)
        (void)word_end(check, nothing);
    else if (check->state == STATE_NUMBER && number_missing(check->number) == NULL)
        check->state = STATE_NEXT;
    else if (check->state == STATE_NUMBER)
        (void)fail(check, JSON_CHECK_END_NUMBER, nothing, number_missing(check->number));
    if (check->error == JSON_CHECK_OK && (check->state != STATE_NEXT || check->depth > 0))
        (void)fail(check, JSON_CHECK_END, nothing, end_text(check));
    return check->error == JSON_CHECK_OK;
}
