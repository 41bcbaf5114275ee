// SPDX-License-Identifier: Apache-2.0

package cases;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.UUID;

/** Between JSON and values. */
public class Values {
    public enum Kind { PLAIN, GIFT }

    public static class Line {
        private BigDecimal price;
        private int count;

        public BigDecimal getPrice() {
            return price;
        }

        public void setPrice(BigDecimal price) {
            this.price = price;
        }

        public int getCount() {
            return count;
        }

        public void setCount(int count) {
            this.count = count;
        }
    }

    public static class Order {
        private String customer;
        private List<Line> lines = new ArrayList<>();
        private Kind kind;
        private boolean isPaid;
        public Map<String, Integer> extras;
        private String secret = "not written";

        public String getCustomer() {
            return customer;
        }

        public void setCustomer(String customer) {
            this.customer = customer;
        }

        public List<Line> getLines() {
            return lines;
        }

        public void setLines(List<Line> lines) {
            this.lines = lines;
        }

        public Kind getKind() {
            return kind;
        }

        public void setKind(Kind kind) {
            this.kind = kind;
        }

        public boolean isPaid() {
            return isPaid;
        }

        public void setPaid(boolean isPaid) {
            this.isPaid = isPaid;
        }

        public BigDecimal getTotal() {
            return lines.stream().map(line -> line.price.multiply(BigDecimal.valueOf(line.count)))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        }
    }

    public static class Page<T> {
        private List<T> items;

        public List<T> getItems() {
            return items;
        }

        public void setItems(List<T> items) {
            this.items = items;
        }
    }

    public record Point(int x, double y, List<String> names) {}

    /** One of each kind. */
    public static class All {
        public byte[] bytes;
        public char letter;
        public long number;
        public float real;
        public Integer none;
        public Optional<String> optional;
        public Set<Integer> set;
        public SortedMap<String, Integer> sorted;
        public EnumMap<Kind, String> byKind;
        public int[] array;
        public String[][] nested;
        public UUID uuid;
        public BigInteger big;
        public Date date;
        public Instant instant;
        public LocalDate day;
        public LocalDateTime time;
        public Object any;
    }

    public Order order(Order order) {
        return order;
    }

    public Line firstLine(Page<Order> page) {
        return page.getItems().get(0).getLines().get(0);
    }

    public Point point(Point point) {
        return new Point(point.x() + 1, point.y(), point.names());
    }

    public All all(All all) {
        return all;
    }

    public String text(String text) {
        return text;
    }

    public int whole(int number) {
        return number;
    }

    public String kinds(Map<String, Object> values) {
        StringBuilder kinds = new StringBuilder();
        for (Object value : values.values())
            kinds.append(value == null ? "null" : value.getClass().getSimpleName()).append(' ');
        return kinds.toString().trim();
    }

    public Object strange(String what) {
        return switch (what) {
            case "nan" -> Double.NaN;
            case "half pair" -> "\ud83c!";
            case "empty" -> new Object();
            case "null key" -> java.util.Collections.singletonMap(null, 1);
            case "time" -> LocalDateTime.of(2026, 1, 2, 3, 4);
            case "instant" -> Instant.ofEpochSecond(1, 5000000);
            default -> throw new IllegalArgumentException(what);
        };
    }

    /** Found when META-INF/services names it. */
    public static class Own implements CustomPojoSerializer {
        @Override
        @SuppressWarnings("unchecked")
        public <T> T fromJson(InputStream input, Type type) {
            try {
                return (T) (type.getTypeName() + " " + new String(input.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }

        @Override
        public <T> T fromJson(String input, Type type) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> void toJson(T value, OutputStream output, Type type) {
            try {
                output.write(("<" + value + ">").getBytes(StandardCharsets.UTF_8));
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }
}
