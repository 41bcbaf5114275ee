/* SPDX-License-Identifier: Apache-2.0 */
#include "http/parser.h"

#include <string.h>

/*
 * The unit of work is a line: memchr() finds its LF, then the line is checked and cut in one pass
 * each over name and value. An incomplete line is searched only in its new part, so that a client
 * who sends byte by byte cannot make the work grow with the square of the length.
 */

enum { METHOD_BYTES_MAX = 32 };

/* Fields that may occur once. */
enum {
    SEEN_HOST = 1,
    SEEN_CONTENT_LENGTH = 2,
    SEEN_TRANSFER_ENCODING = 4,
    SEEN_CONNECTION_CLOSE = 8,
    SEEN_CONNECTION_KEEP_ALIVE = 16
};

/* Character classes */
enum { C_TOKEN = 1, C_TARGET = 2, C_HOST = 4 };

#define C_ALNUM (C_TOKEN | C_TARGET | C_HOST)

/* RFC 9110 5.6.2 token; request target without blanks, controls, '#' and bytes above ASCII; host
 * without ','. */
static const unsigned char char_class[256] = {
    ['0' ... '9'] = C_ALNUM,
    ['A' ... 'Z'] = C_ALNUM,
    ['a' ... 'z'] = C_ALNUM,
    ['!'] = C_ALNUM,
    ['"'] = C_TARGET,
    ['#'] = C_TOKEN,
    ['$'] = C_ALNUM,
    ['%'] = C_ALNUM,
    ['&'] = C_ALNUM,
    ['\''] = C_ALNUM,
    ['('] = C_TARGET | C_HOST,
    [')'] = C_TARGET | C_HOST,
    ['*'] = C_ALNUM,
    ['+'] = C_ALNUM,
    [','] = C_TARGET,
    ['-'] = C_ALNUM,
    ['.'] = C_ALNUM,
    ['/'] = C_TARGET,
    [':'] = C_TARGET | C_HOST,
    [';'] = C_TARGET | C_HOST,
    ['<'] = C_TARGET,
    ['='] = C_TARGET | C_HOST,
    ['>'] = C_TARGET,
    ['?'] = C_TARGET,
    ['@'] = C_TARGET,
    ['['] = C_TARGET | C_HOST,
    ['\\'] = C_TARGET,
    [']'] = C_TARGET | C_HOST,
    ['^'] = C_TOKEN | C_TARGET,
    ['_'] = C_ALNUM,
    ['`'] = C_TOKEN | C_TARGET,
    ['{'] = C_TARGET,
    ['|'] = C_TOKEN | C_TARGET,
    ['}'] = C_TARGET,
    ['~'] = C_ALNUM,
};

static size_t span(struct str s, unsigned class)
{
    size_t i = 0;

    while (i < s.len && (char_class[(unsigned char)s.ptr[i]] & class))
        i++;
    return i;
}

static bool is_all(struct str s, unsigned class)
{
    return span(s, class) == s.len;
}

bool http_is_token_char(char c)
{
    return char_class[(unsigned char)c] & C_TOKEN;
}

bool http_is_token(struct str s)
{
    return s.len > 0 && is_all(s, C_TOKEN);
}

static bool is_value_char(char c)
{
    unsigned char u = (unsigned char)c;

    return (u >= 0x20 && u != 0x7f) || u == '\t';
}

/* Whether a word of eight bytes may hold a control byte: one below 0x20, or 0x7f. */
static bool word_has_control(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = ones << 7;
    uint64_t below_blank = (word - ones * 0x20) & ~word;
    uint64_t no_del = word ^ (ones * 0x7f);
    uint64_t is_del = (no_del - ones) & ~no_del;

    return ((below_blank | is_del) & high) != 0;
}

/* Values are the bulk of a head (Authorization, tokens), so they are checked eight bytes at a time.
 */
bool http_is_field_value(struct str s)
{
    size_t i = 0;
    uint64_t word;

    for (; s.len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, s.ptr + i, sizeof(word));
        if (!word_has_control(word))
            continue;
        for (size_t k = i; k < i + sizeof(word); k++)
            if (!is_value_char(s.ptr[k]))
                return false;
    }
    for (; i < s.len; i++)
        if (!is_value_char(s.ptr[i]))
            return false;
    return true;
}

void http_head_init(struct http_head *head, size_t bytes_max)
{
    /* Not the array of headers: only header_count of them are valid. */
    memset(head, 0, offsetof(struct http_head, headers));
    head->bytes_max = bytes_max;
}

static void cut_query(struct http_head *head, struct str origin)
{
    size_t question = str_find(origin, '?');

    head->path = str_sub(origin, 0, question);
    if (question < origin.len)
        head->query = str_sub(origin, question + 1, origin.len);
}

static size_t scheme_length(struct str target)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (str_eq_nocase(str_sub(target, 0, schemes[i].len), schemes[i]))
            return schemes[i].len;
    return 0;
}

/* "http://host:port/path?query". User information ('@') is not a host character. */
static int parse_absolute_target(struct http_head *head, size_t scheme_len)
{
    struct str rest = str_sub(head->target, scheme_len, head->target.len);
    size_t authority_len = 0;

    while (authority_len < rest.len && rest.ptr[authority_len] != '/' &&
           rest.ptr[authority_len] != '?')
        authority_len++;
    head->authority = str_sub(rest, 0, authority_len);
    if (authority_len == 0 || !is_all(head->authority, C_HOST))
        return 400;
    cut_query(head, str_sub(rest, authority_len, rest.len));
    if (head->path.len == 0)
        head->path = STR("/");
    return HTTP_HEAD_MORE;
}

static int parse_target(struct http_head *head)
{
    size_t scheme_len;

    if (head->target.len == 0 || !is_all(head->target, C_TARGET))
        return 400;
    if (head->target.ptr[0] == '/') {
        cut_query(head, head->target);
        return HTTP_HEAD_MORE;
    }
    if (str_eq(head->target, STR("*")) && str_eq(head->method, STR("OPTIONS"))) {
        head->path = head->target;
        return HTTP_HEAD_MORE;
    }
    scheme_len = scheme_length(head->target);
    if (scheme_len > 0)
        return parse_absolute_target(head, scheme_len);
    return str_eq(head->method, STR("CONNECT")) ? 501 : 400;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int parse_version(struct http_head *head, struct str version)
{
    if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || !is_digit(version.ptr[5]) ||
        version.ptr[6] != '.' || !is_digit(version.ptr[7]))
        return 400;
    if (version.ptr[5] != '1' || version.ptr[7] > '1')
        return 505;
    head->http_1_0 = version.ptr[7] == '0';
    return HTTP_HEAD_MORE;
}

/* method SP request-target SP HTTP-version, with exactly one blank each. */
static int parse_request_line(struct http_head *head, struct str line)
{
    size_t method_len = span(line, C_TOKEN);
    struct str rest = str_sub(line, method_len, line.len);
    size_t target_len;
    int r;

    if (method_len == 0 || rest.len == 0 || rest.ptr[0] != ' ')
        return 400;
    if (method_len > METHOD_BYTES_MAX)
        return 501;
    head->method = str_sub(line, 0, method_len);
    rest = str_sub(rest, 1, rest.len);
    target_len = str_find(rest, ' ');
    if (target_len == rest.len)
        return 400;
    head->target = str_sub(rest, 0, target_len);
    r = parse_version(head, str_sub(rest, target_len + 1, rest.len));
    if (r != HTTP_HEAD_MORE)
        return r;
    return parse_target(head);
}

/* True when the field was there before. */
static bool see_again(struct http_head *head, unsigned bit)
{
    bool again = head->seen & bit;

    head->seen |= bit;
    return again;
}

static int take_host(struct http_head *head, struct str value)
{
    if (see_again(head, SEEN_HOST) || !is_all(value, C_HOST))
        return 400;
    head->host = value;
    return HTTP_HEAD_MORE;
}

/* Digits only; a list, a sign or more than 63 bits is refused, and so is a repetition of the same
 * number. */
static int take_content_length(struct http_head *head, struct str value)
{
    if (see_again(head, SEEN_CONTENT_LENGTH) || !str_to_u64(value, &head->content_length))
        return 400;
    return head->content_length > INT64_MAX ? 400 : HTTP_HEAD_MORE;
}

/* 501 for a well-formed list of codings that we do not have, 400 for everything ambiguous. */
static int refuse_codings(struct str value)
{
    struct str coding;

    while (str_next(&value, ',', &coding)) {
        coding = str_trim(coding);
        if (!http_is_token(coding))
            return 400;
        if (str_eq_nocase(coding, STR("chunked")) && str_is_set(value))
            return 400; /* not the last one */
    }
    return 501;
}

static int take_transfer_encoding(struct http_head *head, struct str value)
{
    if (see_again(head, SEEN_TRANSFER_ENCODING))
        return 400;
    if (!str_eq_nocase(value, STR("chunked")))
        return refuse_codings(value);
    head->chunked = true;
    return HTTP_HEAD_MORE;
}

static int take_connection(struct http_head *head, struct str value)
{
    struct str option;

    while (str_next(&value, ',', &option)) {
        option = str_trim(option);
        if (str_eq_nocase(option, STR("close")))
            head->seen |= SEEN_CONNECTION_CLOSE;
        else if (str_eq_nocase(option, STR("keep-alive")))
            head->seen |= SEEN_CONNECTION_KEEP_ALIVE;
    }
    return HTTP_HEAD_MORE;
}

static int take_expect(struct http_head *head, struct str value)
{
    if (!str_eq_nocase(value, STR("100-continue")))
        return 417;
    head->expect_continue = true;
    return HTTP_HEAD_MORE;
}

/* The fields that say where the request ends and what happens to the connection. */
static int take_field(struct http_head *head, const struct http_header *field)
{
    static const struct known {
        struct str name;
        int (*take)(struct http_head *head, struct str value);
    } known[] = {
        {STR_INIT("host"), take_host},
        {STR_INIT("expect"), take_expect},
        {STR_INIT("connection"), take_connection},
        {STR_INIT("content-length"), take_content_length},
        {STR_INIT("transfer-encoding"), take_transfer_encoding},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (field->name.len == known[i].name.len && str_eq_nocase(field->name, known[i].name))
            return known[i].take(head, field->value);
    return HTTP_HEAD_MORE;
}

/* field-name ":" OWS field-value OWS. A leading blank (a folded line) is not a token character. */
static int parse_field(struct http_head *head, struct str line)
{
    size_t name_len = span(line, C_TOKEN);
    struct http_header *field;

    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':')
        return 400;
    if (head->header_count == LIMIT_HTTP_HEADERS)
        return 431;
    field = &head->headers[head->header_count];
    field->name = str_sub(line, 0, name_len);
    field->value = str_trim(str_sub(line, name_len + 1, line.len));
    if (!http_is_field_value(field->value))
        return 400;
    head->header_count++;
    return take_field(head, field);
}

/* The rules that concern several fields at once. */
static int finish(struct http_head *head)
{
    bool has_host = head->seen & SEEN_HOST;

    if (!has_host && !head->http_1_0)
        return 400;
    if (head->chunked && (head->http_1_0 || (head->seen & SEEN_CONTENT_LENGTH)))
        return 400;
    if (str_is_set(head->authority)) {
        if (has_host && !str_eq_nocase(head->host, head->authority))
            return 400;
        head->host = head->authority;
    }
    if (head->http_1_0)
        head->expect_continue = false;
    head->keep_alive = !(head->seen & SEEN_CONNECTION_CLOSE) &&
                       (!head->http_1_0 || (head->seen & SEEN_CONNECTION_KEEP_ALIVE));
    return HTTP_HEAD_DONE;
}

static int parse_line(struct http_head *head, struct str line)
{
    if (line.len == 0 || line.ptr[line.len - 1] != '\r')
        return 400; /* bare LF */
    line.len--;
    if (!str_is_set(head->method)) {
        /* RFC 9112 2.2: one empty line before the request line is forgiven. */
        if (line.len == 0)
            return head->line_at == 0 ? HTTP_HEAD_MORE : 400;
        if (line.len > LIMIT_HTTP_REQUEST_LINE_BYTES)
            return 414;
        return parse_request_line(head, line);
    }
    return line.len == 0 ? finish(head) : parse_field(head, line);
}

/* What can be refused although the line has not ended. */
static int check_partial_line(const struct http_head *head, const char *bytes, size_t len)
{
    bool request_line = !str_is_set(head->method);

    if (request_line && len - head->line_at > LIMIT_HTTP_REQUEST_LINE_BYTES)
        return 414;
    if (len >= head->bytes_max)
        return request_line ? 414 : 431;
    /* Not HTTP at all (TLS, say): do not wait for a line end that may never come. */
    if (request_line && len > head->line_at && bytes[head->line_at] != '\r' &&
        !http_is_token_char(bytes[head->line_at]))
        return 400;
    return HTTP_HEAD_MORE;
}

int http_head_parse(struct http_head *head, const char *bytes, size_t len)
{
    const char *line_end;
    size_t line_len;
    int r;

    while (head->scanned < len &&
           (line_end = memchr(bytes + head->scanned, '\n', len - head->scanned))) {
        line_len = (size_t)(line_end - bytes) - head->line_at;
        if (head->line_at + line_len >= head->bytes_max)
            return str_is_set(head->method) ? 431 : 414;
        r = parse_line(head, str_make(bytes + head->line_at, line_len));
        head->line_at += line_len + 1;
        head->scanned = head->line_at;
        if (r == HTTP_HEAD_DONE)
            head->bytes = head->line_at;
        if (r != HTTP_HEAD_MORE)
            return r;
    }
    head->scanned = len;
    return check_partial_line(head, bytes, len);
}

static void rebase(struct str *s, const char *from, const char *to)
{
    if (str_is_set(*s))
        s->ptr = to + (s->ptr - from);
}

void http_head_rebase(struct http_head *head, const char *from, const char *to)
{
    bool path_is_view = str_is_set(head->path) && head->path.ptr >= head->target.ptr &&
                        head->path.ptr < head->target.ptr + head->target.len;

    if (path_is_view)
        rebase(&head->path, from, to);
    rebase(&head->method, from, to);
    rebase(&head->target, from, to);
    rebase(&head->query, from, to);
    rebase(&head->host, from, to);
    rebase(&head->authority, from, to);
    for (size_t i = 0; i < head->header_count; i++) {
        rebase(&head->headers[i].name, from, to);
        rebase(&head->headers[i].value, from, to);
    }
}
