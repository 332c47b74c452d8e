import { statusIsTrue } from './i1-status';
import { moneyAddsUp } from './i2-money';
import { stockAddsUp } from './i3-stock';
import { couponsAddUp } from './i4-coupons';
import { oneWorkflowEach } from './i5-workflows';
import { everyRecordEnded } from './i6-records';
import { everyRowPublished } from './i7-outbox';
import { historiesReplay } from './i8-replay';
import { undoneInReverse } from './i9-undo';
import { goodsAreWhereTheyBelong } from './i10-goods';
import { operatorsSeeIt } from './i11-operators';
import type { Check, Checked, Invariant } from './invariant';

const CHECKS: Readonly<Record<Invariant, Check>> = {
  I1: statusIsTrue,
  I2: moneyAddsUp,
  I3: stockAddsUp,
  I4: couponsAddUp,
  I5: oneWorkflowEach,
  I6: everyRecordEnded,
  I7: everyRowPublished,
  I8: historiesReplay,
  I9: undoneInReverse,
  I10: goodsAreWhereTheyBelong,
  I11: operatorsSeeIt,
};

/** What breaks these invariants, each line beginning with its invariant. */
export async function violationsOf(invariants: readonly Invariant[], checked: Checked): Promise<string[]> {
  const found = invariants.map(async (invariant) => {
    const lines = await CHECKS[invariant](checked);
    return lines.map((line) => `${invariant}: ${line}`);
  });
  return (await Promise.all(found)).flat();
}
