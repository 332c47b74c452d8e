import { Connection, Client as TemporalClient } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { Pool } from 'pg';
import type { SystemAddresses } from '../../support/environment';

/**
 * What is seen of a system by somebody who knows nothing of its code: Postgres by a plain client, the providers' stand-ins by
 * HTTP, Temporal and Kafka by their own clients. The invariants are read with this, and with statements of the harness's own.
 */
export class Outside {
  private readonly pool: Pool;
  private connection: Promise<Connection> | undefined;
  readonly kafka: Kafka;

  constructor(private readonly addresses: SystemAddresses) {
    this.pool = new Pool({ connectionString: addresses.postgres, max: 3, application_name: 'witness' });
    // An idle connection that the server ends is replaced at the next statement.
    this.pool.on('error', () => undefined);
    this.kafka = new Kafka({
      clientId: 'witness',
      brokers: addresses.kafka.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 10 },
    });
  }

  async rows<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(sql, [...values])).rows as Row[];
  }

  /** What the providers' stand-ins show: `/ledger?orderId=7`. */
  async provider<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${this.addresses.sandbox}${path}`);
    if (!response.ok) throw new Error(`sandbox: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  async temporal(): Promise<TemporalClient> {
    this.connection ??= Connection.connect({ address: this.addresses.temporal });
    return new TemporalClient({ connection: await this.connection });
  }

  async close(): Promise<void> {
    await this.pool.end();
    await (await this.connection)?.close();
  }
}
