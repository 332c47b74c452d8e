import type { OrderStatus } from '../../domain/order-status';
import type { OrderStep } from '../../domain/saga-state';

/** What decides which steps an attempt needs. */
export interface AttemptFacts {
  readonly hasCoupon?: boolean;
  /** What is to be paid, in minor units. */
  readonly totalMinor: number;
  readonly warehouseStorage: boolean;
}

/** A step of an attempt: its activities, by name. */
export interface StepDefinition {
  /** Its name in keys, rows and decisions. */
  readonly name: OrderStep;
  /** Where its effect is: in our own database, or at a provider. */
  readonly kind: 'own' | 'provider';
  readonly do: string;
  readonly undo: string;
  /** Records that a person has ended its undo. */
  readonly writeOff: string;
  readonly needed: (facts: AttemptFacts) => boolean;
  /** For the Temporal Web UI. */
  readonly summary: { readonly do: string; readonly undo: string };
}

/** A move of the order in the middle of an attempt: it has no effect of its own to take back. */
export interface MoveDefinition {
  readonly kind: 'move';
  readonly do: string;
  readonly to: OrderStatus;
  readonly needed: (facts: AttemptFacts) => boolean;
}

/** What an attempt does, in this order; undone in reverse. */
export const ATTEMPT_STEPS = [
  {
    name: 'coupon',
    kind: 'own',
    do: 'redeemCoupon',
    undo: 'restoreCoupon',
    writeOff: 'writeOffCoupon',
    needed: ({ hasCoupon }) => hasCoupon === true,
    summary: { do: 'Redeem the coupon', undo: 'Free the coupon' },
  },
  {
    name: 'payment',
    kind: 'provider',
    do: 'charge',
    undo: 'refund',
    writeOff: 'writeOffPayment',
    needed: ({ totalMinor }) => totalMinor > 0,
    summary: { do: 'Charge the card', undo: 'Give the money back' },
  },
  {
    name: 'shipment',
    kind: 'provider',
    do: 'createShipment',
    undo: 'cancelShipment',
    writeOff: 'writeOffShipment',
    needed: () => true,
    summary: { do: 'Order the parcel', undo: 'Cancel the parcel' },
  },
  { kind: 'move', do: 'completePayment', to: 'PAYMENT_COMPLETED', needed: ({ warehouseStorage }) => warehouseStorage },
  {
    name: 'warehouse',
    kind: 'provider',
    do: 'store',
    undo: 'takeOutOfStorage',
    writeOff: 'writeOffStorage',
    needed: ({ warehouseStorage }) => warehouseStorage,
    summary: { do: 'Store in the warehouse', undo: 'Take out of the warehouse' },
  },
] as const satisfies readonly (StepDefinition | MoveDefinition)[];

export type AttemptStep = (typeof ATTEMPT_STEPS)[number];
