import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity, self } from './processes';

/** Does one thing at a time across processes: `file` is the lock, taken over from a holder that died. */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  // Written first and linked after: a lock is never seen without its holder's name in it.
  await writeFile(mine, JSON.stringify(await self()));
  try {
    for (let waits = 0; !(await tryLink(mine, file)); waits += 1) {
      if (await isAbandoned(file)) await takeAway(file, `${mine}.stale`);
      else {
        if (waits === 1) onWait();
        await sleep(100);
      }
    }
    try {
      return await work();
    } finally {
      await rm(file, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function tryLink(mine: string, file: string): Promise<boolean> {
  try {
    await link(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    return !(await isAlive(JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Removes a dead holder's lock; should a live one have slipped in between look and move, it gets its lock back. */
async function takeAway(file: string, aside: string): Promise<void> {
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!(await isAbandoned(aside))) await tryLink(aside, file);
  await rm(aside, { force: true });
}
