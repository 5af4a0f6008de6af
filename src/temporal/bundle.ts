import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** Relative to the compiled tree, where `npm run build` writes it. */
export const BUNDLE_FILE = join(__dirname, '../../workflow-bundle.js');

/** The folder of all workflows, in the same tree as this file. */
export function workflowsPath(): string {
  return require.resolve('../../workflows');
}

/**
 * The workflows as built; without a build, or for interceptors of workflows, which have to be among them, bundled when
 * the worker starts.
 */
export function workflowSource(
  interceptors: WorkerOptions['interceptors'],
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  return existsSync(BUNDLE_FILE) && !interceptors?.workflowModules
    ? { workflowBundle: { codePath: BUNDLE_FILE } }
    : { workflowsPath: workflowsPath() };
}
