// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZonedDateTime;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * JSON of values, with the same rules as JsonInput: members and entries that are null are left
 * out, dates are numbers.
 */
final class JsonWriter {
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private final StringBuilder text = new StringBuilder(256);
    private int depth;

    private JsonWriter() {}

    static String text(Object value) {
        JsonWriter writer = new JsonWriter();
        writer.value(value);
        return writer.text.toString();
    }

    static Channel.Output write(Object value) {
        return Channel.Output.of(text(value));
    }

    private void value(Object value) {
        if (value == null)
            text.append("null");
        else if (value instanceof CharSequence || value instanceof Character ||
            value instanceof Enum)
            string(value instanceof Enum<?> constant ? constant.name() : value.toString());
        else if (value instanceof Boolean || value instanceof AtomicBoolean)
            text.append(value);
        else if (value instanceof Number number)
            number(number);
        else if (!moment(value) && !encoded(value))
            nested(value);
    }

    /* Words */

    private void number(Number number) {
        if (number instanceof Double || number instanceof Float) {
            double value = number.doubleValue();
            if (Double.isNaN(value) || Double.isInfinite(value))
                string(number.toString());
            else
                text.append(number);
            return;
        }
        text.append(number);
    }

    private boolean moment(Object value) {
        if (value instanceof Date date)
            text.append(date.getTime());
        else if (value instanceof Calendar calendar)
            text.append(calendar.getTimeInMillis());
        else if (!value.getClass().getName().startsWith("java.time."))
            return false;
        else if (value instanceof Instant instant)
            seconds(instant.getEpochSecond(), instant.getNano());
        else if (value instanceof OffsetDateTime time)
            seconds(time.toEpochSecond(), time.getNano());
        else if (value instanceof ZonedDateTime time)
            seconds(time.toEpochSecond(), time.getNano());
        else if (value instanceof Duration duration)
            seconds(duration.getSeconds(), duration.getNano());
        else if (value instanceof LocalDate date)
            numbers(date.getYear(), date.getMonthValue(), date.getDayOfMonth());
        else if (value instanceof YearMonth month)
            numbers(month.getYear(), month.getMonthValue());
        else if (value instanceof LocalTime time)
            time(time);
        else if (value instanceof LocalDateTime time)
            time(time.toLocalTime(), time.getYear(), time.getMonthValue(), time.getDayOfMonth());
        else
            string(value.toString());
        return true;
    }

    private void seconds(long seconds, int nanos) {
        text.append(BigDecimal.valueOf(seconds).add(BigDecimal.valueOf(nanos, 9)).toPlainString());
    }

    private void numbers(int... numbers) {
        char separator = '[';
        for (int number : numbers) {
            text.append(separator).append(number);
            separator = ',';
        }
        text.append(']');
    }

    /** Seconds and their parts only where there are any. */
    private void time(LocalTime time, int... date) {
        int[] parts = {time.getHour(), time.getMinute(), time.getSecond(), time.getNano()};
        int count = time.getNano() > 0 ? 4 : time.getSecond() > 0 ? 3 : 2;
        int[] all = java.util.Arrays.copyOf(date, date.length + count);
        System.arraycopy(parts, 0, all, date.length, count);
        numbers(all);
    }

    private boolean encoded(Object value) {
        if (value instanceof byte[] bytes)
            string(Base64.getEncoder().encodeToString(bytes));
        else if (value instanceof ByteBuffer buffer)
            string(Base64.getEncoder().encodeToString(bytesOf(buffer)));
        else if (value instanceof char[] letters)
            string(new String(letters));
        else if (isPlain(value.getClass()))
            string(value instanceof Class<?> type ? type.getName() : value.toString());
        else
            return false;
        return true;
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    /** What is its text. */
    private static boolean isPlain(Class<?> type) {
        return type == java.util.UUID.class || type == java.net.URI.class ||
            type == java.net.URL.class || type == java.util.Locale.class ||
            type == java.util.Currency.class || type == Class.class ||
            type == java.util.regex.Pattern.class || java.io.File.class.isAssignableFrom(type) ||
            java.nio.charset.Charset.class.isAssignableFrom(type) ||
            type.getName().equals("org.joda.time.DateTime");
    }

    private void string(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char letter = value.charAt(i);
            if (letter == '"' || letter == '\\')
                text.append('\\').append(letter);
            else if (letter < ' ')
                control(letter);
            else if (Character.isSurrogate(letter) && !isPaired(value, i))
                unicode(letter);
            else
                text.append(letter);
        }
        text.append('"');
    }

    private void control(char letter) {
        int known = "\b\t\n\f\r".indexOf(letter);
        if (known >= 0)
            text.append('\\').append("btnfr".charAt(known));
        else
            unicode(letter);
    }

    /** Half a pair has no UTF-8. */
    private static boolean isPaired(String value, int at) {
        return Character.isHighSurrogate(value.charAt(at))
            ? at + 1 < value.length() && Character.isLowSurrogate(value.charAt(at + 1))
            : at > 0 && Character.isHighSurrogate(value.charAt(at - 1));
    }

    private void unicode(char letter) {
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4)
            text.append(HEX[letter >> shift & 15]);
    }

    /* Values of values */

    private void nested(Object value) {
        if (++depth > JsonInput.DEPTH_MAX)
            throw new JsonException(
                "more than " + JsonInput.DEPTH_MAX + " levels: an object in itself?");
        if (value instanceof Map<?, ?> map)
            map(map);
        else if (value instanceof Iterable<?> items)
            items(items.iterator());
        else if (value instanceof Iterator<?> items)
            items(items);
        else if (value.getClass().isArray())
            array(value);
        else if (value instanceof Optional<?> optional)
            value(optional.orElse(null));
        else
            bean(value);
        depth--;
    }

    private void map(Map<?, ?> map) {
        char separator = '{';
        for (Map.Entry<?, ?> entry : map.entrySet())
            if (entry.getValue() != null)
                separator = member(separator, keyOf(entry.getKey()), entry.getValue());
        text.append(separator == '{' ? "{}" : "}");
    }

    private static String keyOf(Object key) {
        if (key == null)
            throw new JsonException("a key of a map is null");
        return key instanceof Enum<?> constant ? constant.name() : key.toString();
    }

    private void bean(Object value) {
        char separator = '{';
        for (Bean.Property property : Bean.of(Shape.of(value.getClass())).written()) {
            Object member = property.get(value);
            if (member != null)
                separator = member(separator, property.name,
                    property.isInSeconds() ? seconds((Date) member) : member);
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private static Double seconds(Date date) {
        return date.getTime() / 1000.0;
    }

    private char member(char separator, String name, Object value) {
        text.append(separator);
        string(name);
        text.append(':');
        value(value);
        return ',';
    }

    private void items(Iterator<?> items) {
        text.append('[');
        while (items.hasNext()) {
            value(items.next());
            if (items.hasNext())
                text.append(',');
        }
        text.append(']');
    }

    private void array(Object array) {
        int length = Array.getLength(array);
        text.append('[');
        for (int i = 0; i < length; i++) {
            if (i > 0)
                text.append(',');
            value(Array.get(array, i));
        }
        text.append(']');
    }
}
