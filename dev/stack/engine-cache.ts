import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './engine';
import { withLock } from './lock';
import { stackSettings } from './settings';

/** The folder of one engine's files in the cache that all checkouts share; `root` replaces the usual home. */
export const cachedFolder = (name: string, root = stackSettings().home): string => join(root, 'engines', name);

export const isCached = (name: string, root?: string): boolean => existsSync(cachedFolder(name, root));

/** Returns an engine's folder, filled by `fill` the first time: whole or not at all, and by one process only. */
export async function cached(
  name: string,
  log: Log,
  fill: (folder: string) => Promise<void>,
  root?: string,
): Promise<string> {
  const folder = cachedFolder(name, root);
  if (existsSync(folder)) return folder;
  const waiting = () => log(`another process is fetching ${name}: waiting for it…`);
  return withLock(`${folder}.lock`, waiting, async () => {
    if (existsSync(folder)) return folder;
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await fill(unfinished);
    await rename(unfinished, folder);
    return folder;
  });
}
