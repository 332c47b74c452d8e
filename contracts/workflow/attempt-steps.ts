import type { OrderStatus } from '../../domain/order-status';

/** What of an order decides which steps its attempts need. */
export interface OrderFacts {
  readonly hasCoupon: boolean;
  /** What is to be paid, in minor units. */
  readonly totalMinor: number;
}

/** The same of the request that an attempt serves. */
export interface RequestFacts {
  readonly warehouseStorage: boolean;
}

/** Of a request that asks for everything. */
export const ALL_ASKED: RequestFacts = { warehouseStorage: true };

export interface AttemptFacts extends OrderFacts, RequestFacts {}

/** A step of an attempt: its activities, by name. */
export interface StepDefinition {
  /** Its name in keys, rows and decisions. */
  readonly name: string;
  /** Where its effect is: in our own database, or at a provider. */
  readonly kind: 'database' | 'provider';
  readonly do: string;
  readonly undo: string;
  /** Records that a person ended its undo; absent: that needs no adjustment, and `writeOffStep` records it. */
  readonly writeOff?: string;
  /** Absent: it is needed for every order. */
  readonly needed?: (order: OrderFacts) => boolean;
  /** Absent: it is done whatever the request says. */
  readonly asked?: (request: RequestFacts) => boolean;
  /** For the Temporal Web UI. */
  readonly summary: { readonly do: string; readonly undo: string };
}

/** A move of the order in the middle of an attempt: it has no effect of its own to undo. */
export interface MoveDefinition {
  readonly kind: 'move';
  readonly do: string;
  readonly to: OrderStatus;
  readonly needed?: StepDefinition['needed'];
  readonly asked?: StepDefinition['asked'];
}

/** What an attempt does, in this order; undone in reverse. */
export const ATTEMPT_STEPS = [
  {
    name: 'coupon',
    kind: 'database',
    do: 'redeemCoupon',
    undo: 'restoreCoupon',
    writeOff: 'writeOffCoupon',
    needed: ({ hasCoupon }) => hasCoupon,
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
    summary: { do: 'Order the parcel', undo: 'Cancel the parcel' },
  },
  { kind: 'move', do: 'completePayment', to: 'PAYMENT_COMPLETED', asked: ({ warehouseStorage }) => warehouseStorage },
  {
    name: 'warehouse',
    kind: 'provider',
    do: 'store',
    undo: 'takeOutOfStorage',
    writeOff: 'writeOffStorage',
    asked: ({ warehouseStorage }) => warehouseStorage,
    summary: { do: 'Store in the warehouse', undo: 'Take out of the warehouse' },
  },
] as const satisfies readonly Definition[];

type Definition = StepDefinition | MoveDefinition;

export type Planned = (typeof ATTEMPT_STEPS)[number];
export type AttemptStep = Exclude<Planned, MoveDefinition>;
export type AttemptMove = Extract<Planned, MoveDefinition>;

export type ProviderStep = Extract<AttemptStep, { kind: 'provider' }>;
/** The activities that call a provider. */
export type ProviderActivity = ProviderStep['do' | 'undo'] | Extract<ProviderStep, { writeOff: string }>['writeOff'];

/** Every step of an order, by its name: the stock belongs to the order, the others to an attempt. */
export type OrderStep = 'stock' | AttemptStep['name'];
export const ORDER_STEPS: readonly OrderStep[] = ['stock', ...ATTEMPT_STEPS.filter(isStep).map(({ name }) => name)];

/** What an attempt does, in this order, by what decides it. */
export function plannedBy(facts: AttemptFacts): readonly Planned[] {
  // A fact that is not there, as in what was recorded before it was one, is no reason for a step.
  const isTrue = (fact: boolean | undefined) => fact === true;
  return ATTEMPT_STEPS.filter(
    ({ needed, asked }: Definition) => (!needed || isTrue(needed(facts))) && (!asked || isTrue(asked(facts))),
  );
}

/** With what every attempt of an order begins; undefined: that depends on the request. */
export function firstPlannedOf(order: OrderFacts): Planned | undefined {
  const first = ATTEMPT_STEPS.find(({ needed }: Definition) => !needed || needed(order));
  return (first as Definition | undefined)?.asked ? undefined : first;
}

export function isStep(planned: Planned): planned is AttemptStep {
  return planned.kind !== 'move';
}
