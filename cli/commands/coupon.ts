import type { Command } from 'commander';
import type { CouponView } from '../../contracts/responses/coupons';
import { openApi } from '../access';
import { command, type JsonOption, show } from '../command';
import { amount, moment, print, table } from '../output';

export function couponCommands(program: Command): void {
  const coupon = program.command('coupon').description('coupons');
  command(coupon, 'show <code>', 'a coupon, and how many of it stand where', ['OPENING-DAY']).action(
    async (code: string, options: JsonOption) => {
      const view = await (await openApi()).get<CouponView>(`/api/ops/coupons/${encodeURIComponent(code)}`);
      show(view, options, printCoupon);
    },
  );
}

function printCoupon({ code, name, total, discount, currency, counts, ...coupon }: CouponView): void {
  const off = discount.type === 'PERCENT' ? `${discount.value} %` : amount(discount.value, currency);
  const times = [
    ...(coupon.opensAt === null ? [] : [`from ${moment(coupon.opensAt)}`]),
    ...(coupon.closesAt === null ? [] : [`until ${moment(coupon.closesAt)}`]),
  ];
  print(
    `${code}  ${name}: ${[`${off} off`, ...times].join(', ')}, orders of ${amount(coupon.minimumAmount, currency)} and more`,
  );
  print(table(['total', ...Object.keys(counts)], [[total, ...Object.values(counts)]]));
}
