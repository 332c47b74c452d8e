import { randomUUID } from 'node:crypto';
import { type DeadLetterCause, encodeDeadLetter } from '../../contracts/dead-letters';
import type { OriginalRecord } from '../../contracts/record';
import type { DeadLetterSummary, DeadLetterView } from '../../contracts/responses/dead-letters';
import type { WrittenRecord } from './broker';
import type { ApiResponse, Shop } from './shop';
import { until } from './until';

type Decided = DeadLetterSummary & { readonly sends?: { readonly key: string; readonly value: string } };

/** An operator who works on dead letters. */
export class DeadLetterOperator {
  constructor(private readonly shop: Shop) {}

  ask<Data>(method: string, path: string, body?: object): Promise<ApiResponse<Data>> {
    return this.shop.operate(method, `/dead-letters${path}`, body);
  }

  async show(id: string): Promise<DeadLetterView> {
    return (await this.ask<DeadLetterView>('GET', `/${id}`)).body.data;
  }

  decide(id: string, action: 'replay' | 'discard', command: object = {}): Promise<ApiResponse<Decided>> {
    return this.ask<Decided>('POST', `/${id}/${action}`, {
      decisionId: randomUUID(),
      reason: 'agreed by phone',
      ...command,
    });
  }

  /** Waits until dead letters of a key are indexed, so many, and returns them, oldest first. */
  async deadLettersOf(topic: string, key: string, count = 1): Promise<DeadLetterView[]> {
    const query = new URLSearchParams({ topic, key });
    const found = await until(
      `${count} dead letters of ${key}`,
      async () => (await this.ask<DeadLetterSummary[]>('GET', `?${query}`)).body.data,
      (deadLetters) => deadLetters.length >= count,
    );
    return Promise.all(found.reverse().map(({ id }) => this.show(id)));
  }
}

/** The dead letter of a record, as the reader of its topic writes it. */
export function deadLetterRecord(original: OriginalRecord, cause: DeadLetterCause): WrittenRecord {
  const { key, value, headers } = encodeDeadLetter(original, cause);
  const ofOneValue = Object.entries(headers).map(([name, values]) => [name, values[0] as Buffer]);
  return { key, value, headers: Object.fromEntries(ofOneValue) };
}
