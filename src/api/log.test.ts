import {
  conversationWorkflowId,
  extractionWorkflowId,
  reindexWorkflowId,
  tiersWorkflowId,
} from '../domain/ids';
import { withoutNames } from './log';

describe('a line of a log', () => {
  const ref = { namespace: 'default', userId: 'ada@example.org', conversationId: 'tax: 2024' };
  const id = conversationWorkflowId(ref);
  it.each([
    [JSON.stringify({ workflowId: id, msg: 'x' })],
    [JSON.stringify({ err: { message: `Workflow execution ${id} not found, ${id}` } })],
  ])('keeps of a workflow’s id what tells it apart, not whom it names: %s', (line) => {
    const written = withoutNames(line);
    expect(written).not.toMatch(/ada|tax|2024/);
    expect(written).toContain(`:…:${id.slice(-8)}`);
    expect(() => JSON.parse(written) as unknown).not.toThrow();
  });
  it.each([
    extractionWorkflowId(ref),
    tiersWorkflowId('default', ref.userId),
    reindexWorkflowId('default', ref.userId),
  ])('names nobody by any workflow’s id: %s', (workflowId) => {
    const written = withoutNames(JSON.stringify({ workflowId }));
    expect(written).not.toMatch(/ada|tax|2024/);
    expect(written).toContain(`:…:${workflowId.slice(-8)}`);
  });
  it('leaves all else as it is', () => {
    const line = JSON.stringify({ workflowId: 'erase:0f', msg: 'conversation: 12345678' });
    expect(withoutNames(line)).toBe(line);
  });
});
