// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** A type as far as it is known: List<Order> is the class List with one argument. */
final class Shape {
    private static final Shape[] NONE = {};
    static final Shape OBJECT = new Shape(Object.class, Object.class, NONE);

    final Type type; // as it was written
    final Class<?> raw;
    final Shape[] arguments; // of the class's type parameters; of an array: its component

    private Shape(Type type, Class<?> raw, Shape[] arguments) {
        this.type = type;
        this.raw = raw;
        this.arguments = arguments;
    }

    static Shape of(Type type) {
        return of(type, Map.of());
    }

    private static Shape of(Type type, Map<TypeVariable<?>, Shape> known) {
        if (type instanceof Class<?> raw)
            return new Shape(
                type, raw, raw.isArray() ? new Shape[] {of(raw.getComponentType())} : NONE);
        if (type instanceof ParameterizedType generic)
            return new Shape(type, (Class<?>) generic.getRawType(),
                all(generic.getActualTypeArguments(), known));
        if (type instanceof GenericArrayType array) {
            Shape component = of(array.getGenericComponentType(), known);
            return new Shape(type, component.raw.arrayType(), new Shape[] {component});
        }
        if (type instanceof WildcardType wildcard)
            return of(wildcard.getUpperBounds()[0], known);
        TypeVariable<?> variable = (TypeVariable<?>) type;
        Shape shape = known.get(variable);
        // Only the class of a bound: T extends Comparable<T> has no end.
        return shape != null ? shape : new Shape(type, classOf(variable.getBounds()[0]), NONE);
    }

    private static Shape[] all(Type[] types, Map<TypeVariable<?>, Shape> known) {
        Shape[] shapes = new Shape[types.length];
        for (int i = 0; i < types.length; i++)
            shapes[i] = of(types[i], known);
        return shapes;
    }

    private static Class<?> classOf(Type bound) {
        if (bound instanceof Class<?> raw)
            return raw;
        return bound instanceof ParameterizedType generic ? (Class<?>) generic.getRawType()
                                                          : Object.class;
    }

    /** A type parameter of which nothing is known. */
    boolean isOpen() {
        return type instanceof TypeVariable && raw == Object.class;
    }

    /** What an argument is; without arguments, anything. */
    Shape argument(int index) {
        return index < arguments.length ? arguments[index] : OBJECT;
    }

    /** What a type parameter of a class above stands for: of Iterable, what there are many of. */
    Shape above(Class<?> parent, int index) {
        // Asking for type parameters loads much of reflection; where there are none, anything goes.
        if (arguments.length == 0 && raw.getClassLoader() == null)
            return OBJECT;
        return variables().getOrDefault(parent.getTypeParameters()[index], OBJECT);
    }

    /** A type that is written in this class: of a member, for example. */
    Shape inside(Type member) {
        return of(member, member instanceof Class ? Map.of() : variables());
    }

    /**
     * What the type parameters of the class and of all that it extends and implements stand for.
     */
    Map<TypeVariable<?>, Shape> variables() {
        Map<TypeVariable<?>, Shape> variables = new HashMap<>();
        collect(this, variables);
        return variables;
    }

    private static void collect(Shape shape, Map<TypeVariable<?>, Shape> variables) {
        TypeVariable<?>[] names = shape.raw.getTypeParameters();
        for (int i = 0; i < names.length && i < shape.arguments.length; i++)
            variables.put(names[i], shape.arguments[i]);
        if (shape.raw.getGenericSuperclass() != null)
            collect(of(shape.raw.getGenericSuperclass(), variables), variables);
        for (Type above : shape.raw.getGenericInterfaces())
            collect(of(above, variables), variables);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && raw == shape.raw &&
            Arrays.equals(arguments, shape.arguments);
    }

    @Override
    public int hashCode() {
        return raw.hashCode() * 31 + Arrays.hashCode(arguments);
    }

    @Override
    public String toString() {
        return type.getTypeName();
    }
}
