import { createLogger } from '../../observability/logger';
import { runMain } from '../../processes/process';
import { type Failing, failureOf } from './failing-queries';

/** A process of ours that ends with an error of the database, in one way or another. */
const [postgres = '', how = '', secret = '', end = ''] = process.argv.slice(2);
const forEver = () => new Promise<never>(() => setInterval(() => undefined, 1_000));

runMain(async () => {
  const error = await failureOf(postgres, how as Failing, secret);
  switch (end) {
    case 'log':
      createLogger('test', 'info').error({ err: error, errors: [error], problem: { error } }, 'it failed');
      return;
    case 'throw':
      setImmediate(() => {
        throw new Error('the order was not saved', { cause: error });
      });
      return forEver();
    case 'throw itself':
      setImmediate(() => {
        throw error;
      });
      return forEver();
    case 'reject':
      void Promise.reject(error);
      return forEver();
    case 'reject with a value':
      void Promise.reject({ secret });
      return forEver();
    default:
      throw error;
  }
});
