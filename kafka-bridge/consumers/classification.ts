import { refusalState } from '../../db/refusal';
import { isGrpcServiceError } from '../../temporal/call';
import { RecordRefusedError } from '../client/kafka-port';
import { PoisonRecord } from './poison';

const INVALID_ARGUMENT = 3;
/** They pass by themselves: cancelled, deadline, exhausted, aborted, internal, unavailable. */
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
  /** Temporal, Postgres or Kafka is unavailable. */
  | { readonly kind: 'unavailable' }
  /** It may be a bug, and an operator must look. */
  | { readonly kind: 'unexpected' };

const unavailableIf = (isUnavailable: boolean): Classification => ({
  kind: isUnavailable ? 'unavailable' : 'unexpected',
});

/** A stable code of an error, for the operators' list: its message may quote a record. */
export function causeOf(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (isGrpcServiceError(inner)) return `GRPC_${inner.code}`;
    const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined;
    if (code && SQLSTATE.test(code)) return `SQLSTATE_${code}`;
    if (code && CODE.test(code)) return code;
  }
  return error instanceof Error && CODE.test(error.name) ? error.name : 'UNEXPECTED';
}

/** Only an error that can never pass makes a record poison, so that an outage dead-letters nothing. */
export function classify(error: unknown): Classification {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof PoisonRecord) return { kind: 'poison', poison: inner };
    // Even its dead letter is refused: that does not pass by itself.
    if (inner instanceof RecordRefusedError) return { kind: 'unexpected' };
    if (isGrpcServiceError(inner)) {
      if (inner.code === INVALID_ARGUMENT)
        return { kind: 'poison', poison: new PoisonRecord('REFUSED_BY_TEMPORAL', inner.details, { cause: error }) };
      return unavailableIf(PASSING_GRPC.has(inner.code));
    }
    const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined;
    if (code && PASSING_SOCKET.has(code)) return { kind: 'unavailable' };
    const refusal = refusalState(inner);
    if (refusal)
      return {
        kind: 'poison',
        poison: new PoisonRecord('REFUSED_BY_DATABASE', `SQLSTATE ${refusal}`, { cause: error }),
      };
    if (code && SQLSTATE.test(code)) return unavailableIf(PASSING_SQL.test(code));
    if (inner.name.startsWith('KafkaJS') || inner.name === 'TopicUnavailableError' || inner.name === 'KnexTimeoutError')
      return { kind: 'unavailable' };
  }
  return { kind: 'unexpected' };
}
