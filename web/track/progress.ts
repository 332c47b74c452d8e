import type { en } from '../language/en';
import type { Phase } from './phase';

type Milestone = Exclude<keyof typeof en.step, 'label' | 'isDone' | 'isCurrent' | 'isAhead'>;

export interface Progress {
  readonly milestones: readonly Milestone[];
  /** How many are behind; as many as there are: the order has arrived. */
  readonly done: number;
  /** It does not go on by itself. */
  readonly isHeld: boolean;
}

const DELIVERY = ['placed', 'paid', 'prepared', 'shipped', 'delivered'] as const;
const STORAGE = ['placed', 'paid', 'stored'] as const;
const REFUND = ['placed', 'paid', 'refundRequested', 'refunded'] as const;

const DONE: Readonly<Record<Phase, number>> = {
  PLACED: 1,
  TO_PAY: 1,
  DECLINED: 1,
  RETRYING: 1,
  PROCESSING: 1,
  CHECKING: 1,
  PAID: 2,
  PREPARING: 2,
  STORING: 2,
  SHIPPED: 4,
  IN_TRANSIT: 4,
  DELIVERED: 5,
  STORED: 3,
  REFUNDING: 3,
  REFUNDED: 4,
  CANCELLING: 1,
  CANCELLED: 1,
};

/** How far an order is; undefined: it does not go on. */
export function progressOf(phase: Phase, isStored: boolean): Progress | undefined {
  if (phase === 'CANCELLED' || phase === 'CANCELLING' || phase === 'CHECKING') return undefined;
  const isHeld = phase === 'DECLINED' || phase === 'TO_PAY';
  return { milestones: milestonesOf(phase, isStored), done: DONE[phase], isHeld };
}

function milestonesOf(phase: Phase, isStored: boolean): readonly Milestone[] {
  if (phase === 'REFUNDING' || phase === 'REFUNDED') return REFUND;
  return isStored ? STORAGE : DELIVERY;
}
