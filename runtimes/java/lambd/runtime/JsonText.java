// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

/** The letters of a JSON text, one word after the other. */
final class JsonText {
    private final String text;
    private int at;

    JsonText(String text) {
        this.text = text;
    }

    JsonException wrong(String what) {
        return new JsonException("not JSON at character " + at + ": " + what);
    }

    /** The next character that is no blank; NUL at the end. */
    char peek() {
        while (at < text.length()) {
            char letter = text.charAt(at);
            if (letter != ' ' && letter != '\n' && letter != '\r' && letter != '\t')
                return letter;
            at++;
        }
        return '\0';
    }

    boolean skip(char wanted) {
        if (peek() != wanted || at == text.length())
            return false;
        at++;
        return true;
    }

    boolean skip(String word) {
        peek();
        if (!text.startsWith(word, at))
            return false;
        at += word.length();
        return true;
    }

    void expect(char wanted) {
        if (!skip(wanted))
            throw wrong("'" + wanted + "' is missing");
    }

    void expectEnd() {
        peek();
        if (at < text.length())
            throw wrong("text after the value");
    }

    String string() {
        expect('"');
        int end = at;
        while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\\' &&
            text.charAt(end) >= ' ')
            end++;
        if (end == text.length() || text.charAt(end) < ' ')
            throw wrong("the string does not end");
        String plain = text.substring(at, end);
        at = end;
        if (text.charAt(at) == '\\')
            return escaped(plain);
        at++;
        return plain;
    }

    private String escaped(String start) {
        StringBuilder result = new StringBuilder(start);
        while (at < text.length() && text.charAt(at) >= ' ') {
            char letter = text.charAt(at++);
            if (letter == '"')
                return result.toString();
            result.append(letter == '\\' ? escape() : letter);
        }
        throw wrong("the string does not end");
    }

    private char escape() {
        char letter = at < text.length() ? text.charAt(at++) : '\0';
        int meaning = "\"\\/bfnrt".indexOf(letter);
        if (meaning >= 0)
            return "\"\\/\b\f\n\r\t".charAt(meaning);
        if (letter != 'u' || at + 4 > text.length())
            throw wrong("an unknown escape");
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(text.charAt(at++), 16);
            if (digit < 0)
                throw wrong("an unknown escape");
            code = code << 4 | digit;
        }
        return (char) code;
    }

    /** The letters of a number. */
    String number() {
        peek();
        int start = at;
        skipAny("-");
        digits();
        if (skipAny("."))
            digits();
        if (skipAny("eE")) {
            skipAny("+-");
            digits();
        }
        return text.substring(start, at);
    }

    private boolean skipAny(String letters) {
        if (at == text.length() || letters.indexOf(text.charAt(at)) < 0)
            return false;
        at++;
        return true;
    }

    private void digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9')
            at++;
        if (at == start)
            throw wrong("no value");
    }
}
