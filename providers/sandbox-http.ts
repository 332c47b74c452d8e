import type { z } from 'zod';
import {
  cancelledAnswerSchema,
  closePaymentAnswerSchema,
  createShipmentAnswerSchema,
  openPaymentAnswerSchema,
  paymentStateSchema,
  providerProblemSchema,
  shipmentStateSchema,
  storageStateSchema,
  storeAnswerSchema,
} from '../contracts/provider-api';
import type { CarrierProvider } from './carrier';
import { failureByResponse, failureWithoutAnswer, type ListedCodes } from './http-failure';
import type { PaymentProvider } from './payment';
import type { WarehouseProvider } from './warehouse';

export interface SandboxHttpOptions {
  /** The sandbox's address, e.g. http://127.0.0.1:4010. */
  url: string;
  /** How long one request may take. */
  timeoutMs: number;
  /** Extra headers of each request, such as `traceparent`. */
  headers?: () => Record<string, string>;
}

export interface Providers {
  payment: PaymentProvider;
  carrier: CarrierProvider;
  warehouse: WarehouseProvider;
}

/** The three ports over HTTP to the sandbox. */
export function sandboxProviders(options: SandboxHttpOptions): Providers {
  const call = callerOf(options);
  const at = encodeURIComponent;
  return {
    payment: {
      open: (body, signal) =>
        call('POST', '/payment/payments', openPaymentAnswerSchema, {
          body,
          signal,
          listed: { refused: ['INVALID_TOKEN'] },
        }),
      confirm: (ref, signal) =>
        call('POST', `/payment/payments/${at(ref)}/confirm`, paymentStateSchema, {
          signal,
          listed: { closed: ['CLOSED'] },
        }),
      lookup: (ref, signal) => call('GET', `/payment/payments/${at(ref)}`, paymentStateSchema, { signal }),
      close: (ref, signal) =>
        call('POST', `/payment/payments/${at(ref)}/close`, closePaymentAnswerSchema, { signal, listed: UNDO }),
    },
    carrier: {
      create: (body, signal) =>
        call('POST', '/carrier/shipments', createShipmentAnswerSchema, {
          body,
          signal,
          listed: { refused: ['SHIPMENT_REFUSED'], closed: ['CANCELLED'] },
        }),
      lookup: (key, signal) => call('GET', `/carrier/shipments/${at(key)}`, shipmentStateSchema, { signal }),
      cancel: async (key, signal) => {
        const listed = { refused: [...UNDO.refused, 'ALREADY_PICKED_UP'] };
        await call('POST', `/carrier/shipments/${at(key)}/cancel`, cancelledAnswerSchema, { signal, listed });
      },
    },
    warehouse: {
      store: (body, signal) =>
        call('POST', '/warehouse/storages', storeAnswerSchema, {
          body,
          signal,
          listed: { refused: ['STORE_REFUSED'], closed: ['CANCELLED'] },
        }),
      lookup: (key, signal) => call('GET', `/warehouse/storages/${at(key)}`, storageStateSchema, { signal }),
      cancel: async (key, signal) => {
        await call('POST', `/warehouse/storages/${at(key)}/cancel`, cancelledAnswerSchema, { signal, listed: UNDO });
      },
    },
  };
}

const UNDO = { refused: ['UNDO_REFUSED'] } as const;

interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly listed?: ListedCodes;
}

function callerOf(options: SandboxHttpOptions) {
  return async function call<Body>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<Body>,
    { body, signal, listed }: CallOptions,
  ): Promise<Body> {
    signal?.throwIfAborted();
    const name = `${method} ${path}`;
    const effect = method === 'GET' ? 'read' : 'write';
    const timeout = AbortSignal.timeout(options.timeoutMs);
    let response: Response;
    let content: unknown;
    try {
      response = await fetch(new URL(path, options.url), {
        method,
        headers: { 'content-type': 'application/json', ...options.headers?.() },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        redirect: 'manual',
      });
      content = await bodyOf(response);
    } catch (error) {
      throw failureWithoutAnswer(name, error, effect);
    }
    if (!response.ok) {
      const code = providerProblemSchema.safeParse(content).data?.code;
      const retryAfter = response.headers.get('retry-after');
      throw failureByResponse(
        name,
        { status: response.status, code, retryAfter },
        { effect, ...(listed && { listed }) },
      );
    }
    const parsed = schema.safeParse(content);
    if (!parsed.success) throw failureWithoutAnswer(name, parsed.error, effect);
    return parsed.data;
  };
}

/** Undefined for a body that is no JSON; throws only when the connection breaks before its end. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
