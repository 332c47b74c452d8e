const LONGEST_TABLE = 4_000_000;

/** What has changed between two texts, line by line: `-` gone, `+` new, with the lines around. */
export function lineDiff(before: string, after: string, around = 2): string[] {
  const changes = changesBetween(before.split('\n'), after.split('\n'));
  const near = changes.map((_, index) =>
    changes.slice(Math.max(0, index - around), index + around + 1).some((line) => line[0] !== ' '),
  );
  return changes.flatMap((line, index) => {
    if (near[index]) return [line];
    return index === 0 || near[index - 1] ? ['…'] : [];
  });
}

function changesBetween(before: readonly string[], after: readonly string[]): string[] {
  const start = sharedStart(before, after);
  const end = sharedStart(before.slice(start).reverse(), after.slice(start).reverse());
  const kept = (line: string) => ` ${line}`;
  return [
    ...before.slice(0, start).map(kept),
    ...middleChanges(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ];
}

function sharedStart(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, index) => line !== b[index]);
  return differs < 0 ? Math.min(a.length, b.length) : differs;
}

/** By the longest common subsequence; texts too long for its table are shown as gone and new. */
function middleChanges(a: readonly string[], b: readonly string[]): string[] {
  if (a.length * b.length > LONGEST_TABLE) return [...a.map((line) => `-${line}`), ...b.map((line) => `+${line}`)];
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const commonFrom = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (common[i] as Uint32Array)[j] =
        a[i] === b[j] ? commonFrom(i + 1, j + 1) + 1 : Math.max(commonFrom(i + 1, j), commonFrom(i, j + 1));
  const changes: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      changes.push(` ${a[i]}`);
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && commonFrom(i + 1, j) >= commonFrom(i, j + 1)))
      changes.push(`-${a[i++]}`);
    else changes.push(`+${b[j++]}`);
  }
  return changes;
}
