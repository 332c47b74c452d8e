/** A process whose clock is wrong: `MATRIX_CLOCK_OFF_MS` is added to every time of day that its code asks for. */
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const offMs = Number(process.env.MATRIX_CLOCK_OFF_MS ?? 0);

if (offMs !== 0) {
  const Real = Date;
  const now = () => Real.now() + offMs;
  globalThis.Date = new Proxy(Real, {
    apply: () => new Real(now()).toString(),
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  if (isMainThread && process.env.MATRIX_EVIDENCE && process.argv.includes('--role')) {
    const evidence = { id: `clock-${process.pid}`, point: 'clock', pid: process.pid, what: new Date().toISOString() };
    const at = new Real().toISOString();
    appendFileSync(process.env.MATRIX_EVIDENCE, `${JSON.stringify({ ...evidence, at })}\n`);
  }
}
