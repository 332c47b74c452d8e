/** Runs cases at once, so that waiting for all of them takes as long as for one; a failure is named after its case. */
export async function together<Case>(
  cases: readonly Case[],
  nameOf: (one: Case) => string,
  run: (one: Case) => Promise<void>,
): Promise<void> {
  const named = cases.map((one) =>
    run(one).catch((error: unknown) => {
      throw new Error(nameOf(one), { cause: error });
    }),
  );
  const ends = await Promise.allSettled(named);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
}
