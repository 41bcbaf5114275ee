// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Shop
{
    public class Item
    {
        public string Name { get; set; }
        public decimal Price { get; set; }
        public int Count { get; set; }
    }

    public class Order
    {
        public string Customer { get; set; }
        public List<Item> Items { get; set; }
    }

    public class Invoice
    {
        public string Customer { get; set; }
        public decimal Total { get; set; }
    }

    public class Function
    {
        public async Task<Invoice> Bill(Order order)
        {
            await Task.Yield();
            if (order.Items == null)
                throw new ArgumentException("an order without items");
            Console.WriteLine($"billing {order.Items.Count} items");
            return new Invoice
            {
                Customer = order.Customer,
                Total = order.Items.Sum(item => item.Price * item.Count),
            };
        }
    }
}
