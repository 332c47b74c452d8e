import type { Command } from 'commander';
import type { OrderStatusView, OrderView, TimelineView } from '../../contracts/http';
import { openApi } from '../access';
import { command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { serverSentEvents } from '../event-stream';
import { amount, moment, print, table } from '../output';
import { timelineLine } from '../timeline-line';

interface WatchOptions extends JsonOption {
  readonly until?: string;
}

export function ordersCommands(program: Command): void {
  const orders = program.command('orders').description('orders as their customers see them');

  command(orders, 'show <order>', 'an order with its lines, and how it stands', ['42', '42 --json']).action(
    async (order: string, options: JsonOption) => {
      const api = await openApi();
      const path = orderPath(order);
      const [view, status] = await Promise.all([api.get<OrderView>(path), api.get<OrderStatusView>(`${path}/status`)]);
      show({ ...view, standing: status }, options, printOrder);
    },
  );

  command(orders, 'watch <order>', 'its timeline from the beginning and as it grows, until Ctrl-C', [
    '42',
    '42 --until COMPLETED --json',
  ])
    .option('--until <status>', 'end when the order has come there')
    .action(async (order: string, { until, json }: WatchOptions) => {
      const path = `${orderPath(order)}/events`;
      for await (const entry of serverSentEvents<TimelineView>(await openApi(), path)) {
        print(json ? JSON.stringify(entry) : `${moment(entry.at)}  ${timelineLine(entry)}`);
        if (until !== undefined && entry.type === 'status' && entry.data.to === until) return;
      }
    });
}

function orderPath(order: string): string {
  if (!/^[1-9]\d{0,15}$/.test(order)) throw new CommandError(EXIT.usage, `this is no order id: ${order}`);
  return `/api/orders/${order}`;
}

function printOrder(order: OrderView & { readonly standing: OrderStatusView }): void {
  const { standing, currency } = order;
  print(
    [
      `order ${order.orderId}  ${standing.status} (${standing.statusDescription}), ${standing.progressPercentage} %`,
      `saga ${standing.saga.state}${standing.reason === undefined ? '' : ` (${standing.reason})`}, ${standing.canCancel ? 'can' : 'can not'} be cancelled, told by the ${standing.source}`,
      `placed ${moment(order.createdAt)}, moved ${moment(order.lastUpdated)}`,
      table(
        ['sku', 'name', 'units', 'price'],
        order.lines.map(({ sku, name, quantity, unitPrice }) => [sku, name, quantity, amount(unitPrice, currency)]),
      ),
      `to pay ${amount(order.totalAmount, currency)}${order.couponCode === undefined ? '' : `, coupon ${order.couponCode}: ${amount(order.discountAmount ?? 0, currency)} off`}`,
    ].join('\n'),
  );
}
