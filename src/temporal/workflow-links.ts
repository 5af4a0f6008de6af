/**
 * Where a person opens a workflow in the Temporal UI. Without a run id the UI opens the latest run, which is what
 * somebody who has just sent a message wants to see.
 * @returns undefined when the UI's address is not known
 */
export function workflowUrl(uiUrl: string, namespace: string, workflowId: string): string | undefined {
  if (uiUrl === '') return undefined;
  const base = uiUrl.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
