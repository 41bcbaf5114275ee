/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer_head.h"

#include <string.h>
#include <time.h>

#include "base/must.h"
#include "http/parser.h"

static const struct reason_phrase {
    unsigned status;
    struct str line;
} reason_phrases[] = {
    {200, STR_INIT("HTTP/1.1 200 OK\r\n")},
    {201, STR_INIT("HTTP/1.1 201 Created\r\n")},
    {202, STR_INIT("HTTP/1.1 202 Accepted\r\n")},
    {204, STR_INIT("HTTP/1.1 204 No Content\r\n")},
    {400, STR_INIT("HTTP/1.1 400 Bad Request\r\n")},
    {403, STR_INIT("HTTP/1.1 403 Forbidden\r\n")},
    {404, STR_INIT("HTTP/1.1 404 Not Found\r\n")},
    {405, STR_INIT("HTTP/1.1 405 Method Not Allowed\r\n")},
    {408, STR_INIT("HTTP/1.1 408 Request Timeout\r\n")},
    {409, STR_INIT("HTTP/1.1 409 Conflict\r\n")},
    {410, STR_INIT("HTTP/1.1 410 Gone\r\n")},
    {412, STR_INIT("HTTP/1.1 412 Precondition Failed\r\n")},
    {413, STR_INIT("HTTP/1.1 413 Content Too Large\r\n")},
    {414, STR_INIT("HTTP/1.1 414 URI Too Long\r\n")},
    {415, STR_INIT("HTTP/1.1 415 Unsupported Media Type\r\n")},
    {417, STR_INIT("HTTP/1.1 417 Expectation Failed\r\n")},
    {429, STR_INIT("HTTP/1.1 429 Too Many Requests\r\n")},
    {431, STR_INIT("HTTP/1.1 431 Request Header Fields Too Large\r\n")},
    {500, STR_INIT("HTTP/1.1 500 Internal Server Error\r\n")},
    {501, STR_INIT("HTTP/1.1 501 Not Implemented\r\n")},
    {502, STR_INIT("HTTP/1.1 502 Bad Gateway\r\n")},
    {503, STR_INIT("HTTP/1.1 503 Service Unavailable\r\n")},
    {504, STR_INIT("HTTP/1.1 504 Gateway Timeout\r\n")},
    {505, STR_INIT("HTTP/1.1 505 HTTP Version Not Supported\r\n")},
};

enum {
    STATUS_LINE_BYTES_MAX = 64,
    FRAMING_BYTES_MAX =
        160, /* Content-Length or Transfer-Encoding, Connection, Date, the empty line */
    FIELD_EXTRA_BYTES = 4, /* ": " and CRLF */
};

bool http_is_framing_field(struct str name)
{
    switch (name.len) {
    case 4:
        return str_eq_nocase(name, STR("date"));
    case 10:
        return str_eq_nocase(name, STR("connection"));
    case 14:
        return str_eq_nocase(name, STR("content-length"));
    case 17:
        return str_eq_nocase(name, STR("transfer-encoding"));
    default:
        return false;
    }
}

size_t http_answer_head_size(const struct http_answer_head *head)
{
    size_t size = STATUS_LINE_BYTES_MAX + FRAMING_BYTES_MAX;

    for (size_t i = 0; i < head->header_count; i++)
        size += head->headers[i].name.len + head->headers[i].value.len + FIELD_EXTRA_BYTES;
    return size;
}

static char *put(char *out, struct str s)
{
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    return out + s.len;
}

static char *put_number(char *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(out, str_make(digits + at, sizeof(digits) - at));
}

static char *put_status(char *out, unsigned status)
{
    must(status >= 100);
    must(status <= 999);
    for (size_t i = 0; i < sizeof(reason_phrases) / sizeof(reason_phrases[0]); i++)
        if (reason_phrases[i].status == status)
            return put(out, reason_phrases[i].line);
    /* The reason phrase may be empty, the blank before it not. */
    out = put_number(put(out, STR("HTTP/1.1 ")), status);
    return put(out, STR(" \r\n"));
}

static char *put_value(char *out, struct str value)
{
    char *end = put(out, value);

    if (http_is_field_value(value))
        return end;
    for (char *at = out; at < end; at++)
        if (!http_is_field_value(str_make(at, 1)))
            *at = ' ';
    return end;
}

static char *put_field(char *out, const struct http_header *field)
{
    if (!http_is_token(field->name) || http_is_framing_field(field->name))
        return out;
    out = put(put(out, field->name), STR(": "));
    return put(put_value(out, field->value), STR("\r\n"));
}

static char *put_framing(char *out, const struct http_answer_head *head)
{
    if (head->has_length) {
        out = put_number(put(out, STR("Content-Length: ")), head->content_length);
        out = put(out, STR("\r\n"));
    }
    if (head->chunked)
        out = put(out, STR("Transfer-Encoding: chunked\r\n"));
    if (head->connection == HTTP_CONNECTION_CLOSE)
        out = put(out, STR("Connection: close\r\n"));
    else if (head->connection == HTTP_CONNECTION_KEEP)
        out = put(out, STR("Connection: keep-alive\r\n"));
    out = put(out, STR("Date: "));
    out = put(out, str_make(head->date, HTTP_DATE_BYTES));
    return put(out, STR("\r\n\r\n"));
}

size_t http_answer_head_write(const struct http_answer_head *head, char *out)
{
    char *end = put_status(out, head->status);

    for (size_t i = 0; i < head->header_count; i++)
        end = put_field(end, &head->headers[i]);
    end = put_framing(end, head);
    return (size_t)(end - out);
}

static void put_two_digits(char *out, int value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
}

void http_date_format(char out[HTTP_DATE_BYTES], int64_t epoch_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t time = (time_t)epoch_s;
    struct tm tm = {0};

    (void)gmtime_r(&time, &tm); /* it fails only for years beyond an int */
    memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_BYTES);
    memcpy(out, days + tm.tm_wday * 3, 3);
    put_two_digits(out + 5, tm.tm_mday);
    memcpy(out + 8, months + tm.tm_mon * 3, 3);
    put_two_digits(out + 12, (tm.tm_year + 1900) / 100);
    put_two_digits(out + 14, tm.tm_year % 100);
    put_two_digits(out + 17, tm.tm_hour);
    put_two_digits(out + 20, tm.tm_min);
    put_two_digits(out + 23, tm.tm_sec);
}
