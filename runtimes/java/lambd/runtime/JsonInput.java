// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Values of wanted types from JSON text. The rules are those that functions meet on AWS, which are
 * those of a Jackson mapper with most leniencies on: unknown members are ignored, null is a
 * primitive's zero, an empty text or array is no object, one value will do for a list and a list of
 * one for a value.
 */
final class JsonInput {
    static final int DEPTH_MAX = 1000;

    private final JsonText text;
    private int depth;

    private JsonInput(JsonText text) {
        this.text = text;
    }

    static Object read(String document, Shape shape) {
        JsonText text = new JsonText(document);
        Object value = new JsonInput(text).value(shape);
        text.expectEnd();
        return value;
    }

    private Object value(Shape shape) {
        char first = text.peek();
        if (first == 'n' && text.skip("null"))
            return Scalar.ofNull(shape.raw);
        if (shape.raw == Optional.class)
            return Optional.ofNullable(value(shape.argument(0)));
        if (first != '[' && isList(shape.raw))
            return fill(shape, Collections.singletonList(value(itemOf(shape))));
        switch (first) {
        case '{':
            return object(shape);
        case '[':
            return array(shape);
        case '"':
            return Scalar.ofText(text.string(), shape.raw);
        default:
            if (text.skip("true"))
                return Scalar.ofBoolean(true, shape.raw);
            if (text.skip("false"))
                return Scalar.ofBoolean(false, shape.raw);
            return Scalar.ofNumber(text.number(), shape.raw);
        }
    }

    private void enter() {
        if (++depth > DEPTH_MAX)
            throw text.wrong("more than " + DEPTH_MAX + " levels");
    }

    /* Objects */

    private interface Member {
        void take(String name);
    }

    private void members(Member member) {
        enter();
        text.expect('{');
        if (!text.skip('}')) {
            do {
                text.peek();
                String name = text.string();
                text.expect(':');
                member.take(name);
            } while (text.skip(','));
            text.expect('}');
        }
        depth--;
    }

    private Object object(Shape shape) {
        if (shape.raw == Object.class || Map.class.isAssignableFrom(shape.raw))
            return map(shape);
        if (Scalar.is(shape.raw))
            throw new JsonException("an object is no " + shape);
        return Bean.of(shape).build(new BeanMembers());
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Map<Object, Object> newMap(Class<?> raw, Class<?> key) {
        if (raw.isAssignableFrom(LinkedHashMap.class))
            return new LinkedHashMap<>();
        return (Map<Object, Object>) (raw == EnumMap.class ? new EnumMap(key)
                                                           : Bean.make(raw, TreeMap.class));
    }

    private Object map(Shape shape) {
        Shape key = shape.above(Map.class, 0);
        Shape item = shape.above(Map.class, 1);
        Map<Object, Object> map = newMap(shape.raw, key.raw);
        members(new Member() {
            @Override
            public void take(String name) {
                map.put(Scalar.ofText(name, key.raw), value(item));
            }
        });
        return map;
    }

    /** Reads the members of the object that comes next for a bean. */
    final class BeanMembers {
        void read(Map<String, Bean.Property> properties, Bean.Target target) {
            members(new Member() {
                @Override
                public void take(String name) {
                    Bean.Property property = properties.get(name);
                    if (property == null)
                        value(Shape.OBJECT);
                    else
                        target.set(property, member(name, property));
                }
            });
        }

        private Object member(String name, Bean.Property property) {
            try {
                return property.isInSeconds() ? seconds() : value(property.shape());
            } catch (JsonException error) {
                throw new JsonException(
                    "\"" + name + "\": " + error.getMessage(), error.getCause());
            }
        }

        private Date seconds() {
            Double seconds = (Double) value(Shape.of(Double.class));
            return seconds == null ? null : new Date((long) (seconds * 1000));
        }
    }

    /* Arrays */

    private static boolean isList(Class<?> raw) {
        return Collection.class.isAssignableFrom(raw) || raw.isArray() && !Scalar.is(raw);
    }

    private Object array(Shape shape) {
        if (shape.raw == Object.class || shape.raw == Iterable.class || isList(shape.raw))
            return fill(shape, items(itemOf(shape)));
        if (Scalar.isOfNumbers(shape.raw))
            return Scalar.ofNumbers(items(Shape.of(Integer.class)), shape.raw);
        List<Object> single = items(shape);
        if (single.size() > 1)
            throw new JsonException("an array is no " + shape);
        return single.isEmpty() ? Scalar.ofNull(shape.raw) : single.get(0);
    }

    private static Shape itemOf(Shape shape) {
        if (shape.raw.isArray())
            return shape.argument(0);
        return shape.above(Iterable.class, 0);
    }

    private List<Object> items(Shape item) {
        List<Object> list = new ArrayList<>();
        enter();
        text.expect('[');
        if (!text.skip(']')) {
            do
                list.add(value(item));
            while (text.skip(','));
            text.expect(']');
        }
        depth--;
        return list;
    }

    @SuppressWarnings("unchecked")
    private static Object fill(Shape shape, List<Object> items) {
        if (shape.raw.isArray()) {
            Object array = Array.newInstance(shape.raw.getComponentType(), items.size());
            for (int i = 0; i < items.size(); i++)
                Array.set(array, i, items.get(i));
            return array;
        }
        if (shape.raw.isAssignableFrom(ArrayList.class))
            return items;
        Collection<Object> collection = (Collection<Object>) Bean.make(
            shape.raw, HashSet.class, TreeSet.class, LinkedList.class);
        collection.addAll(items);
        return collection;
    }
}
