import type { Row } from './row';
import { INVARIANTS } from './witness/invariant';

/** Small cases of rows that touch nothing but their own orders, at once under one load: for `npm test`, which has little time. */
export function together(rows: readonly Row[]): Row {
  const small = rows.reduce((sum, row) => sum + row.small, 0);
  return {
    name: rows.map(({ name }) => name).join('+'),
    title: rows.map(({ title }) => title).join('; '),
    times: small,
    small,
    invariants: INVARIANTS.filter((invariant) => rows.some(({ invariants }) => invariants.includes(invariant))),
    async run(stage) {
      await Promise.all(rows.map((row) => row.run(stage, row.small)));
    },
  };
}
