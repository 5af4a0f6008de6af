import { dirname, join, relative, sep } from 'node:path';

/**
 * Which room may import from which. `types` are rooms of which only types may be imported; `packages`, where given,
 * are the only packages allowed.
 */
export const ROOMS = {
  domain: { from: [] },
  record: { from: ['domain'] },
  index: { from: ['domain'] },
  models: { from: ['domain'] },
  sources: { from: ['domain'] },
  recall: { from: ['domain', 'record', 'index', 'models'] },
  tracing: { from: [] },
  temporal: { from: ['domain', 'contracts'], types: ['tracing'] },
  ingest: { from: ['domain', 'record', 'temporal'], types: ['contracts'] },
  api: {
    from: [
      'domain',
      'record',
      'index',
      'models',
      'recall',
      'temporal',
      'ingest',
      'metrics',
      'tracing',
      'client',
      'config',
      'contracts',
    ],
  },
  metrics: { from: ['domain'], types: ['index', 'ingest', 'models'] },
  client: { from: [], types: ['domain'] },
  contracts: { from: ['domain', 'contracts'], packages: ['@temporalio/workflow', '@temporalio/common'] },
  workflows: {
    from: ['domain', 'contracts'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  activities: { from: ['domain', 'record', 'index', 'models', 'recall', 'temporal'], types: ['contracts'] },
};

/** Rooms without a row, which may import everything: the mains, the command line, the local stack, all tests. */
export function roomOf(path) {
  const parts = path.split(sep);
  if (/\.test\.ts$/.test(path) || parts[0] === 'test') return undefined;
  if (parts[0] === 'workflows') return /\.contract(\.ts)?$/.test(path) ? 'contracts' : 'workflows';
  if (parts[0] === 'activities') return 'activities';
  if (parts[0] !== 'src') return undefined;
  if (parts.length === 2) return /^config(\.ts)?$/.test(parts[1]) ? 'config' : 'mains';
  return parts[1];
}

/** @returns what is wrong with an import; undefined when nothing is */
export function importProblem(file, imported, typeOnly) {
  const room = roomOf(file);
  const rules = room === undefined ? undefined : ROOMS[room];
  if (rules === undefined) return undefined;
  if (!imported.startsWith('.')) {
    if (rules.packages === undefined || rules.packages.includes(imported)) return undefined;
    return `${room} may import these packages only: ${rules.packages.join(', ')}`;
  }
  const target = roomOf(join(dirname(file), imported));
  if (target === room || rules.from.includes(target)) return undefined;
  if (rules.types?.includes(target))
    return typeOnly ? undefined : `${room} may import types alone of ${target}`;
  return `${room} may not import ${target ?? 'this'}; it may import ${rules.from.join(', ') || 'nothing of ours'}`;
}

/** ESLint rule: keeps the rooms' import table. */
export const roomsRule = {
  meta: { type: 'problem', schema: [], messages: { room: '{{problem}}' } },
  create(context) {
    const file = relative(context.cwd, context.filename);
    const check = (node, typeOnly) => {
      const problem = node.source && importProblem(file, String(node.source.value), typeOnly);
      if (problem) context.report({ node, messageId: 'room', data: { problem } });
    };
    const onlyTypes = (node, kind) =>
      node[kind] === 'type' ||
      (node.specifiers?.length > 0 && node.specifiers.every((specifier) => specifier[kind] === 'type'));
    return {
      ImportDeclaration: (node) => check(node, onlyTypes(node, 'importKind')),
      ExportNamedDeclaration: (node) => check(node, onlyTypes(node, 'exportKind')),
      ExportAllDeclaration: (node) => check(node, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, false),
      TSImportType: (node) => check(node, true),
    };
  },
};
