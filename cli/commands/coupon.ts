import type { Command } from 'commander';
import type { Coupon } from '../../client/schema';
import { openApi } from '../access';
import { command, type JsonOption, show } from '../command';
import { amount, moment, print, table } from '../output';

export function couponCommands(program: Command): void {
  const coupon = program.command('coupon').description('coupons');
  command(coupon, 'show <code>', 'a coupon, and how many of it are in which state', ['OPENING-DAY']).action(
    async (code: string, options: JsonOption) => {
      const api = await openApi();
      const { data } = await api.call('GET /api/ops/coupons/{code}', { params: { code } });
      show(data, options, printCoupon);
    },
  );
}

function printCoupon({ code, name, total, discount, currency, counts, ...coupon }: Coupon): void {
  const terms = [
    `${discount.type === 'PERCENT' ? `${discount.value} %` : amount(discount.value, currency)} off`,
    coupon.opensAt && `from ${moment(coupon.opensAt)}`,
    coupon.closesAt && `until ${moment(coupon.closesAt)}`,
    `orders of ${amount(coupon.minimumAmount, currency)} and more`,
  ];
  print(`${code}  ${name}: ${terms.filter(Boolean).join(', ')}`);
  print(table(['total', ...Object.keys(counts)], [[total, ...Object.values(counts)]]));
}
