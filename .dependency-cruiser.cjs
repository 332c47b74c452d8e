// The walls between the folders of this package. A rule reads: files in `from` import nothing of this package but `to`.

const ROOMS = [
  'activities',
  'api',
  'cli',
  'client',
  'config',
  'contracts',
  'db',
  'deploy',
  'dev',
  'docs',
  'domain',
  'kafka-bridge',
  'observability',
  'operations',
  'processes',
  'providers',
  'redis',
  'sandbox',
  'temporal',
  'test',
  'web',
  'workflows',
];
const NOBODY_IMPORTS = ['deploy', 'dev', 'docs', 'test'];
/** Contracts that carry no zod, so that the bundle of the workflows stays small. */
const ZOD_FREE = '^contracts/(workflow/|(workflow-api|trace-header)\\.ts$)';
/** Contracts of Kafka's records: events are checked where they are made. */
const RECORDS = '^contracts/(record|topics|event-record|dead-letters)\\.ts$';
/** What every process ends with. */
const LAST_WORDS = '^observability/last-words\\.ts$';
const TESTS = '\\.test\\.ts$';

/** May import these rooms, and of `types` the types only. */
const MAY_IMPORT = {
  domain: {},
  contracts: { rooms: ['domain'] },
  workflows: { rooms: ['domain'], files: [ZOD_FREE], types: ['activities'] },
  // A repository is a set of functions that take the transaction: activities call them; connections are given to them.
  // What operators decide: by hand through the api, many at once through a workflow.
  operations: {
    rooms: ['domain', 'contracts', 'db', 'temporal'],
    files: ['^providers/errors\\.ts$'],
    types: ['providers'],
  },
  activities: {
    rooms: ['domain', 'contracts', 'db', 'operations', 'redis'],
    files: ['^providers/errors\\.ts$'],
    types: ['providers'],
  },
  db: { rooms: ['domain'], files: [ZOD_FREE, RECORDS], types: ['contracts'] },
  providers: { rooms: ['domain', 'contracts'] },
  // The one door to Temporal.
  temporal: { rooms: ['contracts', 'observability'], types: ['config'] },
  'kafka-bridge': { rooms: ['contracts', 'domain', 'db', 'observability', 'temporal'], types: ['config'] },
  // What is fast and may be lost.
  redis: { rooms: ['domain'], files: ['^contracts/live\\.ts$'], types: ['observability'] },
  api: {
    rooms: ['contracts', 'domain', 'db', 'observability', 'operations', 'redis', 'temporal'],
    files: ['^config/sealing-keys\\.ts$'],
    types: ['config'],
  },
  // What speaks to the API over HTTP: it knows the API by its OpenAPI document only.
  client: { rooms: ['contracts'] },
  // Talks HTTP only; its launcher begins with dev/run.mjs, which installs the dependencies.
  cli: { rooms: ['client', 'config', 'contracts'], files: ['^dev/run\\.mjs$', LAST_WORDS] },
  // The pages talk HTTP only.
  web: { rooms: ['client', 'contracts'] },
  sandbox: { rooms: ['contracts'], files: [LAST_WORDS] },
  config: {},
  observability: { files: [ZOD_FREE] },
  // Where processes are constructed: it knows every part.
  processes: { rooms: ROOMS.filter((room) => !NOBODY_IMPORTS.includes(room)) },
  dev: { rooms: ROOMS.filter((room) => !['deploy', 'docs', 'test'].includes(room)) },
};

/** What could be used in another project: nothing here imports anything about orders or coupons. */
const REUSABLE = [
  '^contracts/(record|dead-letters)\\.ts$',
  '^db/(connection|refusal|operator-items)\\.ts$',
  '^db/(outbox|outbox-lanes|blocked-keys|blocked-key-releases|dead-letters|dead-letter-index|dead-letter-decisions)\\.ts$',
  '^kafka-bridge/(client|outbox|consumers|dead-letters)/',
  '^kafka-bridge/every\\.ts$',
];
const REUSABLE_MAY_ALSO_IMPORT = [
  '^(config|observability)/',
  '^domain/(failure|operator-item)\\.ts$',
  '^contracts/dead-letter-operations\\.ts$',
  '^temporal/call\\.ts$',
];

const inRooms = (rooms) => (rooms.length > 0 ? [`^(${rooms.join('|')})/`] : []);

function wallsOf([room, { rooms = [], files = [], types = [] }]) {
  const open = [...inRooms([room, ...rooms]), ...files];
  const from = { path: `^${room}/`, pathNot: TESTS };
  return [
    {
      name: `walls-of-${room}`,
      severity: 'error',
      from,
      to: { path: `^(${ROOMS.join('|')})/`, pathNot: [...open, ...inRooms(types)] },
    },
    ...(types.length === 0
      ? []
      : [
          {
            name: `types-only-in-${room}`,
            severity: 'error',
            from,
            to: { path: inRooms(types), pathNot: open, dependencyTypesNot: ['type-only'] },
          },
        ]),
  ];
}

/** A library that only these folders use. */
const only = (library, rooms) => ({
  name: `${library.replace('@', '').replace('/', '-')}-only-where-it-lives`,
  severity: 'error',
  from: { path: `^(${ROOMS.join('|')})/`, pathNot: [...inRooms([...rooms, 'test', 'dev/bench']), TESTS] },
  to: { path: `node_modules/${library}/`, dependencyTypesNot: ['type-only'] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'But types may name each other: nothing of that is left at run time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nobody-imports-these',
      severity: 'error',
      from: { pathNot: [...inRooms(['processes', ...NOBODY_IMPORTS]), TESTS, '^cli/ordersaga\\.mjs$'] },
      to: { path: inRooms(['processes', ...NOBODY_IMPORTS]) },
    },
    ...Object.entries(MAY_IMPORT).flatMap(wallsOf),
    {
      name: 'reusable-parts-know-no-orders',
      severity: 'error',
      from: { path: REUSABLE, pathNot: TESTS },
      to: { path: `^(${ROOMS.join('|')})/`, pathNot: [...REUSABLE, ...REUSABLE_MAY_ALSO_IMPORT] },
    },
    {
      name: 'workflows-stay-small-and-deterministic',
      comment: 'Temporal runs them in a sandbox: no zod, no Node, no library but its own.',
      severity: 'error',
      from: { path: '^workflows/', pathNot: TESTS },
      to: {
        path: 'node_modules',
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-saga-knows-no-orders',
      comment: 'It could be used in another project, with what a failure and a step are.',
      severity: 'error',
      from: { path: '^workflows/saga/' },
      to: { pathNot: ['^workflows/saga/', '^domain/(failure|saga-state)\\.ts$', 'node_modules/@temporalio/workflow/'] },
    },
    {
      name: 'no-node-in-the-workflow-bundle',
      severity: 'error',
      from: { path: ['^(workflows|domain)/', ZOD_FREE], pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'the-client-runs-in-a-browser',
      comment: 'The pages use it: neither Node nor zod is loaded by it.',
      severity: 'error',
      from: { path: '^(client/|contracts/deadline\\.ts$)', pathNot: TESTS },
      to: {
        dependencyTypesNot: ['type-only'],
        pathNot: ['^client/', '^contracts/deadline\\.ts$', 'node_modules/eventsource-parser/'],
      },
    },
    {
      name: 'zod-free-contracts',
      severity: 'error',
      from: { path: [ZOD_FREE, '^domain/'], pathNot: TESTS },
      to: { path: ['node_modules', '^contracts/'], pathNot: ZOD_FREE, dependencyTypesNot: ['type-only'] },
    },
    only('kafkajs', ['kafka-bridge/client', 'dev/stack']),
    only('stripe', ['providers']),
    only('ioredis', ['redis']),
    only('express', ['api', 'sandbox']),
    only('eventsource-parser', ['client']),
    only('@temporalio/client', ['temporal', 'processes']),
    only('@temporalio/worker', ['observability', 'processes']),
    only('@temporalio/activity', ['activities', 'observability', 'processes/worker']),
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-library-in-the-product',
      severity: 'error',
      // The pages are bundled, by a development library: where that is missing, they were built before.
      from: {
        path: `^(${Object.keys(MAY_IMPORT).join('|')})/`,
        pathNot: [TESTS, '^(dev|web)/', '^processes/pages\\.ts$'],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^node_modules/(?!(zod|kafkajs|stripe|express|@temporalio))' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
