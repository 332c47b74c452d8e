import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './engine';
import { cached } from './engine-cache';
import { copyJars, javaFor } from './maven';
import { withProgress } from './tools';

const VERSION = '1.31.0';

/** The path of a script that starts Temporal's time-skipping test server; fetched through Maven the first time. */
export async function timeSkippingServer(log: Log = () => undefined): Promise<string> {
  const java = await javaFor('the time-skipping test server', '', 11);
  const folder = await cached(`temporal-test-server-${VERSION}`, log, (unfinished) =>
    withProgress(log, `time-skipping test server: fetching ${VERSION} through Maven`, async () => {
      await copyJars(unfinished, { group: 'io.temporal', artifact: 'temporal-test-server', version: VERSION });
      const script = join(unfinished, 'test-server');
      await writeFile(script, startScript(java));
      await chmod(script, 0o755);
    }),
  );
  return join(folder, 'test-server');
}

const startScript = (java: string) => `#!/bin/sh
exec "${java}" -XX:TieredStopAtLevel=1 -cp "$(dirname "$0")/libs/*" io.temporal.testserver.TestServer "$@"
`;
