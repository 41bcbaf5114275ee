// SPDX-License-Identifier: Apache-2.0

package shop;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.math.BigDecimal;
import java.util.List;

public class Bill implements RequestHandler<Bill.Order, Bill.Invoice> {
    public record Item(String name, BigDecimal price, int count) {}

    public record Order(String customer, List<Item> items) {}

    public record Invoice(String customer, BigDecimal total) {}

    @Override
    public Invoice handleRequest(Order order, Context context) {
        if (order.items() == null)
            throw new IllegalArgumentException("an order without items");
        context.getLogger().log("billing " + order.items().size() + " items\n");
        BigDecimal total = BigDecimal.ZERO;
        for (Item item : order.items())
            total = total.add(item.price().multiply(BigDecimal.valueOf(item.count())));
        return new Invoice(order.customer(), total);
    }
}
