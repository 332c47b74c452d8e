import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALERT_TESTS_FILE, ALERTS_FILE, panels } from './deployed';
import { runTool } from './stack/tools';

/** Has promtool check the alert rules, run their tests, and parse every expression of the dashboard; throws what it says. */
export async function checkRules(promtool: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ordersaga-rules-'));
  try {
    const dashboard = join(folder, 'dashboard.yml');
    const rules = panels().flatMap(({ expressions }) => expressions.map((expr) => ({ record: 'panel', expr })));
    // Rules of one name and without labels are duplicates to promtool, unless each says which it is.
    const labelled = rules.map((rule, at) => ({ ...rule, labels: { at: String(at) } }));
    await writeFile(dashboard, JSON.stringify({ groups: [{ name: 'dashboard', rules: labelled }] }));
    const said: string[] = [];
    said.push(await runTool(promtool, ['check', 'rules', ALERTS_FILE, dashboard]));
    said.push(await runTool(promtool, ['test', 'rules', ALERT_TESTS_FILE]));
    return said.join('');
  } finally {
    await rm(folder, { recursive: true });
  }
}
