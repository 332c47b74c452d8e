import { z } from 'zod';
import { type PaymentState, providerCode, providerRefSchema } from '../contracts/provider-api';
import { codeOr } from '../domain/provider-code';

const amountMinor = z.number().int().nonnegative();

const anyIntent = z.object({
  id: providerRefSchema,
  object: z.literal('payment_intent'),
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
    'processing',
    'succeeded',
    'canceled',
  ]),
  amount_received: amountMinor,
  last_payment_error: z.object({ code: providerCode('card_declined').nullish() }).nullish(),
});
export type Intent = z.infer<typeof anyIntent>;

/** A PaymentIntent; with a ref only that very one. */
export function intentSchema(ref?: string): z.ZodType<Intent> {
  return ref === undefined ? anyIntent : anyIntent.extend({ id: z.literal(ref) });
}

/** A PaymentIntent of which more is read. */
export function intentWith<Shape extends z.ZodRawShape>(shape: Shape) {
  return anyIntent.extend(shape);
}

export const refundSchema = z.object({
  id: providerRefSchema,
  object: z.literal('refund'),
  status: providerCode('unknown').nullable(),
  amount: amountMinor,
  failure_reason: providerCode('failed').nullish(),
});
export type Refund = z.infer<typeof refundSchema>;

export const refundListSchema = z.object({ object: z.literal('list'), data: z.array(refundSchema) });

export function stateOf(intent: Intent): PaymentState {
  switch (intent.status) {
    case 'succeeded':
      return { status: 'captured', capturedMinor: intent.amount_received };
    case 'processing':
      return { status: 'processing' };
    case 'canceled':
      return { status: 'closed', refundedMinor: 0 };
    case 'requires_action':
      return declined('authentication_required');
    case 'requires_payment_method': {
      const error = intent.last_payment_error;
      return error ? declined(error.code) : { status: 'open' };
    }
    default:
      return { status: 'open' };
  }
}

export function declined(code: string | null | undefined): PaymentState {
  return { status: 'declined', code: codeOr('CARD_DECLINED', code?.toUpperCase()) };
}

/** A pending refund is on its way; only a failed or cancelled one gave nothing back. */
export function counts(refund: Refund): boolean {
  return refund.status !== 'failed' && refund.status !== 'canceled';
}

/** Given back by those of the refunds that count. */
export function sumOf(refunds: readonly Refund[]): number {
  return refunds.filter(counts).reduce((sum, { amount }) => sum + amount, 0);
}
