import type { Outside } from './outside';

export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11'] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** An order as its row is when everything has settled. */
export interface SettledOrder {
  readonly id: number;
  readonly status: string;
  readonly sagaState: string;
  readonly total: number;
}

/** What an invariant is checked of. */
export interface Checked {
  readonly outside: Outside;
  /** Every order that a customer of this row was promised. */
  readonly orders: readonly SettledOrder[];
  /** Asks the product what it tells the customer. */
  readonly toldStatus: (orderId: number) => Promise<{ readonly status: string; readonly sagaState: string }>;
}

/** Finds what breaks an invariant: one line each, with the order it is about; none if it holds. */
export type Check = (checked: Checked) => Promise<string[]>;

export const idsOf = ({ orders }: Checked) => orders.map(({ id }) => id);

const UNPAID: ReadonlySet<string> = new Set(['CREATED', 'PENDING_PAYMENT', 'CANCELLED', 'REFUNDED']);
export const isPaid = ({ status }: SettledOrder) => !UNPAID.has(status);

/** Runs `look` for each, a few at a time. */
export async function each<Item>(items: readonly Item[], look: (item: Item) => Promise<string[]>): Promise<string[]> {
  const queue = [...items];
  const found: string[] = [];
  const lookOn = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) found.push(...(await look(item)));
  };
  await Promise.all(Array.from({ length: 8 }, lookOn));
  return found;
}
