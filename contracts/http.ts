/** Bodies of the REST API, as zod schemas, and the shapes of its answers. */
import { z } from 'zod';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { StepView } from './workflow-api';

export { payAndShipmentRequestSchema } from './events';

export const skuSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');

export const createOrderSchema = z
  .strictObject({
    lines: z
      .array(z.strictObject({ sku: skuSchema, quantity: z.number().int().min(1).max(10_000) }))
      .min(1)
      .max(100),
  })
  .refine((body) => new Set(body.lines.map((line) => line.sku)).size === body.lines.length, {
    message: 'each sku may stand in one line only; add the quantities up',
    path: ['lines'],
  });
export type CreateOrder = z.infer<typeof createOrderSchema>;

export const reasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(500) });

export const putProductSchema = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** Minor units of CURRENCY. */
  price: z.number().int().min(0).max(1_000_000_000_000),
  /** Free units from now on. */
  stock: z.number().int().min(0).max(1_000_000_000),
});
export type PutProduct = z.infer<typeof putProductSchema>;

export interface ProductView {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
  readonly currency: string;
  readonly stock: number;
}

export interface OrderView {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly statusDescription: string;
  readonly reason?: string;
  readonly totalAmount: number;
  readonly currency: string;
  readonly createdAt: string;
  readonly lastUpdated: string;
  readonly lines: readonly { sku: string; name: string; quantity: number; unitPrice: number }[];
}

export interface OrderStatusView {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly statusDescription: string;
  readonly progressPercentage: number;
  readonly canCancel: boolean;
  readonly lastUpdated: string;
  readonly estimatedCompletionAt: string | null;
  readonly reason?: string;
  readonly saga: { readonly state: SagaState; readonly steps: readonly StepView[] };
  readonly source: 'workflow' | 'database';
}

/** One line of an order's durable timeline, as SSE data and WebSocket message. */
export interface TimelineView {
  readonly id: number;
  readonly at: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}
