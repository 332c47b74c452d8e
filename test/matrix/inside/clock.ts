/**
 * A process whose clock is wrong by `MATRIX_CLOCK_OFF_MS`: libfaketime makes it so for all of the process; without it, that is added
 * to every time of day that its JavaScript asks for.
 */
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const offMs = Number(process.env.MATRIX_CLOCK_OFF_MS ?? 0);

if (offMs !== 0) {
  const Real = Date;
  const now = () => Real.now() + offMs;
  if (!process.env.FAKETIME)
    globalThis.Date = new Proxy(Real, {
      apply: () => new Real(now()).toString(),
      construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
      get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
    });
  if (isMainThread && process.env.MATRIX_EVIDENCE && process.argv.includes('--role')) {
    const evidence = {
      id: `clock-${process.pid}`,
      point: 'clock',
      pid: process.pid,
      what: '',
      at: new Date().toISOString(),
    };
    appendFileSync(process.env.MATRIX_EVIDENCE, `${JSON.stringify(evidence)}\n`);
  }
}
