import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { CarrierWebhook, CreateShipmentRequest, ParcelView, shipmentStateSchema } from '../contracts/provider-api';
import type { ShipmentStatus } from '../contracts/workflow-api';
import type { Entry, RecordChange } from './entries';
import { fingerprintOf, orderInKey } from './keys';
import { faultsIn } from './magic-values';
import { Problem } from './problem';
import type { UndoFaults } from './undo-faults';

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

/** The carrier's books: parcels by business key, their scans, and the keys that never ship. */
export class ParcelBook {
  readonly #parcels = new Map<string, Parcel>();
  readonly #cancelled = new Set<string>();
  readonly #keysByOrder = new Map<number, string[]>();

  constructor(
    private readonly record: RecordChange,
    private readonly undoFaults: UndoFaults,
  ) {}

  /** 'hang': the parcel exists, the caller never hears of it. */
  create(request: CreateShipmentRequest): { ref: string; trackingNumber: string } | 'hang' {
    const { key, orderId, recipient } = request;
    const fingerprint = fingerprintOf({ orderId, recipient });
    const known = this.#parcels.get(key);
    if (known && known.fingerprint !== fingerprint) {
      throw new Problem(422, 'KEY_REUSED', `key ${key} was used with another body`);
    }
    if (this.#cancelled.has(key)) throw new Problem(409, 'CANCELLED', `shipment ${key} is cancelled`);
    if (known) return { ref: known.ref, trackingNumber: known.trackingNumber };

    this.undoFaults.arm(orderId, recipient.recipientName);
    const faults = faultsIn(recipient.recipientName);
    if (faults.shipRefused) throw new Problem(422, 'SHIPMENT_REFUSED', 'the carrier does not deliver there');
    const ref = `shp_${randomBytes(12).toString('hex')}`;
    const trackingNumber = `SBX${randomInt(1e12).toString().padStart(12, '0')}`;
    this.record({ kind: 'shipment.created', key, orderId, ref, trackingNumber, fingerprint });
    return faults.shipTimeoutAfter ? 'hang' : { ref, trackingNumber };
  }

  lookup(key: string): z.infer<typeof shipmentStateSchema> {
    if (this.#cancelled.has(key)) return { status: 'cancelled' };
    const parcel = this.#parcels.get(key);
    if (!parcel) return { status: 'none' };
    const { ref, trackingNumber, scans } = parcel;
    return { status: scans.length > 0 ? 'picked_up' : 'created', ref, trackingNumber };
  }

  cancel(key: string): { status: 'cancelled' } {
    if (this.#cancelled.has(key)) return { status: 'cancelled' };
    const parcel = this.#parcels.get(key);
    if (parcel && parcel.scans.length > 0) {
      throw new Problem(409, 'ALREADY_PICKED_UP', `parcel ${parcel.trackingNumber} is on its way`);
    }
    if (parcel) this.undoFaults.passUndo(parcel.orderId);
    this.record({ kind: 'shipment.cancelled', key });
    return { status: 'cancelled' };
  }

  /** Records a scan, in any order; the same scan again gives the first one's event. */
  scan(key: string, status: ShipmentStatus): CarrierWebhook {
    if (this.#cancelled.has(key)) throw new Problem(409, 'CANCELLED', `shipment ${key} is cancelled`);
    const parcel = this.#parcels.get(key);
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
    return (this.#keysByOrder.get(orderId) ?? []).flatMap((key) => {
      const parcel = this.#parcels.get(key);
      if (!parcel) return [];
      const { ref, trackingNumber, scans } = parcel;
      const status = this.#cancelled.has(key) ? 'CANCELLED' : (scans.at(-1)?.status ?? 'CREATED');
      return [{ key, orderId, ref, trackingNumber, status }];
    });
  }

  orderOf(key: string): number | undefined {
    return this.#parcels.get(key)?.orderId ?? orderInKey(key);
  }

  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'shipment.created': {
        const { key, orderId, ref, trackingNumber, fingerprint } = entry;
        this.#parcels.set(key, { orderId, ref, trackingNumber, fingerprint, scans: [] });
        this.#keysByOrder.set(orderId, [...(this.#keysByOrder.get(orderId) ?? []), key]);
        return;
      }
      case 'shipment.scanned': {
        const { eventId, status, at } = entry;
        this.#parcels.get(entry.key)?.scans.push({ eventId, status, at });
        return;
      }
      case 'shipment.cancelled':
        this.#cancelled.add(entry.key);
        return;
      default:
    }
  }
}
