// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.ServiceLoader;

/** Between events and values: the function's own serializer when it brings one, or ours. */
final class Serializer {
    private final CustomPojoSerializer custom; // null: ours

    private Serializer(CustomPojoSerializer custom) {
        this.custom = custom;
    }

    static Serializer of(FunctionLoader loader) {
        // Asking for services loads a good part of the library; few functions have any.
        if (loader.findResource("META-INF/services/" + CustomPojoSerializer.class.getName()) ==
            null)
            return new Serializer(null);
        Iterator<CustomPojoSerializer> found =
            ServiceLoader.load(CustomPojoSerializer.class, loader).iterator();
        Serializer serializer = new Serializer(found.next());
        if (found.hasNext())
            throw Fault.of(
                "Too many serializers provided inside the META-INF/services folder, only one is allowed");
        return serializer;
    }

    Object read(Frame event, Shape shape) {
        return custom == null ? JsonInput.read(text(event), shape)
                              : custom.fromJson(Handler.Streams.input(event), shape.type);
    }

    private static String text(Frame event) {
        String text = event.text(event.payloadAt, event.body.length);
        // Where text is not UTF-8, this character stands for it; or it was there.
        if (text.indexOf('\uFFFD') < 0)
            return text;
        try {
            ByteBuffer bytes =
                ByteBuffer.wrap(event.body, event.payloadAt, event.body.length - event.payloadAt);
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException error) {
            throw new JsonException("the event is not UTF-8");
        }
    }

    Channel.Output write(Object value, Shape shape) {
        if (custom == null)
            return Channel.Output.of(JsonWriter.text(value));
        Channel.Output output = new Channel.Output();
        custom.toJson(value, output, shape.type);
        return output;
    }
}
