import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALERT_TESTS_FILE, alertRules, expressions, labelsIn, metricsIn, panels } from '../dev/deployed';
import { checkRules } from '../dev/rules';
import { promtool } from '../dev/stack/promtool';
import { RelayMetrics } from '../observability/relay-metrics';

const root = join(__dirname, '..');
const rules = alertRules();
const operations = readFileSync(join(root, 'docs', 'operations.md'), 'utf8');
const headings = [...operations.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9\- ]/g, '')
    .replaceAll(' ', '-'),
);

describe('the alert rules', () => {
  test('say how bad it is, what it is and what it means', () => {
    expect(rules.length).toBeGreaterThan(25);
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    const incomplete = rules.filter(
      ({ expression, severity, summary, description }) =>
        !expression || !['critical', 'warning'].includes(severity ?? '') || !summary || !description,
    );
    expect(incomplete).toEqual([]);
  });

  test('name a runbook that exists', () => {
    const broken = rules.filter(({ runbook }) => {
      const [file, anchor = ''] = runbook?.split('#') ?? [];
      return file !== 'docs/operations.md' || !headings.includes(anchor);
    });
    expect(broken.map(({ name, runbook }) => `${name}: ${runbook}`)).toEqual([]);
  });

  test('are each tested', () => {
    const tests = readFileSync(ALERT_TESTS_FILE, 'utf8');
    const fired = new Set([...tests.matchAll(/alertname(?:="|: )(\w+)/g)].map(([, name]) => name));
    expect(rules.filter(({ name }) => !fired.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

test('every panel of the dashboard has a title of its own, a unit, a description and a query', () => {
  const all = panels();
  expect(all.length).toBeGreaterThan(40);
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  const incomplete = all.filter(
    ({ title, unit, description, expressions: asked }) => !title || !unit || !description || asked.length === 0,
  );
  expect(incomplete).toEqual([]);
});

test('rules and dashboard select and group by labels that our metrics have', async () => {
  const { registry } = new RelayMetrics('test');
  const wrong = expressions().filter(({ expression }) => {
    const ours = metricsIn(expression).filter((name) => name.startsWith('ordersaga_'));
    const labels = ours.flatMap((name) => {
      const metric =
        registry.getSingleMetric(name.replace(/_(bucket|sum|count)$/, '')) ?? registry.getSingleMetric(name);
      return (metric as { readonly labelNames?: readonly string[] } | undefined)?.labelNames ?? [];
    });
    const known = new Set([...labels, 'role', ...(ours.includes('ordersaga_dependency_up') ? ['dependency'] : [])]);
    return ours.length > 0 && labelsIn(expression).some((label) => !known.has(label));
  });
  expect(wrong).toEqual([]);
});

test('promtool accepts the rules, their tests and every query of the dashboard', async () => {
  const program = await promtool(() => undefined).catch((error: unknown) => {
    console.warn(`the alert rules are not run: ${(error as Error).message}`);
    return undefined;
  });
  if (program) expect(await checkRules(program)).toContain('SUCCESS');
}, 1_200_000);
