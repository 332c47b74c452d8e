import { type Check, idsOf } from './invariant';

interface Entry {
  readonly order_id: string;
  readonly step: string;
  readonly attempt: number;
  readonly state: string;
}

/** I9: the steps of an attempt are undone in the reverse of the order in which they were done, and a failed undo is listed. */
export const undoneInReverse: Check = async (checked) => {
  const { outside } = checked;
  const entries = await outside.rows<Entry>(
    `select order_id, data ->> 'step' as step, (data ->> 'attempt')::int as attempt, data ->> 'state' as state
     from timeline where order_id = any($1) and type = 'step' order by id`,
    [idsOf(checked)],
  );
  const attempts = new Map<string, Entry[]>();
  for (const entry of entries) {
    const id = `order ${entry.order_id}, attempt ${entry.attempt}`;
    attempts.set(id, [...(attempts.get(id) ?? []), entry]);
  }
  const found = [...attempts].flatMap(([id, own]) => {
    const stepsIn = (...states: string[]) => [
      ...new Set(own.filter(({ state }) => states.includes(state)).map(({ step }) => step)),
    ];
    const done = stepsIn('DONE');
    const undone = stepsIn('UNDONE', 'UNDO_FAILED').filter((step) => done.includes(step));
    const wanted = done.filter((step) => undone.includes(step)).reverse();
    return undone.join() === wanted.join() ? [] : [`${id}: done ${done.join()}, undone ${undone.join()}`];
  });
  const hidden = await outside.rows<{ key: string }>(
    `select key from saga_steps s where order_id = any($1) and state = 'UNDO_FAILED' and not exists (
       select from operator_items i where i.state = 'OPEN' and i.kind = 'PARKED_SAGA'
         and i.order_id = s.order_id and i.step = s.step)`,
    [idsOf(checked)],
  );
  return [...found, ...hidden.map(({ key }) => `the undo of ${key} has failed, and nobody is shown it`)];
};
