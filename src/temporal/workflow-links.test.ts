import { conversationWorkflowId } from '../domain/ids';
import { workflowUrl } from './workflow-links';

describe('links into the Temporal UI', () => {
  it('lead to the workflow, whatever slashes the configured address ends with', () => {
    const url = 'http://ui:8233/namespaces/default/workflows/conversation%3An%3Aada%3Achat';
    expect(workflowUrl('http://ui:8233', 'default', 'conversation:n:ada:chat')).toBe(url);
    expect(workflowUrl('http://ui:8233//', 'default', 'conversation:n:ada:chat')).toBe(url);
  });

  it('are left out when nobody knows where the UI is', () => {
    expect(workflowUrl('', 'default', 'x')).toBeUndefined();
  });

  it('hold nothing that the UI cannot route, whatever the ids hold', () => {
    const id = conversationWorkflowId({ namespace: 'n', userId: 'a/b%2F', conversationId: '日本 / ?#' });
    expect(decodeURIComponent(workflowUrl('http://ui', 'default', id)!)).not.toMatch(/[%?#]|workflows\/.*\//);
  });
});
