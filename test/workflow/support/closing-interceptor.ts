import { proxySinks, workflowInfo, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Told, while the workflow task is still open, that it is about to end the run. */
export interface ClosingSinks extends Sinks {
  closing: { about(workflowId: string): void };
}

const { closing } = proxySinks<ClosingSinks>();

/** Calls the sink between the decision to end a run and the server's learning of it: there a signal can be lost. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      concludeActivation(input, next) {
        const ends = input.commands.some(
          (command) => command.completeWorkflowExecution || command.continueAsNewWorkflowExecution,
        );
        if (ends) closing.about(workflowInfo().workflowId);
        return next(input);
      },
    },
  ],
});
