// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Optional;

/** Values that are one word of JSON: texts, numbers, and what is written as one of them. */
final class Scalar {
    private static final String[] FROM_TEXT = {"parse", "fromString", "valueOf", "of", "forName"};

    private Scalar() {}

    static boolean is(Class<?> raw) {
        return raw.isPrimitive() || CharSequence.class.isAssignableFrom(raw) ||
            Number.class.isAssignableFrom(raw) || raw == Boolean.class || raw == Character.class ||
            raw.isEnum() || raw == byte[].class || raw == char[].class ||
            ByteBuffer.class.isAssignableFrom(raw) || Date.class.isAssignableFrom(raw) ||
            raw.getName().startsWith("java.time.");
    }

    static Object ofNull(Class<?> raw) {
        if (raw == Optional.class)
            return Optional.empty();
        if (!raw.isPrimitive() || raw == void.class)
            return null;
        if (raw == boolean.class)
            return false;
        return raw == char.class ? (Object) '\0' : ofNumber("0", raw);
    }

    static Object ofBoolean(boolean value, Class<?> raw) {
        if (raw == boolean.class || raw.isAssignableFrom(Boolean.class))
            return value;
        if (raw == String.class)
            return String.valueOf(value);
        throw new JsonException(value + " is no " + raw.getName());
    }

    /* Texts */

    static Object ofText(String text, Class<?> raw) {
        if (raw.isAssignableFrom(String.class))
            return text;
        if (raw == char.class || raw == Character.class)
            return oneLetter(text);
        if (raw == byte[].class || raw.isAssignableFrom(ByteBuffer.class))
            return bytes(text, raw);
        if (raw == char[].class)
            return text.toCharArray();
        if (text.isBlank())
            return ofNull(raw);
        if (raw.isEnum())
            return constant(text, raw);
        if (raw == boolean.class || raw == Boolean.class)
            return truth(text);
        if (raw.isPrimitive() || Number.class.isAssignableFrom(raw))
            return ofNumber(text.trim(), raw);
        if (raw == Date.class)
            return Date.from(java.time.OffsetDateTime.parse(text).toInstant());
        return made(text, raw);
    }

    private static char oneLetter(String text) {
        if (text.length() > 1)
            throw new JsonException("\"" + text + "\" is no single letter");
        return text.isEmpty() ? '\0' : text.charAt(0);
    }

    private static Object bytes(String text, Class<?> raw) {
        try {
            byte[] bytes = Base64.getMimeDecoder().decode(text);
            return raw == byte[].class ? bytes : ByteBuffer.wrap(bytes);
        } catch (IllegalArgumentException error) {
            throw new JsonException("not base64", error);
        }
    }

    /** One that is not known is none. */
    private static Object constant(String text, Class<?> raw) {
        for (Object constant : raw.getEnumConstants())
            if (((Enum<?>) constant).name().equals(text))
                return constant;
        return null;
    }

    private static boolean truth(String text) {
        if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false"))
            return text.equalsIgnoreCase("true");
        throw new JsonException("\"" + text + "\" is no boolean");
    }

    /** By what the class offers to make one of a text. */
    private static Object made(String text, Class<?> raw) {
        try {
            for (String name : FROM_TEXT) {
                Method method = factory(raw, name);
                if (method != null)
                    return method.invoke(null, text);
            }
            Constructor<?> constructor = raw.getConstructor(String.class);
            return constructor.newInstance(text);
        } catch (InvocationTargetException error) {
            throw new JsonException("\"" + text + "\" is no " + raw.getName(), error.getCause());
        } catch (ReflectiveOperationException error) {
            throw new JsonException("no " + raw.getName() + " can be made of a text", error);
        }
    }

    private static Method factory(Class<?> raw, String name) {
        for (Method method : raw.getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            if (method.getName().equals(name) && Modifier.isStatic(method.getModifiers()) &&
                types.length == 1 && types[0].isAssignableFrom(String.class) &&
                types[0] != Object.class && raw.isAssignableFrom(method.getReturnType()))
                return method;
        }
        return null;
    }

    /* Numbers */

    static Object ofNumber(String digits, Class<?> raw) {
        try {
            Object value = number(digits, raw);
            if (value != null)
                return value;
        } catch (ArithmeticException | NumberFormatException error) {
            throw new JsonException(digits + " is no " + raw.getName(), error);
        }
        throw new JsonException(digits + " is no " + raw.getName());
    }

    private static Object number(String digits, Class<?> raw) {
        if (raw == int.class || raw == Integer.class)
            return whole(digits).intValueExact();
        if (raw == long.class || raw == Long.class)
            return whole(digits).longValueExact();
        if (raw == double.class || raw == Double.class)
            return Double.valueOf(digits);
        if (raw == float.class || raw == Float.class)
            return Float.valueOf(digits);
        if (raw == short.class || raw == Short.class)
            return whole(digits).shortValueExact();
        if (raw == byte.class || raw == Byte.class)
            return whole(digits).byteValueExact();
        if (raw == BigDecimal.class)
            return new BigDecimal(digits);
        if (raw == BigInteger.class)
            return whole(digits);
        if (raw == String.class || raw == CharSequence.class)
            return digits;
        if (raw == boolean.class || raw == Boolean.class)
            return whole(digits).signum() != 0;
        return raw.isAssignableFrom(Integer.class) ? smallest(digits) : moment(digits, raw);
    }

    private static BigInteger whole(String digits) {
        return isWhole(digits) ? new BigInteger(digits) : new BigDecimal(digits).toBigInteger();
    }

    private static boolean isWhole(String digits) {
        return digits.indexOf('.') < 0 && digits.indexOf('e') < 0 && digits.indexOf('E') < 0;
    }

    /** Where any number will do. */
    private static Object smallest(String digits) {
        if (!isWhole(digits))
            return Double.valueOf(digits);
        if (digits.length() > 18)
            return big(new BigInteger(digits));
        long value = Long.parseLong(digits);
        return value == (int) value ? (Object) (int) value : (Object) value;
    }

    private static Object big(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    /** Dates are milliseconds, newer classes seconds; null: neither. */
    private static Object moment(String digits, Class<?> raw) {
        if (raw == Date.class)
            return new Date(whole(digits).longValueExact());
        if (raw.isEnum()) {
            Object[] constants = raw.getEnumConstants();
            int index = whole(digits).intValueExact();
            return index >= 0 && index < constants.length ? constants[index] : null;
        }
        if (raw != Instant.class && raw != Duration.class)
            return null;
        BigDecimal seconds = new BigDecimal(digits);
        long whole = seconds.toBigInteger().longValueExact();
        int nanos = seconds.subtract(BigDecimal.valueOf(whole)).movePointRight(9).intValue();
        return raw == Instant.class ? Instant.ofEpochSecond(whole, nanos)
                                    : Duration.ofSeconds(whole, nanos);
    }

    /** Dates and times of day are also written as their numbers. */
    static boolean isOfNumbers(Class<?> raw) {
        return raw == LocalDate.class || raw == LocalTime.class || raw == LocalDateTime.class;
    }

    static Object ofNumbers(List<Object> numbers, Class<?> raw) {
        int[] parts = new int[7];
        for (int i = 0; i < numbers.size() && i < parts.length; i++)
            parts[i] = (Integer) numbers.get(i);
        if (raw == LocalTime.class)
            return LocalTime.of(parts[0], parts[1], parts[2], parts[3]);
        LocalDate date = LocalDate.of(parts[0], parts[1], parts[2]);
        return raw == LocalDate.class ? date : date.atTime(parts[3], parts[4], parts[5], parts[6]);
    }
}
