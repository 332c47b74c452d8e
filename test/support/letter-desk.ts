import { randomUUID } from 'node:crypto';
import type { LetterSummary, LetterView } from '../../contracts/dead-letter-desk';
import { type DeadLetterCause, encodeDeadLetter, type OriginalRecord } from '../../contracts/dead-letters';
import type { WrittenRecord } from './broker';
import type { Answer, Shop } from './shop';
import { until } from './until';

/** The desk for dead letters as an operator works at it. */
export class LetterDesk {
  private constructor(
    private readonly shop: Shop,
    private readonly token: string,
  ) {}

  static async open(shop: Shop): Promise<LetterDesk> {
    return new LetterDesk(shop, await shop.token('op@example.com', 'operator'));
  }

  ask<Data>(method: string, path: string, body?: object): Promise<Answer<Data>> {
    return this.askFor(method, `/api/ops/dead-letters${path}`, body);
  }

  askFor<Data>(method: string, path: string, body?: object): Promise<Answer<Data>> {
    return this.shop.call<Data>(method, path, {
      token: this.token,
      ...(body ? { body } : {}),
    });
  }

  async show(id: string): Promise<LetterView> {
    return (await this.ask<LetterView>('GET', `/${id}`)).body.data;
  }

  decide(id: string, action: 'replay' | 'discard', wish: object = {}): Promise<Answer<LetterSummary>> {
    return this.ask<LetterSummary>('POST', `/${id}/${action}`, {
      decisionId: randomUUID(),
      reason: 'agreed by phone',
      ...wish,
    });
  }

  /** Waits until letters of a key are indexed, so many, and returns them, oldest first. */
  async lettersOf(topic: string, key: string, count = 1): Promise<LetterView[]> {
    const query = new URLSearchParams({ topic, key });
    const found = await until(
      `${count} letters of ${key}`,
      async () => (await this.ask<LetterSummary[]>('GET', `?${query}`)).body.data,
      (letters) => letters.length >= count,
    );
    return Promise.all(found.reverse().map(({ id }) => this.show(id)));
  }
}

/** The dead letter of a record, as whoever reads its topic writes it. */
export function letterOf(original: OriginalRecord, cause: DeadLetterCause): WrittenRecord {
  const { key, value, headers } = encodeDeadLetter(original, cause);
  const ofOneValue = Object.entries(headers).map(([name, values]) => [name, values[0] as Buffer]);
  return { key, value, headers: Object.fromEntries(ofOneValue) };
}
