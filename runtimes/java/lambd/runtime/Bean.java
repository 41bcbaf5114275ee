// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a class of a function looks like as a JSON object: public getters and fields are written in
 * the order of the fields, setters of any kind and public fields are read. Annotations do not
 * count: AWS's mapper is not the one that they are of.
 */
final class Bean {
    private static final Map<Shape, Bean> KNOWN = new ConcurrentHashMap<>();

    private final Shape shape;
    private final Map<String, Property> properties = new LinkedHashMap<>();
    private final Map<String, Property> readable = new LinkedHashMap<>();
    private final List<Property> written = new ArrayList<>();
    private List<Property> arguments; // of the constructor, if it takes all members; null: setters

    private Bean(Shape shape) {
        this.shape = shape;
        if (shape.raw.isRecord())
            addComponents();
        else if (EventClasses.hasOnlyConstructor(shape.raw))
            addConstructorArguments();
        else
            addMembers();
        for (Property property : properties.values()) {
            if (arguments != null || property.setter != null || property.publicField != null)
                readable.put(property.name, property);
            if (property.getter != null || property.publicField != null)
                written.add(property);
        }
    }

    static Bean of(Shape shape) {
        Bean bean = KNOWN.get(shape);
        if (bean == null) {
            bean = new Bean(shape);
            KNOWN.put(shape, bean);
        }
        return bean;
    }

    List<Property> written() {
        return written;
    }

    /* What there is */

    private Property property(String name) {
        String known = EventClasses.nameOf(shape.raw, name);
        Property property = properties.get(known);
        if (property == null) {
            property = new Property(known);
            properties.put(known, property);
        }
        return property;
    }

    private void addComponents() {
        arguments = new ArrayList<>();
        for (RecordComponent component : shape.raw.getRecordComponents()) {
            Property property = property(component.getName());
            property.getter = component.getAccessor();
            property.getter.trySetAccessible();
            property.type = component.getGenericType();
            arguments.add(property);
        }
    }

    /**
     * AWS's classes for S3 have no setters; the arguments of the longest constructor are the
     * fields.
     */
    private void addConstructorArguments() {
        arguments = new ArrayList<>();
        for (Field field : fields(shape.raw)) {
            Property property = property(field.getName());
            field.trySetAccessible();
            property.publicField = field;
            property.type =
                longestConstructor(shape.raw).getGenericParameterTypes()[arguments.size()];
            arguments.add(property);
        }
    }

    private static Constructor<?> longestConstructor(Class<?> raw) {
        Constructor<?> longest = null;
        for (Constructor<?> constructor : raw.getDeclaredConstructors())
            if (longest == null || constructor.getParameterCount() > longest.getParameterCount())
                longest = constructor;
        return longest;
    }

    /** Those of instances, of the classes above first. */
    private static List<Field> fields(Class<?> raw) {
        List<Field> fields =
            raw == null || raw == Object.class ? new ArrayList<>() : fields(raw.getSuperclass());
        if (raw != null)
            for (Field field : raw.getDeclaredFields())
                if (!Modifier.isStatic(field.getModifiers()) &&
                    !Modifier.isTransient(field.getModifiers()))
                    fields.add(field);
        return fields;
    }

    private void addMembers() {
        for (Field field : fields(shape.raw)) {
            Property property = property(field.getName());
            if (!Modifier.isPublic(field.getModifiers()))
                continue;
            field.trySetAccessible();
            property.publicField = field;
            property.type = field.getGenericType();
        }
        for (Method method : methods(shape.raw)) {
            if (Modifier.isStatic(method.getModifiers()) || method.isBridge() ||
                method.getDeclaringClass() == Object.class)
                continue;
            addGetter(method);
            addSetter(method);
        }
    }

    private static List<Method> methods(Class<?> raw) {
        List<Method> methods = new ArrayList<>(List.of(raw.getMethods()));
        for (Class<?> type = raw; type != null && type != Object.class; type = type.getSuperclass())
            for (Method method : type.getDeclaredMethods())
                if (!Modifier.isPublic(method.getModifiers()))
                    methods.add(method);
        return methods;
    }

    private void addGetter(Method method) {
        String name = method.getName();
        Class<?> type = method.getReturnType();
        int prefix = name.startsWith("get") ? 3 : name.startsWith("is") && isTruth(type) ? 2 : 0;
        if (prefix == 0 || name.length() == prefix || method.getParameterCount() > 0 ||
            type == void.class || !Modifier.isPublic(method.getModifiers()))
            return;
        Property property = property(memberName(name, prefix));
        // get goes before is
        if (property.getter != null && prefix == 2)
            return;
        method.trySetAccessible();
        property.getter = method;
        if (property.setter == null)
            property.type = method.getGenericReturnType();
    }

    private void addSetter(Method method) {
        if (!method.getName().startsWith("set") || method.getName().length() == 3 ||
            method.getParameterCount() != 1)
            return;
        Property property = property(memberName(method.getName(), 3));
        // Of several, the one that takes what the getter gives.
        if (property.setter != null && !takesWhatIsGot(method, property))
            return;
        method.trySetAccessible();
        property.setter = method;
        property.type = method.getGenericParameterTypes()[0];
    }

    private boolean takesWhatIsGot(Method setter, Property property) {
        Class<?> wanted = setter.getParameterTypes()[0];
        for (Method method : shape.raw.getMethods())
            if (method.getParameterCount() == 0 && method.getReturnType() == wanted &&
                method.getName().equals("get" + setter.getName().substring(3)))
                return true;
        return false;
    }

    private static boolean isTruth(Class<?> type) {
        return type == boolean.class || type == Boolean.class;
    }

    /** As java.beans names it: getURL is of "URL", getUrl of "url". */
    private static String memberName(String method, int prefix) {
        String name = method.substring(prefix);
        if (name.length() > 1 && Character.isUpperCase(name.charAt(0)) &&
            Character.isUpperCase(name.charAt(1)))
            return name;
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }

    /* How one is made */

    /** Where members go while an object is read. */
    interface Target {
        void set(Property property, Object value);
    }

    Object build(JsonInput.BeanMembers members) {
        if (arguments == null) {
            Object object = make(shape.raw);
            members.read(readable, new Target() {
                @Override
                public void set(Property property, Object value) {
                    property.set(object, value);
                }
            });
            return object;
        }
        Object[] values = new Object[arguments.size()];
        for (int i = 0; i < values.length; i++)
            values[i] = Scalar.ofNull(arguments.get(i).shape().raw);
        members.read(readable, new Target() {
            @Override
            public void set(Property property, Object value) {
                values[arguments.indexOf(property)] = value;
            }
        });
        return create(longestConstructor(shape.raw), values);
    }

    /** An instance of the class; of an interface, of the first of the others that implements it. */
    static Object make(Class<?> raw, Class<?>... others) {
        Class<?> type = raw;
        for (int i = 0; i < others.length && Modifier.isAbstract(type.getModifiers()); i++)
            if (raw.isAssignableFrom(others[i]))
                type = others[i];
        try {
            return create(type.getDeclaredConstructor());
        } catch (NoSuchMethodException error) {
            throw new JsonException("there is no default constructor of " + type.getName(), error);
        }
    }

    private static Object create(Constructor<?> constructor, Object... arguments) {
        constructor.trySetAccessible();
        try {
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException error) {
            throw new JsonException(
                "a " + constructor.getName() + " cannot be made", error.getCause());
        } catch (ReflectiveOperationException error) {
            throw new JsonException("a " + constructor.getName() + " cannot be made", error);
        }
    }

    /** One member. */
    final class Property {
        final String name;
        private Type type;
        private Shape known; // of type, when it was asked for
        private Field publicField; // or one that stands for a getter
        private Method getter, setter;

        private Property(String name) {
            this.name = name;
        }

        Shape shape() {
            if (known == null)
                known = shape.inside(type);
            return known;
        }

        /** AWS's events have dates as seconds, where others have milliseconds. */
        boolean isInSeconds() {
            return type == Date.class && EventClasses.has(shape.raw);
        }

        Object get(Object object) {
            try {
                return getter != null ? getter.invoke(object) : publicField.get(object);
            } catch (InvocationTargetException error) {
                throw new JsonException("\"" + name + "\" cannot be read", error.getCause());
            } catch (ReflectiveOperationException error) {
                throw new JsonException("\"" + name + "\" cannot be read", error);
            }
        }

        void set(Object object, Object value) {
            try {
                if (setter != null)
                    setter.invoke(object, value);
                else
                    publicField.set(object, value);
            } catch (InvocationTargetException error) {
                throw new JsonException("\"" + name + "\" cannot be set", error.getCause());
            } catch (ReflectiveOperationException | IllegalArgumentException error) {
                throw new JsonException("\"" + name + "\" cannot be set", error);
            }
        }
    }
}
