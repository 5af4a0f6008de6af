import { conversationWorkflowId } from '../domain/ids';
import { withoutNames } from './log';

describe('a line of a log', () => {
  const id = conversationWorkflowId({
    namespace: 'default',
    userId: 'ada@example.org',
    conversationId: 'tax: 2024',
  });
  it.each([
    [JSON.stringify({ workflowId: id, msg: 'x' })],
    [JSON.stringify({ err: { message: `Workflow execution ${id} not found, ${id}` } })],
    [JSON.stringify({ workflow: id.replace('conversation', 'tiers') })],
  ])('keeps of a workflow’s id what tells it apart, not whom it names: %s', (line) => {
    const written = withoutNames(line);
    expect(written).not.toMatch(/ada|tax|2024/);
    expect(written).toContain(`:…:${id.slice(-8)}`);
    expect(() => JSON.parse(written) as unknown).not.toThrow();
  });
  it('leaves all else as it is', () => {
    const line = JSON.stringify({ workflowId: 'erase:0f', msg: 'conversation: 12345678' });
    expect(withoutNames(line)).toBe(line);
  });
});
