// The SDK's workflow thread without the promise hook that takes a stack for each promise; plain JavaScript, as the thread
// starts from this very file.
const { globalHandlers } = require('@temporalio/worker/lib/workflow/vm-shared');
const { ReusableVMWorkflowCreator } = require('@temporalio/worker/lib/workflow/reusable-vm');

const NOTE = 'Stack traces are off: start the worker with WORKFLOW_STACK_TRACES=true to have them.';

globalHandlers.setPromiseHook = () => undefined;

// What `temporal workflow stack` shows: the SDK's own words would not say how to turn them on.
const { createWorkflow } = ReusableVMWorkflowCreator.prototype;
ReusableVMWorkflowCreator.prototype.createWorkflow = async function createWorkflowWithNote(options) {
  const workflow = await createWorkflow.call(this, options);
  workflow.activator.getStackTraces = () => [{ formatted: NOTE, structured: [{ function_name: NOTE }] }];
  return workflow;
};

require('@temporalio/worker/lib/workflow/workflow-worker-thread');
