import { refusalState } from '../../db/refusal';
import { isGrpcServiceError } from '../../temporal/call';
import { RecordRefusedError } from '../client/kafka-port';
import { PoisonRecord } from './poison';

const INVALID_ARGUMENT = 3;
/** What passes by itself: cancelled, deadline, exhausted, aborted, internal, unavailable. */
const PASSING_GRPC = new Set([1, 4, 8, 10, 13, 14]);
const PASSING_SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** Classes of SQLSTATE that pass: connection, transaction rollback, resources, operator intervention, system. */
const PASSING_SQL = /^(08|40|53|55|57|58)/;
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;
const CODE = /^\w{1,100}$/;

/** What to do about an error while working on a record. */
export type Classification =
  | { readonly kind: 'poison'; readonly poison: PoisonRecord }
  /** `understood`: Temporal, Postgres or Kafka is away; otherwise it may be a bug, and somebody must look. */
  | { readonly kind: 'passes'; readonly understood: boolean };

/** A stable code of an error, for the operators' list: its words may quote a record. */
export function causeOf(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (isGrpcServiceError(inner)) return `GRPC_${inner.code}`;
    const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined;
    if (code && SQLSTATE.test(code)) return `SQLSTATE_${code}`;
    if (code && CODE.test(code)) return code;
  }
  return error instanceof Error && CODE.test(error.name) ? error.name : 'UNEXPECTED';
}

/** Only what can never succeed is poison: everything else waits, so that an outage dead-letters nothing. */
export function classify(error: unknown): Classification {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof PoisonRecord) return { kind: 'poison', poison: inner };
    // Not even its dead letter can be written: that does not pass by itself.
    if (inner instanceof RecordRefusedError) return { kind: 'passes', understood: false };
    if (isGrpcServiceError(inner)) {
      if (inner.code === INVALID_ARGUMENT)
        return { kind: 'poison', poison: new PoisonRecord('REFUSED_BY_TEMPORAL', inner.details, { cause: error }) };
      return { kind: 'passes', understood: PASSING_GRPC.has(inner.code) };
    }
    const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined;
    if (code && PASSING_SOCKET.has(code)) return { kind: 'passes', understood: true };
    const refusal = refusalState(inner);
    if (refusal)
      return {
        kind: 'poison',
        poison: new PoisonRecord('REFUSED_BY_DATABASE', `SQLSTATE ${refusal}`, { cause: error }),
      };
    if (code && SQLSTATE.test(code)) return { kind: 'passes', understood: PASSING_SQL.test(code) };
    if (inner.name.startsWith('KafkaJS') || inner.name === 'TopicUnavailableError' || inner.name === 'KnexTimeoutError')
      return { kind: 'passes', understood: true };
  }
  return { kind: 'passes', understood: false };
}
