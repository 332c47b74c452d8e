import { runMain } from '../processes/process';
import { checkRules } from './rules';
import { promtool } from './stack/promtool';

/** `npm run check:rules`: the alert rules and the dashboard's expressions, by promtool, which is fetched or built if need be. */
async function main(): Promise<void> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  process.stdout.write(await checkRules(await promtool(log)));
}

runMain(main);
