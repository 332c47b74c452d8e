import { createHmac, timingSafeEqual } from 'node:crypto';
import express, { Router } from 'express';
import { eventRecord } from '../contracts/event-record';
import { shipmentStatusEventSchema } from '../contracts/events';
import { CARRIER_SIGNATURE_HEADER } from '../contracts/provider-api';
import { TOPICS } from '../contracts/topics';
import { lockOrder } from '../db/orders';
import { addToOutbox } from '../db/outbox';
import { languageOf, send, success } from './answer';
import type { ApiOptions } from './dependencies';
import { ProblemError } from './problem';
import { BODY_LIMIT, parse } from './validation';

/** Takes the carrier's scans as events of `shipment.status`; the same event again is harmless, as the saga knows its id. */
export function carrierWebhook({ db, settings }: Pick<ApiOptions, 'db' | 'settings'>): Router {
  const router = Router();
  const rawBody = express.raw({ type: 'application/json', limit: BODY_LIMIT });
  router.post('/webhooks/carrier', rawBody, async (request, response) => {
    const raw: unknown = request.body;
    if (!Buffer.isBuffer(raw)) throw new ProblemError('UNSUPPORTED_MEDIA_TYPE');
    if (!isSigned(raw, request.headers[CARRIER_SIGNATURE_HEADER], settings.CARRIER_WEBHOOK_SECRET))
      throw new ProblemError('SIGNATURE_INVALID');
    const event = parse(request, shipmentStatusEventSchema, parseJson(raw));
    await db.transaction(async (trx) => {
      const order = await lockOrder(trx, event.orderId);
      if (order === undefined) throw new ProblemError('ORDER_NOT_FOUND');
      await addToOutbox(trx, [eventRecord(TOPICS.shipmentStatus, event)]);
    });
    send(response, success(202, { orderId: event.orderId }, 'carrierEvent', languageOf(request)));
  });
  return router;
}

function isSigned(raw: Buffer, header: string | string[] | undefined, secret: string | undefined): boolean {
  if (secret === undefined || typeof header !== 'string') return false;
  const given = Buffer.from(/^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] ?? '', 'hex');
  const expected = createHmac('sha256', secret).update(raw).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw new ProblemError('MALFORMED_JSON');
  }
}
