import type { PaymentState } from '../contracts/provider-api';
import type { BegunStep, StepOutcome } from '../db/attempts';
import type { Db, Trx } from '../db/connection';
import { netCharged, recordMoney } from '../db/money';
import { findOrder } from '../db/orders';
import { advanceStep, keyOfStep, type StepId, stepsOfOrder } from '../db/saga-steps';
import { KeyClosed, OutcomeUnknown, ProviderRefused } from '../providers/errors';
import type { PaymentProvider } from '../providers/payment';
import type { UndoCall } from './attempt-fence';
import { failure } from './failure';
import { doProviderStep, StepMovedOn, undoProviderStep, workOf } from './provider-step';
import { callSignal, type ProviderTimeouts, type RequestStepCall, type StepCall, type WriteOffCall } from './step-call';
import { recordResolution } from './write-off';

interface Charge {
  readonly ref: string;
  readonly capturedMinor: number;
}

const idOf = (call: StepCall): StepId => ({ orderId: call.orderId, step: 'payment', attempt: call.attempt });

export function createPaymentStep(deps: {
  readonly db: Db;
  readonly payment: PaymentProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { db, payment } = deps;

  /** The ref under which this step's money moves; saved before any money can. */
  async function openedRef(step: BegunStep, signal: AbortSignal): Promise<string> {
    if (step.providerRef) return step.providerRef;
    if (!step.request) throw failure('PERMANENT', 'REQUEST_NOT_FOUND', 'the request is not in the database');
    const { token } = step.request.paymentRequest;
    // It is erased when the attempt ends: then its undo has closed this step.
    if (token === undefined) throw new StepMovedOn();
    const { key, orderId, totalMinor: amountMinor, currency } = step;
    const { ref } = await payment.open({ key, orderId, amountMinor, currency, token }, signal);
    const saved = await advanceStep(db, step, ['UNKNOWN'], { state: 'UNKNOWN', providerRef: ref });
    if (!saved) throw new StepMovedOn();
    return ref;
  }

  /** Charges the order's total, unless that is done already. */
  function work(begun: BegunStep): Promise<StepOutcome> {
    const signal = callSignal(deps.timeouts);
    return workOf<Charge>(
      {
        async make(step) {
          const ref = await openedRef(step, signal);
          const charge = chargeOf(ref, await payment.confirm(ref, signal));
          if (!charge) throw new OutcomeUnknown('the provider is still working on the charge');
          return charge;
        },
        async lookUp({ providerRef }) {
          return providerRef === null ? undefined : chargeOf(providerRef, await payment.lookup(providerRef, signal));
        },
        outcomeOf({ ref: providerRef, capturedMinor: chargedMinor }, { totalMinor }) {
          if (chargedMinor !== totalMinor)
            throw failure('PERMANENT', 'AMOUNT_MISMATCH', `captured ${chargedMinor} of ${totalMinor}`);
          return { providerRef, chargedMinor };
        },
      },
      begun,
    );
  }

  /** A refund that was refused has made the order COMPLETED again: the same refund once more must not ask once more. */
  async function refuseToTakeFromCompleted(orderId: number): Promise<void> {
    const order = await findOrder(db, orderId);
    if (order?.status === 'COMPLETED')
      throw failure('REFUSED', order.statusReason ?? 'ORDER_COMPLETED', `order ${orderId} is COMPLETED`);
  }

  const activities = {
    /** Charges the order's total once under the attempt's key. Final failures carry the provider's code, e.g. CARD_DECLINED. */
    charge: (request: RequestStepCall) => doProviderStep(db, request, 'payment', work),

    /** Refunds what was charged under the attempt's key, and makes sure that nothing more will be. */
    async refund(call: UndoCall): Promise<void> {
      await refuseToTakeFromCompleted(call.orderId);
      const signal = callSignal(deps.timeouts);
      await undoProviderStep(db, idOf(call), call, {
        // Without a saved ref nothing was confirmed, and a do that would save one now finds the step closed.
        mayHaveHappened: (record) => record.providerRef !== null,
        async takeBack(record) {
          const ref = record.providerRef as string;
          const { refundedMinor } = await payment.close(ref, signal);
          return { ref, refundedMinor };
        },
        async recordIn(trx, { ref, refundedMinor }) {
          const chargedMinor = await netCharged(trx, keyOfStep(idOf(call)));
          if (refundedMinor < chargedMinor)
            throw failure('PERMANENT', 'REFUND_INCOMPLETE', `gave ${refundedMinor} of ${chargedMinor} back`);
          if (refundedMinor === 0) return;
          await recordCharge(trx, idOf(call), { ref, capturedMinor: refundedMinor });
          const refunded = { kind: 'refund', amountMinor: refundedMinor, providerRef: ref } as const;
          await recordMoney(trx, { ...movementOf(idOf(call)), ...refunded });
        },
      });
    },

    /**
     * Records that a person ended this undo: what the provider still holds becomes an adjustment. Fails while the
     * provider can't say how much that is; final where the payment is not settled yet: PAYMENT_PROCESSING.
     */
    async writeOffPayment(call: WriteOffCall): Promise<void> {
      const id = idOf(call);
      const record = (await stepsOfOrder(db, call.orderId)).find((step) => step.key === keyOfStep(id));
      const isToAdjust = call.decision !== 'RETRY';
      const stillHeldMinor =
        isToAdjust && record?.providerRef
          ? heldOf(await payment.lookup(record.providerRef, callSignal(deps.timeouts)))
          : 0;
      await recordResolution(db, id, call, async (trx) => {
        if (stillHeldMinor > 0 && (await netCharged(trx, keyOfStep(id))) === 0)
          await recordCharge(trx, id, { ref: record?.providerRef ?? '', capturedMinor: stillHeldMinor });
        const amountMinor = await netCharged(trx, keyOfStep(id));
        if (amountMinor > 0)
          await recordMoney(trx, {
            ...movementOf(id),
            kind: stillHeldMinor > 0 ? 'adjustment' : 'refund',
            amountMinor,
            reason: `${call.decision} by ${call.actor}: ${call.reason}`,
          });
      });
    },
  };
  return { work, activities };
}

function chargeOf(ref: string, state: PaymentState): Charge | undefined {
  switch (state.status) {
    case 'captured':
      return { ref, capturedMinor: state.capturedMinor };
    case 'declined':
      throw new ProviderRefused(state.code, 'the provider declined the charge');
    case 'closed':
      throw new KeyClosed('the payment was closed');
    case 'processing':
      throw new OutcomeUnknown('the provider is still working on the charge');
    case 'open':
      return undefined;
  }
}

function heldOf(state: PaymentState): number {
  // It may still be captured: to end the undo now would leave money that no adjustment names.
  if (state.status === 'processing')
    throw failure('REFUSED', 'PAYMENT_PROCESSING', 'the provider is still working on the payment: decide again later');
  return state.status === 'captured' ? state.capturedMinor : 0;
}

const movementOf = (id: StepId) => ({ orderId: id.orderId, key: keyOfStep(id) });

async function recordCharge(trx: Trx, id: StepId, charge: Charge): Promise<void> {
  const { ref: providerRef, capturedMinor: amountMinor } = charge;
  await recordMoney(trx, { ...movementOf(id), kind: 'charge', amountMinor, providerRef });
}
