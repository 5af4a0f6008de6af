import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { BUNDLE_FILE, workflowsPath } from './bundle';

/** The last step of `npm run build`: bundles the compiled workflows, so that a worker starts without webpack. */
async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: workflowsPath(),
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(BUNDLE_FILE, code);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
