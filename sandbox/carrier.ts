import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Express, Request } from 'express';
import { z } from 'zod';
import {
  type CarrierWebhook,
  type CreateShipmentRequest,
  createShipmentRequestSchema,
  type ParcelView,
  type ShipmentState,
  scanRequestSchema,
} from '../contracts/provider-api';
import { SHIPMENT_STATUSES, type ShipmentStatus } from '../contracts/workflow/messages';
import { Changes, type ChangesQuery } from './changes';
import { fingerprintOf, KeyedEffects } from './keyed-effects';
import { faultsIn } from './magic-values';
import { Problem, parsed } from './problem';
import { keyOf, operationsOf, orderIdQuery, type SandboxParts, settledRoute } from './provider-routes';
import type { Entry, RecordChange } from './providers';
import type { UndoFaults } from './undo-faults';

const at = z.string();
const key = z.string();
const created = { orderId: z.number().int(), ref: z.string(), trackingNumber: z.string(), fingerprint: z.string() };
const scanned = { status: z.enum(SHIPMENT_STATUSES), eventId: z.string() };
export const carrierEntries = [
  z.object({ kind: z.literal('shipment.created'), at, key, ...created }),
  z.object({ kind: z.literal('shipment.scanned'), at, key, ...scanned }),
  z.object({ kind: z.literal('shipment.cancelled'), at, key }),
] as const;

interface Scan {
  readonly eventId: string;
  readonly status: ShipmentStatus;
  readonly at: string;
}

interface Parcel {
  readonly orderId: number;
  readonly ref: string;
  readonly trackingNumber: string;
  readonly fingerprint: string;
  readonly scans: Scan[];
}

/** The carrier: parcels by business key, their scans, and the keys that never ship. */
export class Carrier {
  readonly #parcels = new KeyedEffects<Parcel>('shipment');
  readonly #changes = new Changes();

  constructor(
    private readonly record: RecordChange,
    private readonly undoFaults: UndoFaults,
  ) {}

  /** 'hang': the parcel exists, and the caller gets no response. */
  create(request: CreateShipmentRequest): { ref: string; trackingNumber: string } | 'hang' {
    const { key, orderId, recipient } = request;
    const fingerprint = fingerprintOf({ orderId, recipient });
    const known = this.#parcels.known(key, fingerprint);
    if (known) return { ref: known.ref, trackingNumber: known.trackingNumber };
    this.undoFaults.arm(orderId, recipient.recipientName);
    const faults = faultsIn(recipient.recipientName);
    if (faults.shipRefused) throw new Problem(422, 'SHIPMENT_REFUSED', 'the carrier does not deliver there');
    const ref = `shp_${randomBytes(12).toString('hex')}`;
    const trackingNumber = `SBX${randomInt(1e12).toString().padStart(12, '0')}`;
    this.record({ kind: 'shipment.created', key, orderId, ref, trackingNumber, fingerprint });
    return faults.shipTimeoutAfter ? 'hang' : { ref, trackingNumber };
  }

  lookup(key: string): ShipmentState {
    if (this.#parcels.isCancelled(key)) return { status: 'cancelled' };
    const parcel = this.#parcels.find(key);
    if (!parcel) return { status: 'none' };
    const { ref, trackingNumber, scans } = parcel;
    return { status: scans.length > 0 ? 'picked_up' : 'created', ref, trackingNumber };
  }

  cancel(key: string): { status: 'cancelled' } {
    if (this.#parcels.isCancelled(key)) return { status: 'cancelled' };
    const parcel = this.#parcels.find(key);
    if (parcel && parcel.scans.length > 0) {
      throw new Problem(409, 'ALREADY_PICKED_UP', `parcel ${parcel.trackingNumber} is on its way`);
    }
    this.undoFaults.passUndo(parcel?.orderId);
    this.record({ kind: 'shipment.cancelled', key });
    return { status: 'cancelled' };
  }

  /** Records a scan, in any order; the same scan again gives the first one's event. */
  scan(key: string, status: ShipmentStatus): CarrierWebhook {
    this.#parcels.refuseCancelled(key);
    const parcel = this.#parcels.find(key);
    if (!parcel) throw new Problem(404, 'NOT_FOUND', `no shipment ${key}`);
    let scan = parcel.scans.find((earlier) => earlier.status === status);
    if (!scan) {
      this.record({ kind: 'shipment.scanned', key, status, eventId: randomUUID() });
      scan = parcel.scans.at(-1);
    }
    if (!scan) throw new Problem(500, 'SANDBOX_FAILED', 'the scan was not recorded');
    return {
      eventId: scan.eventId,
      eventCreatedAt: scan.at,
      schemaVersion: 1,
      orderId: parcel.orderId,
      status,
      trackingNumber: parcel.trackingNumber,
    };
  }

  parcelsOf(orderId: number): ParcelView[] {
    return this.#parcels.ofOrder(orderId).map(([key, parcel]) => this.#viewOf(key, parcel));
  }

  changes(query: ChangesQuery, size: number) {
    return this.#changes.page(query, size, (key) => this.#viewOf(key, this.#parcels.find(key) as Parcel));
  }

  #viewOf(key: string, { orderId, ref, trackingNumber, scans }: Parcel): ParcelView {
    const status = this.#parcels.isCancelled(key) ? 'CANCELLED' : (scans.at(-1)?.status ?? 'CREATED');
    return { key, orderId, ref, trackingNumber, status };
  }

  orderOf(key: string): number | undefined {
    return this.#parcels.orderOf(key);
  }

  apply(entry: Entry): void {
    if (entry.kind === 'shipment.created') this.#parcels.add(entry.key, { ...entry, scans: [] });
    if (entry.kind === 'shipment.scanned') this.#parcels.find(entry.key)?.scans.push(entry);
    if (entry.kind === 'shipment.cancelled') this.#parcels.cancel(entry.key);
    // A key that was cancelled before anything was made has no parcel.
    if (entry.kind.startsWith('shipment.') && 'key' in entry && this.#parcels.find(entry.key))
      this.#changes.note(entry.key, entry.at);
  }
}

export function carrierRoutes(app: Express, carrier: Carrier, parts: SandboxParts): void {
  const orderOf = (key: string) => carrier.orderOf(key);
  const routes = operationsOf(app, 'carrier', parts, { refOf: keyOf, orderOf });
  const shipments = '/carrier/shipments';
  routes.make(shipments, 'create', createShipmentRequestSchema, (body) => carrier.create(body));
  routes.lookUp(`${shipments}/:key`, (key) => carrier.lookup(key));
  routes.change(`${shipments}/:key/cancel`, 'cancel', (key) => carrier.cancel(key));
  routes.list('/carrier/changes', (query) => carrier.changes(query, parts.pageSize));
  const listed = (req: Request) => carrier.parcelsOf(parsed(orderIdQuery, req.query.orderId));
  app.get(shipments, settledRoute(parts.journal, listed));
  // The depot's side, which no outage of the carrier's API touches.
  app.post(`${shipments}/:key/scan`, async (req, res) => {
    const event = carrier.scan(keyOf(req), parsed(scanRequestSchema, req.body).status);
    await parts.journal.durable();
    parts.webhooks.send(event);
    res.json(event);
  });
}
