import { ServiceError } from '@temporalio/client';
import { RecordRefusedError, TopicUnavailableError } from '../client/kafka-port';
import { causeOf, classify } from './classification';
import { PoisonRecord } from './poison';

const grpc = (code: number) =>
  new ServiceError('Failed to start Workflow', {
    cause: Object.assign(new Error('grpc'), { code, details: 'blob too large', metadata: {} }),
  });
const withCode = (code: string) => Object.assign(new Error(code), { code });

describe('an error while working on a record', () => {
  it.each([
    ['a record that is poison', new PoisonRecord('NOT_JSON', 'x'), 'NOT_JSON'],
    ['a call that Temporal refuses for its content', grpc(3), 'REFUSED_BY_TEMPORAL'],
    ['a value that Postgres cannot hold', withCode('22P05'), 'REFUSED_BY_DATABASE'],
    ["one against a table's rules", withCode('23514'), 'REFUSED_BY_DATABASE'],
    ['one beyond the limits of Postgres', withCode('54000'), 'REFUSED_BY_DATABASE'],
  ])('%s is dead', (_, error, code) => expect(classify(error)).toMatchObject({ kind: 'poison', poison: { code } }));

  it.each([
    ['Temporal unavailable', grpc(14)],
    ['a deadline', grpc(4)],
    ['resource exhausted', grpc(8)],
    ['Postgres refusing connections', withCode('ECONNREFUSED')],
    ['Postgres shutting down', withCode('57P01')],
    ['a deadlock', withCode('40P01')],
    ['the dead-letter topic unavailable', new TopicUnavailableError('LEADER_NOT_AVAILABLE', { cause: undefined })],
  ])('%s passes', (_, error) => expect(classify(error)).toEqual({ kind: 'unavailable' }));

  it.each([
    ['a bug', new TypeError('x is not a function')],
    ['a missing permission', grpc(7)],
    ['a missing table', withCode('42P01')],
    ['a dead letter that the broker refuses', new RecordRefusedError('MESSAGE_TOO_LARGE', { cause: undefined })],
    ['something thrown that is no error', 'text'],
  ])('%s is unexpected, and never dropped', (_, error) => expect(classify(error)).toEqual({ kind: 'unexpected' }));
});

describe('the cause of an unexpected error', () => {
  it.each([
    ['the state that the database gives', withCode('42P01'), 'SQLSTATE_42P01'],
    ["Temporal's code, however deep", new Error('outer', { cause: grpc(7) }), 'GRPC_7'],
    ["the broker's code", new RecordRefusedError('MESSAGE_TOO_LARGE', { cause: undefined }), 'MESSAGE_TOO_LARGE'],
    ['the code of a system call', withCode('EPERM'), 'EPERM'],
    ['the kind of a bug', new TypeError('cannot read kim@example.com'), 'TypeError'],
    ['nothing that is no code', Object.assign(new Error('x'), { code: 'kim@example.com' }), 'Error'],
    ['something thrown that is no error', 'text', 'UNEXPECTED'],
  ])('is %s', (_, error, code) => expect(causeOf(error)).toBe(code));
});
