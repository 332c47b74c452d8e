import { type Command, Option } from 'commander';
import type { Order, OrderStatusDetails } from '../../client/schema';
import { canReach, ORDER_STATUSES, type OrderStatus } from '../../contracts/order-moves';
import { openApi } from '../access';
import { command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { orderEvents } from '../event-stream';
import { amount, moment, print, printJsonLine, table } from '../output';
import { timelineLine } from '../timeline-line';
import { orderIdOf } from './order-id';

interface WatchOptions extends JsonOption {
  readonly until?: OrderStatus;
}

export function ordersCommands(program: Command): void {
  const orders = program.command('orders').description('orders as their customers see them');

  command(orders, 'show <order>', 'an order with its lines and its status', ['42', '42 --json']).action(
    async (order: string, options: JsonOption) => {
      const api = await openApi();
      const params = { orderId: orderIdOf(order) };
      const [view, status] = await Promise.all([
        api.call('GET /api/orders/{orderId}', { params }),
        api.call('GET /api/orders/{orderId}/status', { params }),
      ]);
      show({ ...view.data, standing: status.data }, options, printOrder);
    },
  );

  command(orders, 'link <order>', "a link to the order's page, for its customer", ['42']).action(
    async (order: string, options: JsonOption) => {
      const api = await openApi();
      const { data } = await api.call('POST /api/orders/{orderId}/tracking-links', {
        params: { orderId: orderIdOf(order) },
      });
      show(data, options, ({ url, expiresAt }) => print(`${url}\nworks until ${moment(expiresAt)}`));
    },
  );

  command(orders, 'watch <order>', 'its timeline from the beginning and as it grows, until Ctrl-C', [
    '42',
    '42 --until COMPLETED --json',
  ])
    .addOption(
      new Option('--until <status>', 'end when the order reaches it, or with 1 when it can not any more').choices(
        ORDER_STATUSES,
      ),
    )
    .action(async (order: string, { until, json }: WatchOptions) => {
      const orderId = orderIdOf(order);
      for await (const entry of orderEvents(await openApi(), orderId)) {
        if (json) printJsonLine(entry);
        else print(`${moment(entry.at)}  ${timelineLine(entry)}`);
        const status = entry.type === 'status' && ORDER_STATUSES.find((known) => known === entry.data.to);
        if (!until || !status) continue;
        if (status === until) return;
        if (!canReach(status, until))
          throw new CommandError(EXIT.failed, `order ${order} is ${status}: it can not reach ${until} any more`);
      }
    });
}

function printOrder(order: Order & { readonly standing: OrderStatusDetails }): void {
  const { standing, currency } = order;
  print(
    [
      `order ${order.orderId}  ${standing.status} (${standing.statusDescription}), ${standing.progressPercentage} %`,
      `saga ${standing.saga.state}${standing.reason === undefined ? '' : ` (${standing.reason})`}, ${standing.canCancel ? 'can' : 'can not'} be cancelled, according to the ${standing.source}`,
      `placed ${moment(order.createdAt)}, moved ${moment(order.lastUpdated)}`,
      table(
        ['sku', 'name', 'units', 'price'],
        order.lines.map(({ sku, name, quantity, unitPrice }) => [sku, name, quantity, amount(unitPrice, currency)]),
      ),
      `to pay ${amount(order.totalAmount, currency)}${order.couponCode === undefined ? '' : `, coupon ${order.couponCode}: ${amount(order.discountAmount ?? 0, currency)} off`}`,
    ].join('\n'),
  );
}
